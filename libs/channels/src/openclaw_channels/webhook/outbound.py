"""Tells one receiver of one event, in one request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from hashlib import sha256
from typing import Any, Final

import orjson
from pydantic import SecretStr

from openclaw_channels.base import (
    AnswerLost,
    Bucket,
    ChannelContext,
    ChannelError,
    Message,
    Part,
    PermanentFailure,
    RateLimited,
    Receipt,
    SendFailure,
    TemporaryFailure,
)
from openclaw_channels.webhook.settings import WebhookSettings
from openclaw_channels.webhook.signature import signed_headers
from openclaw_channels.webhook.targets import is_url, parse_target
from openclaw_common.contracts.delivery import Destination
from openclaw_common.runtime.clock import Clock, SystemClock
from openclaw_common.runtime.egress.errors import (
    AddressRefused,
    EgressError,
    HostUnresolved,
    TimedOut,
    Unanswered,
    Unreachable,
)
from openclaw_common.runtime.egress.fetch import Posted

MESSAGE_EVENT: Final = "message"
"""The type of what is told when a message has no event of its own."""

_EVENT: Final = "event"
_DATA: Final = "data"
_ID_DIGITS: Final = 32
_REFUSED: Final = frozenset({400, 405, 406, 410, 411, 413, 414, 415, 422, 431})
"""Statuses that say of the request that it never will be taken; others may pass."""
_PASSING: Final = (TimedOut, Unreachable, HostUnresolved)
# A stranger must not learn from what is retried which names of the inside exist.
_PASSING_OF_URLS: Final = (*_PASSING, AddressRefused)


@dataclass(frozen=True, slots=True)
class _Receiver:
    name: str
    url: str
    secrets: tuple[SecretStr, ...]
    timeout_s: float
    bucket: Bucket
    stranger: bool


class WebhookOutbound:
    """Tells the receivers of one account."""

    def __init__(
        self, settings: WebhookSettings, context: ChannelContext, clock: Clock | None = None
    ) -> None:
        self._settings = settings
        self._egress = context.egress
        self._clock = clock or SystemClock()

    @property
    def typing_seconds(self) -> float:
        """There is nobody to see it."""
        return 0.0

    def parts(self, message: Message) -> Sequence[Part]:
        """Return one part: the event's data, whose JSON is the text of a message with an event."""
        if message.event is None and not message.text.strip() and not message.media:
            return ()
        data = _data(message)
        return (
            Part(
                text=orjson.dumps(data).decode(),
                markup={_EVENT: message.event or MESSAGE_EVENT},
            ),
        )

    def buckets(self, destination: Destination) -> Sequence[Bucket]:
        """Return the receiver's own rate."""
        try:
            return (self._receiver(destination.to).bucket,)
        except PermanentFailure:
            return (Bucket("unknown", self._settings.per_second, self._settings.burst),)

    async def resolve(self, destination: Destination) -> Destination:
        """Return the destination; raises PermanentFailure for one that may not be told."""
        try:
            to, _ = parse_target(destination.to)
        except ChannelError as malformed:
            raise PermanentFailure(str(malformed)) from None
        self._receiver(to)
        return replace(destination, to=to)

    async def send(self, destination: Destination, part: Part, *, send_key: str) -> Receipt:
        """Tell the receiver; any 2xx is its receipt."""
        receiver = self._receiver(destination.to)
        message_id = f"msg_{send_key[:_ID_DIGITS]}"
        now = self._clock.wall()
        body = _body(message_id, part, now)
        headers = {
            "Content-Type": "application/json",
            **signed_headers(message_id, int(now), body, receiver.secrets),
        }
        try:
            posted = await self._egress.post(
                receiver.url, body, headers, timeout_s=receiver.timeout_s, max_bytes=1
            )
        except EgressError as error:
            raise _unsent(receiver, error) from None
        if not 200 <= posted.status < 300:
            raise self._refused(receiver, posted)
        return Receipt(message_id, posted.status)

    async def repeats_safely(self, destination: Destination, part: Part) -> bool:
        """A repeated message has the same `webhook-id`, which receivers tell repetitions by."""
        return True

    async def edit(self, destination: Destination, message_id: str, part: Part) -> Receipt:
        """Raise PermanentFailure: what was told stays told."""
        raise PermanentFailure("A webhook cannot be edited.")

    async def show_typing(self, destination: Destination) -> None:
        """Do nothing."""

    def _receiver(self, to: str) -> _Receiver:
        own = self._settings
        end = own.endpoints.get(to)
        if end is None and not (is_url(to) and own.allow_urls):
            raise PermanentFailure(
                "URLs may not be told; set channels.webhook.allowUrls, or name an endpoint."
                if is_url(to)
                else f"channels.webhook.endpoints has no {to}; add it, or correct the name."
            )
        secret = (end and end.secret) or own.secret
        previous = end.previous_secret if end and end.secret else own.previous_secret
        rate = (end and end.per_second) or own.per_second
        name = to if end else "url:" + sha256(to.encode()).hexdigest()[:16]
        return _Receiver(
            name=f"The webhook {to}" if end else "The webhook's URL",
            url=end.url if end else to,
            secrets=tuple(item for item in (secret, previous) if item is not None),
            timeout_s=((end and end.timeout_ms) or own.timeout_ms) / 1000,
            bucket=Bucket(f"endpoint:{name}", rate, own.burst),
            stranger=end is None,
        )

    def _refused(self, receiver: _Receiver, posted: Posted) -> SendFailure:
        status = posted.status
        text = f"{receiver.name} answered with status {status}."
        if status == 429:
            wait = _retry_after(posted.headers, self._clock.wall())
            wait = self._settings.default_retry_after_seconds if wait is None else wait
            return RateLimited(
                text, retry_after_s=min(wait, self._settings.max_retry_after_seconds)
            )
        if 300 <= status < 400:
            return PermanentFailure(f"{text} Redirects are not followed.", http_status=status)
        if status in _REFUSED:
            return PermanentFailure(text, http_status=status)
        return TemporaryFailure(text, http_status=status)


