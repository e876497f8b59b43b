"""`channels.discord`: what sending needs of it, and what receiving does."""

from __future__ import annotations

from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from openclaw_channels.settings import BaseUrl, ChannelSettings, Rate, Secret
from openclaw_common.runtime.config.base import Flag, NonNegative, Positive, Section

API: Final = "https://discord.com/api/v10"
MAX_CODE_POINTS: Final = 2000
"""Length of one message's `content`: Discord counts Unicode code points."""


class DiscordSettings(ChannelSettings):
    """One bot."""

    token: Secret
    """The bot token, without `Bot `."""
    api_root: BaseUrl = API
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


class Command(Section):
    """One slash command, which `channels setup discord` makes."""

    name: Annotated[str, Field(pattern=r"^[-_a-z0-9]{1,32}$")]
    description: Annotated[str, Field(min_length=1, max_length=100)]
    option: Annotated[str, Field(pattern=r"^[-_a-z0-9]{1,32}$")] | None = None
    """The name of a text that is given with it; None for none."""
    required: Flag = False
    """Whether it takes that text."""


COMMANDS: Final = (
    Command(name="ask", description="Ask the agent", option="text", required=True),
    Command(name="new", description="Begin a new conversation", option="text"),
    Command(name="reset", description="Forget this conversation"),
    Command(name="stop", description="Stop what the agent is doing"),
    Command(name="status", description="Show what the agent is doing"),
)


class DiscordInboundSettings(ChannelSettings):
    """What receiving needs; a process that only takes webhooks has no bot token."""

    public_key: Annotated[str, Field(pattern=r"^[0-9a-fA-F]{64}$")] | None = None
    """Under "General Information" of the application; what interactions are checked with."""
    signature_seconds: Positive = 300
    """How far an interaction's time may be from ours, in seconds."""
    commands: tuple[Command, ...] = COMMANDS
    """The slash commands that `channels setup discord` makes."""
    gateway: Flag | None = None
    """Whether a connection to the gateway is held, over which messages come; without it where there
    is no `publicKey`."""
    message_content: Flag = True
    """Whether the gateway is asked for the text of all messages, which has to be allowed for the
    application; without it only direct messages and mentions have one."""
    backfill_seconds: NonNegative = 86_400
    """How old a message may be that is asked for after an interruption, in seconds; 0 for none."""
    backfill_messages: Annotated[int, Field(ge=1, le=10_000)] = 200
    """How many messages of one channel are asked for after an interruption."""
    cursor_channels: Positive = 200
    """Of how many channels the last message is remembered."""
    buffer_messages: Positive = 10_000
    """How many events may wait to be taken in before the connection is given up."""

    @property
    def holds_gateway(self) -> bool:
        """Whether a connection to the gateway is held."""
        return self.public_key is None if self.gateway is None else self.gateway
