"""`channels.telegram`: what sending and receiving need of it."""

from __future__ import annotations

import re
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field, SecretStr
from pydantic_core import PydanticCustomError

from openclaw_channels.chunking import MIN_LIMIT
from openclaw_channels.settings import BaseUrl, ChannelSettings, Rate, Secret
from openclaw_common.runtime.config.base import Flag, Positive, WholeNumber

MAX_TEXT: Final = 4096
"""Length of one message in UTF-16 units, without its markup (Bot API, sendMessage)."""
MAX_CAPTION: Final = 1024
"""The same of a caption."""
MAX_PHOTO_BYTES: Final = 10 * 1000 * 1000
"""Size of a photo (Bot API, sendPhoto); a larger one is sent as a document."""
_USUAL_TEXT: Final = 4000
_SECRET: Final = re.compile(r"[A-Za-z0-9_-]{1,256}\Z")


def _as_telegram_takes_it(secret: SecretStr) -> SecretStr:
    if not _SECRET.match(secret.get_secret_value()):
        raise PydanticCustomError("secret_token", "must be 1 to 256 of A-Z, a-z, 0-9, _ and -")
    return secret


WebhookSecret = Annotated[Secret, AfterValidator(_as_telegram_takes_it)]
"""A `secret_token` (Bot API, setWebhook)."""


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
    username: Annotated[str, Field(pattern=r"^@?[A-Za-z]\w{3,31}$")] | None = None
    """The bot's own name; Telegram is asked where it is left out."""
    webhook_url: BaseUrl | None = None
    """Where Telegram posts; without it the bot asks Telegram for its updates."""
    webhook_secret: WebhookSecret | None = None
    """What Telegram proves itself with when it posts."""
    poll_timeout_seconds: Positive = 25
    """How long Telegram may wait for an update before it answers that there is none."""
    poll_limit: Annotated[WholeNumber, Field(ge=1, le=100)] = 100
    """Updates that one answer brings."""
    poll_max_bytes: Positive = 32 * 1024 * 1024
    """Size of such an answer, in bytes."""

    @property
    def bot_id(self) -> int | None:
        """The bot's id, which its token begins with; None for a token that is none."""
        number = self.bot_token.get_secret_value().partition(":")[0]
        return int(number) if number.isascii() and number.isdigit() else None

    @property
    def part_limit(self) -> int:
        """Length of one part in UTF-16 units."""
        return max(min(self.text_chunk_limit or _USUAL_TEXT, MAX_TEXT), MIN_LIMIT)