def _data(message: Message) -> Any:
    if message.event is None:
        media = [
            {key: value for key, value in asdict(item).items() if value is not None}
            for item in message.media
        ]
        return {"text": message.text, "media": media, "reply_to": message.reply_to}
    try:
        return orjson.loads(message.text)
    except orjson.JSONDecodeError:
        return {"text": message.text}


def _body(message_id: str, part: Part, now: float) -> bytes:
    """Return the JSON that both a Standard Webhooks and an OpenAI receiver know.

    `timestamp` is the standard's (ISO 8601), `object`, `id` and `created_at` (Unix seconds) are
    OpenAI's.
    """
    created = datetime.fromtimestamp(int(now), UTC)
    return orjson.dumps(
        {
            "object": "event",
            "id": message_id,
            "type": part.markup.get(_EVENT, MESSAGE_EVENT),
            "created_at": int(now),
            "timestamp": created.strftime("%Y-%m-%dT%H:%M:%SZ"),
            _DATA: orjson.loads(part.text),
        }
    )


def _unsent(receiver: _Receiver, error: EgressError) -> SendFailure:
    if isinstance(error, Unanswered):
        return AnswerLost(f"{receiver.name} did not answer.")
    text = f"{receiver.name} cannot be told. {error}"
    passing = isinstance(error, _PASSING_OF_URLS if receiver.stranger else _PASSING)
    return TemporaryFailure(text) if passing else PermanentFailure(text)


def _retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Return the seconds of a Retry-After (RFC 9110 §10.2.3): a number, or a date."""
    value = headers.get("Retry-After", "").strip()
    if value.isascii() and value.isdigit():
        return float(value)
    try:
        return max(parsedate_to_datetime(value).timestamp() - now, 0.0)
    except ValueError:
        return None
