"""`channels.discord`: what sending needs of it."""

from __future__ import annotations

from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from openclaw_channels.settings import BaseUrl, ChannelSettings, Rate, Secret
from openclaw_common.runtime.config.base import Flag, Positive

MAX_CODE_POINTS: Final = 2000
"""Length of one message's `content`: Discord counts Unicode code points."""


class DiscordSettings(ChannelSettings):
    """One bot."""

    token: Secret
    """The bot token, without `Bot `."""
    api_root: BaseUrl = "https://discord.com/api/v10"
    guild_id: Annotated[str, Field(pattern=r"^\d{1,20}$")] | None = None
    """The only guild in which `#name` is looked up; None for all that the bot is in."""
    suppress_embeds: Flag = True
    """Whether links show no preview."""
    allowed_mentions: tuple[Literal["users", "roles", "everyone"], ...] = ()
    """What a mention in a text may notify."""
    reply_to_mode: Literal["off", "first", "all", "batched"] = "first"
    """Which parts of a message show what they answer."""
    max_lines_per_message: Annotated[int, Field(ge=3)] = 17
    """Lines of one part; longer ones fill the screen of a phone."""
    media_max_mb: Annotated[float, Field(gt=0)] = 100
    bot_per_second: Rate = 50
    """Requests of one bot in any second, those at once included."""
    bot_burst: Positive = 5
    """Requests of one bot at once."""
    channel_messages: Positive = 5
    """Messages to one channel in any `channelWindowSeconds`, those at once included."""
    channel_window_seconds: Annotated[float, Field(gt=0)] = 5
    channel_burst: Positive = 2
    """Messages to one channel at once."""
    nonce_seconds: Positive = 180
    """How long Discord is trusted to know a nonce: it says "the past few minutes", and no number
    (docs.discord.com/developers/resources/message#create-message)."""

    @model_validator(mode="after")
    def _bursts_within_rates(self) -> Self:
        if self.bot_burst >= self.bot_per_second:
            raise PydanticCustomError("burst", "botBurst must be less than botPerSecond")
        if self.channel_burst >= self.channel_messages:
            raise PydanticCustomError("burst", "channelBurst must be less than channelMessages")
        return self

    @property
    def part_limit(self) -> int:
        """Length of one part in code points."""
        return max(min(self.text_chunk_limit or MAX_CODE_POINTS, MAX_CODE_POINTS), 4)
