"""A delivery: one message to one destination, where it stands, and how it ended.

`DeliveryRequest` travels as JSON inside the delivery record. Names of `Destination` are those of
OpenClaw's envelope (run-api.md §4.4).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from typing import Any, Final

import orjson

from openclaw_common.contracts import json_text
from openclaw_common.contracts.run import SchemaNotSupported
from openclaw_common.contracts.tenants import tenant_of

SCHEMA: Final = 1
DEFAULT_ACCOUNT: Final = "default"
WEBHOOK: Final = "webhook"
"""The channel whose receivers are programs: they are told of every end of a run, as an event."""
LAST: Final = "last"
"""The channel that stands for wherever the session was heard from last."""
INTERACTION: Final = "interaction"
"""How an address begins that holds a token: `interaction:<application>:<token>` (contract §7)."""


class DeliveryStatus(StrEnum):
    """The states of a delivery, as `/v1/deliveries` shows them."""

    PENDING = "pending"
    """Accepted; waits for its lane or a delivery process."""
    SENDING = "sending"
    """A delivery process holds its lease."""
    RETRYING = "retrying"
    """A try failed for now; waits for the next."""
    DELIVERED = "delivered"
    """The platform took every part."""
    FAILED = "failed"
    """The platform refuses it for good."""
    DEAD = "dead"
    """Every try that the retry schedule allows has failed."""
    UNKNOWN = "unknown"
    """A part was sent and no answer came; held for a decision."""
    SUPPRESSED = "suppressed"
    """Nothing was to be said."""
    CANCELLED = "cancelled"
    """A user asked."""

    @property
    def terminal(self) -> bool:
        """Whether only a replay can change it."""
        return self not in (self.PENDING, self.SENDING, self.RETRYING)


REPLAYABLE: Final = frozenset({DeliveryStatus.FAILED, DeliveryStatus.DEAD, DeliveryStatus.UNKNOWN})
"""What is a dead letter, and may be replayed."""

DELIVERY_PENDING: Final = "delivery.pending"
DELIVERY_SENDING: Final = "delivery.sending"
"""An attempt starts."""
PART_STARTED: Final = "delivery.part_started"
"""`{"part":0,"parts":2,"at_ms":…}`: the platform is about to be asked. Without an event that
settles it, the part may or may not have been sent."""
PART_SENT: Final = "delivery.part_sent"
"""`{"part":0,"at_ms":…,"message_id":"…","http_status":200}`: the receipt of one part."""
PART_FAILED: Final = "delivery.part_failed"
"""`{"part":0,"at_ms":…,"outcome":"rate_limited|temporary|permanent|ambiguous",
"http_status":429,"error":"…","retry_after_s":3.0}`."""


def shown(to: str) -> str:
    """Return an address as people may see it: the token of an interaction is a credential."""
    kind, _, rest = to.partition(":")
    if kind != INTERACTION:
        return to
    return f"{kind}:{rest.partition(':')[0]}:***"


@dataclass(frozen=True, slots=True)
class Destination:
    """An address on a channel: `to` in the channel's own grammar (contract §7), without prefix.

    Its lane is what must stay in order: one account's messages to one address and thread.
    """

    channel: str
    to: str
    account_id: str = DEFAULT_ACCOUNT
    thread_id: str | None = None

    @property
    def lane(self) -> str:
        """The lane of deliveries to this destination."""
        return ":".join((self.channel, self.account_id, self.place, self.thread_id or ""))

    @property
    def place(self) -> str:
        """The address as it may stand in the name of a key: told from others, no credential."""
        if shown(self.to) == self.to:
            return self.to
        return f"{INTERACTION}:{sha256(self.to.encode()).hexdigest()[:32]}"

    def to_wire(self) -> dict[str, Any]:
        """Return the `destination` object of run-api.md §4.4, without a credential in it."""
        return {
            "channel": self.channel,
            "to": shown(self.to),
            "account_id": self.account_id,
            "thread_id": self.thread_id,
        }


@dataclass(frozen=True, slots=True)
class Media:
    """An attachment: an https `url`, or base64 `data`; `mime` as in `image/png`."""

    mime: str
    url: str | None = None
    data: str | None = None
    filename: str | None = None


@dataclass(frozen=True, slots=True)
class DeliveryRequest:
    """One message to one destination, as it was accepted.

    `text` is Markdown. `source` is `run`, `tool`, `cron`, `notice` or `api`. `suppress` names why
    there is nothing to say (`silent`, `heartbeat`, `empty`); such a delivery ends as suppressed.
    `reply_to` is the platform's id of the message that is answered. `event` is the type of what a
    `webhook` destination is told, whose JSON object is then `text`.
    """

    destination: Destination
    text: str
    media: tuple[Media, ...] = ()
    run_id: str | None = None
    session_key: str | None = None
    agent_id: str | None = None
    source: str = "run"
    suppress: str | None = None
    reply_to: str | None = None
    event: str | None = None

    @property
    def tenant(self) -> str:
        """Whose the delivery is, as its session says; empty for nobody's."""
        return tenant_of(self.session_key or "")

    def encode(self) -> bytes:
        """Return the JSON form with its schema number."""
        return b'{"schema":%d,' % SCHEMA + json_text.dumps(self)[1:]

    @classmethod
    def decode(cls, raw: bytes) -> DeliveryRequest:
        """Rebuild a request from `encode`'s JSON; raises SchemaNotSupported for a newer schema."""
        data: dict[str, Any] = orjson.loads(raw)
        schema = data.pop("schema", None)
        if schema != SCHEMA:
            raise SchemaNotSupported(f"delivery request schema {schema!r} is not supported")
        data["destination"] = Destination(**data["destination"])
        data["media"] = tuple(Media(**media) for media in data["media"])
        return cls(**data)


def run_event_request(
    destination: Destination, status: str, run: Mapping[str, Any], source: str
) -> DeliveryRequest:
    """Return what tells a `webhook` destination how a run ended.

    The event is `run.<status>`, its data `run`, which has at least `id`, `agent_id` and
    `session_key`.
    """
    return DeliveryRequest(
        destination,
        json_text.dumps({**run, "object": "run", "status": status}).decode(),
        run_id=run["id"],
        session_key=run["session_key"],
        agent_id=run["agent_id"],
        source=source,
        event=f"run.{status}",
    )


def send_key(delivery_id: str, part: int, destination: Destination) -> str:
    """Return the key by which a platform may know a repeated send of one part (run-api.md §4.4).

    64 hex digits; equal for every attempt at and every replay of the part.
    """
    return sha256(f"{delivery_id}\n{part}\n{destination.lane}".encode()).hexdigest()
