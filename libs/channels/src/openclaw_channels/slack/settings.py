"""`channels.slack`: what sending needs of it."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import Field

from openclaw_channels.settings import BaseUrl, ChannelSettings, Rate, Secret
from openclaw_common.runtime.config.base import Flag, Positive

MAX_CHARACTERS: Final = 40_000
"""Where Slack cuts a message's `text` off; it recommends no more than 4,000."""
MIN_CHARACTERS: Final = 40


class SlackSettings(ChannelSettings):
    """One app in one workspace."""

    bot_token: Secret
    """`xoxb-…`."""
    api_root: BaseUrl = "https://slack.com/api"
    text_chunk_limit: Annotated[int, Field(ge=MIN_CHARACTERS, le=MAX_CHARACTERS)] = 4000
    """Length of one part in characters, after `&`, `<` and `>` are escaped."""
    media_max_mb: Annotated[float, Field(gt=0)] = 20
    reply_to_mode: Literal["off", "first", "all", "batched"] = "all"
    """Which parts go into the thread of the message that is answered."""
    unfurl_links: Flag = False
    """Whether links show a preview."""
    channel_per_second: Rate = 1
    """Messages to one conversation a second."""
    channel_burst: Positive = 1
    """Messages to one conversation at once."""
    workspace_per_second: Rate = 5
    """Messages of the app a second; Slack allows several hundred a minute."""
    workspace_burst: Positive = 5
    """Messages of the app at once."""
    default_retry_after_seconds: Annotated[float, Field(gt=0)] = 30
    """How long to wait where Slack does not say, in seconds."""
    lookback_messages: Annotated[int, Field(ge=1, le=999)] = 100
    """Messages of a conversation in which a send whose answer was lost is looked for; ten times as
    many in a thread."""
