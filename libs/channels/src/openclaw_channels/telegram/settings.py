"""`channels.telegram`: what sending needs of it."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import Field

from openclaw_channels.chunking import MIN_LIMIT
from openclaw_channels.settings import BaseUrl, ChannelSettings, Rate, Secret
from openclaw_common.runtime.config.base import Flag, Positive

MAX_TEXT: Final = 4096
"""Length of one message in UTF-16 units, without its markup (Bot API, sendMessage)."""
MAX_CAPTION: Final = 1024
"""The same of a caption."""
MAX_PHOTO_BYTES: Final = 10 * 1000 * 1000
"""Size of a photo (Bot API, sendPhoto); a larger one is sent as a document."""
_USUAL_TEXT: Final = 4000


class TelegramSettings(ChannelSettings):
    """One bot."""

    bot_token: Secret
    api_root: BaseUrl = "https://api.telegram.org"
    """Where the Bot API is; one's own server for instance."""
    link_preview: Flag = True
    """Whether a link shows a preview."""
    reply_to_mode: Literal["off", "first", "all", "batched"] = "first"
    """Which parts of a message show what they answer."""
    media_max_mb: Annotated[float, Field(gt=0)] = 50
    bot_per_second: Rate = 30
    """Messages of one bot a second, over all chats."""
    bot_burst: Positive = 5
    """Messages of one bot at once."""
    chat_per_second: Rate = 1
    """Messages to one chat a second."""
    chat_burst: Positive = 1
    """Messages to one chat at once."""
    group_per_minute: Rate = 20
    """Messages to one group or channel in any minute, those at once included."""
    group_burst: Positive = 5
    """Messages to one group or channel at once."""

    @property
    def part_limit(self) -> int:
        """Length of one part in UTF-16 units."""
        return max(min(self.text_chunk_limit or _USUAL_TEXT, MAX_TEXT), MIN_LIMIT)
