"""`channels.slack`: what sending needs of it, and what receiving does."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import Field

from openclaw_channels.settings import BaseUrl, ChannelSettings, Rate, Secret
from openclaw_common.runtime.config.base import Flag, Positive, Section

MAX_CHARACTERS: Final = 40_000
"""Where Slack cuts a message's `text` off; it recommends no more than 4,000."""
MIN_CHARACTERS: Final = 40
API: Final = "https://slack.com/api"
HOOKS: Final = "https://hooks.slack.com"


class SlashCommand(Section):
    """`slashCommand`: the command that is only there to speak to the agent."""

    name: Annotated[str, Field(pattern=r"^/?[^\s/]{1,32}$")] = "openclaw"
    """Its name; given without words, it says how it is used."""
    ephemeral: Flag = True
    """Whether only who gave a command sees what it is answered."""


class SlackSettings(ChannelSettings):
    """One app in one workspace."""

    bot_token: Secret
    """`xoxb-…`."""
    api_root: BaseUrl = API
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
    hooks_root: BaseUrl = HOOKS
    """Where answers to commands are posted to."""
    slash_command: SlashCommand = SlashCommand()


class SlackInboundSettings(ChannelSettings):
    """What receiving needs; a process that only takes webhooks has no bot token."""

    mode: Literal["http", "socket"] | None = None
    """How events come; without it by socket where there is an `appToken`."""
    signing_secret: Secret | None = None
    """Under "Basic Information" of the app; what Slack's requests are checked with."""
    app_token: Secret | None = None
    """`xapp-…` with the scope `connections:write`, for socket mode."""
    signature_seconds: Positive = 300
    """How far a request's time may be from ours, in seconds."""
    reply_to_mode: Literal["off", "first", "all", "batched"] = "all"
    hooks_root: BaseUrl = HOOKS
    slash_command: SlashCommand = SlashCommand()
    api_root: BaseUrl = API
    ping_seconds: Annotated[float, Field(gt=0)] = 10
    """How often a socket is asked whether it is there; one that says nothing for as long again is
    given up, in seconds."""

    @property
    def by_socket(self) -> bool:
        """Whether events come over a connection that is held."""
        return self.mode == "socket" or (self.mode is None and self.app_token is not None)
