"""What a channel that people write to has beside `base`: webhooks, held connections, media.

A webhook is checked, then read; whoever calls makes the messages durable and only then gives the
answer. A held connection does the same in a loop, and remembers where it is by a cursor.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol, runtime_checkable

import aiohttp

from openclaw_common.contracts.inbound import Attachment, InboundMessage

MAX_BODY_BYTES: Final = 1024 * 1024
"""Size of a webhook's body (contract §7)."""


class NotAuthentic(Exception):
    """A webhook without a valid secret or signature, or too old; the message says what is wrong."""


class NotUnderstood(Exception):
    """An authentic webhook whose body is none of the platform's; the message says why."""


class ReceiverFailure(Exception):
    """A held connection ended or could not be had; the message says what the platform said.

    `permanent` means that trying again is useless until the configuration changes (revoked token).
    `retry_after_s` is the platform's own word, in seconds.
    """

    def __init__(
        self, message: str, *, permanent: bool = False, retry_after_s: float | None = None
    ) -> None:
        super().__init__(message)
        self.permanent = permanent
        self.retry_after_s = retry_after_s


@dataclass(frozen=True, slots=True)
class InboundRequest:
    """A webhook's request as it came: header names in lower case, the body's own bytes."""

    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    now_s: float = 0.0
    """Unix time of its arrival, which signatures are held against."""


@dataclass(frozen=True, slots=True)
class InboundAnswer:
    """What the platform is answered once all messages are durable. `body` is its bytes."""

    status: int = 200
    body: bytes = b""
    content_type: str = "text/plain"
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Inbound:
    """What one webhook said: the messages in it, and its answer."""

    messages: tuple[InboundMessage, ...] = ()
    answer: InboundAnswer = InboundAnswer()


class WebhookReader(Protocol):
    """Takes one account's webhooks."""

    def verify(self, request: InboundRequest) -> None:
        """Return if the request comes from the platform; raises NotAuthentic."""

    def read(self, request: InboundRequest) -> Inbound:
        """Return what a verified request says; raises NotUnderstood."""


@runtime_checkable
class Prepares(Protocol):
    """What a WebhookReader has beside that must ask the platform something before it can read."""

    async def prepare(self, request: InboundRequest, http: aiohttp.ClientSession) -> None:
        """Called between `verify` and `read`; asks where the request needs it, and remembers.

        Returns also when the platform did not answer; `read` then does without.
        """


@dataclass(frozen=True, slots=True)
class WebhookRoute:
    """A path that a platform posts to.

    `name` follows `/api/channels/<channel>/`, for an account of its own name
    `/api/channels/<channel>/<account>/`; `also` are further whole paths of the default account.
    `gateway_auth` lets a gateway bearer stand for the platform's own check. `by_headers` says that
    the check needs headers alone; it is then made before the body is read, with an empty one.
    """

    name: str
    reader: Callable[[Any], WebhookReader]
    """Makes the reader of an account (`base.Account`); raises base.ChannelError when the account
    lacks what the check needs, and then the route is not there for it."""
    also: tuple[str, ...] = ()
    gateway_auth: bool = False
    by_headers: bool = False


Accept = Callable[[Sequence[InboundMessage], str | None], Awaitable[None]]
"""Makes messages durable together with the cursor behind them, then returns. Raises
StoreUnavailable or QueueFull, or LeaseLost when another process receives for the account."""


class Receiver(Protocol):
    """Receives for one account over a connection that it holds."""

    async def receive(self, cursor: str | None, accept: Accept) -> None:
        """Receive from `cursor` (None: from now, or from what the platform kept) until cancelled.

        Awaits `accept` before it acknowledges anything to the platform. Raises ReceiverFailure.
        """


class MediaSource(Protocol):
    """Gets the bytes of attachments for one account."""

    async def fetch(self, attachment: Attachment, *, max_bytes: int) -> tuple[str, bytes]:
        """Return the media type and the bytes.

        Raises base.PermanentFailure for what is gone or larger than `max_bytes`, and the other
        SendFailures.
        """


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that `channels test` found: `ok`, what was looked at, and what to do if not."""

    ok: bool
    what: str
    advice: str = ""


class Setup(Protocol):
    """Speaks to the platform about an account's configuration."""

    async def register(self, public_url: str) -> Sequence[Finding]:
        """Tell the platform where to post (`public_url` is the gateway's), and verify that."""

    async def test(self) -> Sequence[Finding]:
        """Look at the account's configuration and what the platform says of it."""
