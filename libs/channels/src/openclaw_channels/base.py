"""What a channel is: the plug that the delivery service, the ingress and third parties share.

A `ChannelPlugin` is found by its entry point (`registry`). Its `outbound` makes one
`OutboundChannel` per account, which cuts messages into parts and sends them one by one. Retries,
pacing, order and receipts are the delivery service's; a channel only says what happened, as one of
the `SendFailure` classes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol, runtime_checkable

import aiohttp

from openclaw_channels.inbound import MediaSource, Receiver, Setup, WebhookRoute
from openclaw_common.contracts.delivery import DEFAULT_ACCOUNT, Destination, Media
from openclaw_common.runtime.egress.fetch import Egress

DESTINATION: Final = "destination"
ACCOUNT: Final = "account"
"""What a rate limit holds for: one destination, or everything an account sends."""


class ChannelError(Exception):
    """A target or an account that cannot be used; the message says why and what to do."""


class SendFailure(Exception):
    """One part was not sent, or perhaps not; `http_status` and `code` are the platform's words."""

    def __init__(
        self, message: str, *, http_status: int | None = None, code: str | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.http_status = http_status
        self.code = code


class RateLimited(SendFailure):
    """The platform refused it for now; nothing was sent. `scope` is DESTINATION or ACCOUNT."""

    def __init__(
        self,
        message: str,
        *,
        retry_after_s: float,
        scope: str = DESTINATION,
        http_status: int | None = 429,
        code: str | None = None,
    ) -> None:
        super().__init__(message, http_status=http_status, code=code)
        self.retry_after_s = retry_after_s
        self.scope = scope


class TemporaryFailure(SendFailure):
    """It was certainly not sent, and a later try may succeed: no connection, a 5xx answer."""


class PermanentFailure(SendFailure):
    """It was not sent and never will be: unknown chat, blocked, malformed."""


class CredentialsRevoked(PermanentFailure):
    """Nothing that the account sends will be taken until its credentials are changed."""


class AnswerLost(SendFailure):
    """The request was on its way and no answer came: it may have been sent.

    `repeat_is_safe` overrules the channel's `repeats_safely` for this one send; None leaves it.
    """

    def __init__(
        self,
        message: str,
        *,
        repeat_is_safe: bool | None = None,
        http_status: int | None = None,
        code: str | None = None,
    ) -> None:
        super().__init__(message, http_status=http_status, code=code)
        self.repeat_is_safe = repeat_is_safe


@dataclass(frozen=True, slots=True)
class Message:
    """What is to be said: Markdown, attachments, and the message that is answered.

    `event` is the type of what a `webhook` destination is told.
    """

    text: str
    media: tuple[Media, ...] = ()
    reply_to: str | None = None
    event: str | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """One request to the platform: text in the channel's own markup, or one attachment.

    `markup` is whatever the channel's `parts` wants its `send` to know beside the text.
    """

    text: str
    media: Media | None = None
    reply_to: str | None = None
    markup: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Receipt:
    """The platform's answer to one part: its id of the message, and the HTTP status."""

    message_id: str | None
    http_status: int | None = None


@dataclass(frozen=True, slots=True)
class Bucket:
    """A rate that the whole fleet keeps: `per_second` on average, `burst` at once.

    `name` tells buckets of one account apart (`bot`, `chat:42`).
    """

    name: str
    per_second: float
    burst: int = 1


@dataclass(frozen=True, slots=True)
class Account:
    """One bot of a channel: its name and the settings of `channels.<id>` that hold for it.

    Secrets among the `settings` are `SecretStr`.
    """

    channel: str
    settings: Mapping[str, Any]
    account_id: str = DEFAULT_ACCOUNT


@dataclass(frozen=True, slots=True)
class ChannelContext:
    """What a channel may use: one HTTP client for the platform, and the guarded way elsewhere.

    `http` follows the account's own base URLs; whatever a message names (attachments, webhooks)
    goes through `egress`, which refuses private addresses.
    """

    http: aiohttp.ClientSession
    egress: Egress


class OutboundChannel(Protocol):
    """Sends for one account."""

    def parts(self, message: Message) -> Sequence[Part]:
        """Cut a message into parts; equal messages give equal parts, in every process.

        Long messages are cut in other threads, several at once.
        """

    def buckets(self, destination: Destination) -> Sequence[Bucket]:
        """Return the rates that sending one part to `destination` counts against."""

    async def resolve(self, destination: Destination) -> Destination:
        """Return where to send: names looked up, direct conversations opened.

        Raises PermanentFailure for one that does not exist, and the other SendFailures.
        """

    async def send(self, destination: Destination, part: Part, *, send_key: str) -> Receipt:
        """Send one part to what `resolve` returned; raises a SendFailure."""

    async def repeats_safely(self, destination: Destination, part: Part) -> bool:
        """Whether the platform knows a repeated `send_key` of such a part there.

        If so, sending it again cannot show it twice. Asked only where a part may have been sent;
        `destination` is what `resolve` returned. Raises a SendFailure when it cannot be told now.
        """

    async def edit(self, destination: Destination, message_id: str, part: Part) -> Receipt:
        """Replace a message that was sent; raises PermanentFailure where there are no edits."""

    async def show_typing(self, destination: Destination) -> None:
        """Show that an answer is being written, for about `typing_seconds`; raises SendFailure."""

    @property
    def typing_seconds(self) -> float:
        """How long one `show_typing` lasts, in seconds; 0 where there is no such thing."""


@runtime_checkable
class FindsSent(Protocol):
    """What an `OutboundChannel` may have beside: the way to settle a send whose answer was lost."""

    async def find_sent(self, destination: Destination, *, send_key: str) -> Receipt | None:
        """Return the receipt of the part that was sent with `send_key`, None if there is none.

        Looks at recent messages of what `resolve` returned; raises a SendFailure.
        """


@runtime_checkable
class ForgetsRepeats(Protocol):
    """What an `OutboundChannel` has beside whose platform knows a repeated send for a time only."""

    def repeat_seconds(self, destination: Destination, part: Part) -> float:
        """For how many seconds after the first send `repeats_safely` holds for such a part there.

        `math.inf` for ever.
        """


@runtime_checkable
class ShowsPreviews(Protocol):
    """What an `OutboundChannel` may have beside: messages that grow before people's eyes."""

    async def shows_previews(self, destination: Destination) -> bool:
        """Whether a message there may be edited again and again, quietly.

        `destination` is what `resolve` returned; raises a SendFailure.
        """


class TargetGrammar(Protocol):
    """Reads a target as users write it."""

    def __call__(self, target: str) -> tuple[str, str | None]:
        """Return (`to`, thread id) in the channel's own form; raises ChannelError."""


@dataclass(frozen=True, slots=True)
class ChannelPlugin:
    """A channel by its id, as an entry point of the group `openclaw.channels` gives it.

    `secrets` are the settings that hold secrets; `environ` maps settings to the environment
    variables that may hold them instead. `outbound` and the makers of what is in `inbound` raise
    ChannelError for settings they cannot use. `receiver` gives None for an account whose messages
    come by webhook.
    """

    id: str
    parse_target: TargetGrammar
    outbound: Callable[[Account, ChannelContext], OutboundChannel]
    secrets: tuple[str, ...] = ()
    environ: Mapping[str, str] = field(default_factory=dict)
    webhooks: tuple[WebhookRoute, ...] = ()
    receiver: Callable[[Account, ChannelContext], Receiver | None] | None = None
    media: Callable[[Account, ChannelContext], MediaSource] | None = None
    setup: Callable[[Account, ChannelContext], Setup] | None = None
