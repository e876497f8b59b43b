"""`channels.signal`: what sending and receiving need of it."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import Field

from openclaw_channels.chunking import MIN_LIMIT
from openclaw_channels.settings import BaseUrl, ChannelSettings, Rate, Secret
from openclaw_common.runtime.config.base import Positive, Section

MAX_TEXT: Final = 16_384
"""Length of one message in UTF-16 units. From 2000 UTF-8 bytes on signal-cli sends the text as an
attachment (its MAX_MESSAGE_SIZE_BYTES), which apps show up to 64 KiB."""
_USUAL_TEXT: Final = 4000
_UUID: Final = r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$"
_USUAL_URL: Final = "http://127.0.0.1:8080"


class Transport(Section):
    """How signal-cli is reached."""

    kind: Literal["managed-native", "external-native", "container"] = "external-native"
    """`container` is bbernhard's REST API, both others are signal-cli's own daemon."""
    url: BaseUrl | None = None


class SignalSettings(ChannelSettings):
    """One account."""

    account: Annotated[str, Field(pattern=r"^\+[1-9]\d{4,14}$")]
    """Its number, with `+`."""
    transport: Transport = Transport()
    http_url: BaseUrl | None = None
    """Older name of `transport.url`."""
    aliases: dict[str, str] = Field(default_factory=dict)
    """Targets by a name of one's own."""
    reply_to_mode: Literal["off", "first", "all", "batched"] = "first"
    """Which parts of a message quote what they answer."""
    media_max_mb: Annotated[float, Field(gt=0)] = 8
    rate_limit_pause_seconds: Positive = 900
    """How long nothing is sent after a rate limit that names no time of its own."""
    account_per_second: Rate = 1
    """Messages of one account a second."""
    account_burst: Positive = 10
    """Messages of one account at once."""
    chat_per_second: Rate = 1
    """Messages to one person or group a second."""
    chat_burst: Positive = 5
    """Messages to one person or group at once."""
    account_uuid: Annotated[str, Field(pattern=_UUID)] | None = None
    """Its id (ACI), by which groups mention who hides the number."""
    receive: Literal["connection", "webhook"] = "connection"
    """Whether a connection to signal-cli is held, or only the container's webhook listened to."""
    webhook_secret: Secret | None = None
    """What the container's webhook proves itself with, as the password of its URL."""
    idle_timeout_seconds: Positive = 60
    """How long a held connection may be silent; signal-cli lets hear from it every 15 s, the
    container every 54 s."""
    max_event_bytes: Positive = 1024 * 1024
    """Size of one event of a held connection, in bytes."""

    @property
    def url(self) -> str:
        """Where signal-cli is."""
        return self.transport.url or self.http_url or _USUAL_URL

    @property
    def part_limit(self) -> int:
        """Length of one part in UTF-16 units."""
        return max(min(self.text_chunk_limit or _USUAL_TEXT, MAX_TEXT), MIN_LIMIT)
