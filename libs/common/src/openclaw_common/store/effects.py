"""What the end of a run causes, in the same atomic step: deliveries and system events."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import orjson

from openclaw_common.contracts.delivery import DeliveryRequest, Destination, shown
from openclaw_common.store.connections import Arg


@dataclass(frozen=True, slots=True)
class NewDelivery:
    """A delivery that is not accepted yet; `arq_job` is the packed job that executes it."""

    id: str
    request: DeliveryRequest
    arq_job: bytes
    trace_id: str = ""

    @property
    def lane(self) -> str:
        """The lane it waits in."""
        return self.request.destination.lane

    def fields(self) -> dict[str, str]:
        """The record fields of the delivery."""
        request, destination = self.request, self.request.destination
        return {
            "payload": request.encode().decode(),
            "channel": destination.channel,
            "to": shown(destination.to),
            "account_id": destination.account_id,
            "thread_id": destination.thread_id or "",
            "run_id": request.run_id or "",
            "session_key": request.session_key or "",
            "tenant": request.tenant,
            "agent_id": request.agent_id or "",
            "source": request.source,
            **({"trace_id": self.trace_id} if self.trace_id else {}),
        }

    def fields_json(self) -> bytes:
        """The record fields as the JSON list that a script takes."""
        return orjson.dumps([item for pair in self.fields().items() for item in pair])

    def args(self) -> list[Arg]:
        """What `finish` takes for it."""
        return ["delivery", self.id, self.lane, self.arq_job, self.fields_json()]


@dataclass(frozen=True, slots=True)
class EventLimits:
    """How many system events a session keeps, and for how long, in milliseconds."""

    most: int
    keep_ms: int


@dataclass(frozen=True, slots=True)
class NewSystemEvent:
    """A system event for a session; with `wake` its agent is to look at it now.

    `cell` is where the session is, as `Spread.cell_of_session` says it.
    """

    session_key: str
    agent_id: str
    text: str
    wake: bool
    limits: EventLimits
    cell: str = ""

    def args(self) -> list[Arg]:
        """What `finish` takes for it."""
        limits = (self.limits.most, self.limits.keep_ms)
        wake = int(self.wake)
        return ["event", self.session_key, self.agent_id, self.text, wake, *limits, self.cell]


@dataclass(frozen=True, slots=True)
class EventsRead:
    """The system events up to `last_id` were shown to the model, and are taken away."""

    session_key: str
    last_id: str

    def args(self) -> list[Arg]:
        """What `finish` takes for it."""
        ms, _, number = self.last_id.partition("-")
        return ["read", self.session_key, ms, int(number) + 1]


@dataclass(frozen=True, slots=True)
class HistoryRead:
    """A group's messages up to `last_id` were shown to the model, and are taken away."""

    session_key: str
    last_id: str

    def args(self) -> list[Arg]:
        """What `finish` takes for it."""
        ms, _, number = self.last_id.partition("-")
        return ["history", self.session_key, ms, int(number) + 1]


@dataclass(frozen=True, slots=True)
class RouteSeen:
    """Where the session was heard from or answered last: what the channel `last` stands for."""

    session_key: str
    destination: Destination

    def args(self) -> list[Arg]:
        """What `finish` takes for it."""
        return ["route", self.session_key, orjson.dumps(self.destination)]


Effect = NewDelivery | NewSystemEvent | EventsRead | HistoryRead | RouteSeen


@dataclass(frozen=True, slots=True)
class FailureReport:
    """What is laid down when a run is accepted, in case it fails without a worker to say so.

    `notice` is the message to whom the result was for, `event` the system event; its text is put
    together from the `label` in `event.text` and the error.
    """

    notice: NewDelivery | None = None
    event: NewSystemEvent | None = None

    def fields(self) -> Mapping[str, Arg]:
        """The fields of the run's record."""
        fields: dict[str, Arg] = {}
        if (notice := self.notice) is not None:
            fields["notice_id"] = notice.id
            fields["notice_lane"] = notice.lane
            fields["notice_job"] = notice.arq_job
            fields["notice_fields"] = notice.fields_json()
        if (event := self.event) is not None:
            fields["announce"] = orjson.dumps(
                {
                    "session_key": event.session_key,
                    "agent_id": event.agent_id,
                    "label": event.text,
                    "wake": event.wake,
                    "keep": event.limits.most,
                    "keep_ms": event.limits.keep_ms,
                    "cell": event.cell,
                }
            )
        return fields
