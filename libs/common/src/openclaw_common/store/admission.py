"""admit: the step that a 2xx stands on."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from openclaw_common.contracts.errors import (
    IdempotencyConflict,
    QueueFull,
    SessionBusy,
    StoreUnavailable,
)
from openclaw_common.store.accounting import Charge, LimitState
from openclaw_common.store.client import RedisClient
from openclaw_common.store.connections import Arg
from openclaw_common.store.jobs import JobScripts
from openclaw_common.store.spread import Spread

RETRY_AFTER_S: Final = 5
"""What a refused client is told to wait, in seconds."""
BULK_BYTES: Final = 262_144
"""Size of a request from which on it does not share the connection of everything else."""


@dataclass(frozen=True, slots=True)
class Idempotency:
    """A client's idempotency key: its scope, the key, and the SHA-256 of what it stands for.

    `keep_ms` is how long it replays the job after its end, None for `runs.idempotencySeconds`.
    """

    scope: str
    key: str
    fingerprint: str
    keep_ms: int | None = None

    def digest(self) -> str:
        """The name of the key's record."""
        return hashlib.sha256(f"{self.scope}\n{self.key}".encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Admitted:
    """The job is durable since `created_ms`; `position` jobs of its lane are ahead of it."""

    id: str
    position: int
    created_ms: int


@dataclass(frozen=True, slots=True)
class Replayed:
    """The request is part of job `id`: the same key and body were accepted before as that job.

    `collected` says instead that the job waits in the lane and now holds the message as well.
    """

    id: str
    collected: bool = False


@dataclass(frozen=True, slots=True)
class Collecting:
    """A message that may join a run which waits and has not begun.

    `common` is the digest of what messages of one run have in common, `message` the JSON of this
    one, with a `line` for a summary. Where `cap` of them wait, `drop` names which goes: `old`,
    `new`, or the oldest but for its line (`summarize`).
    """

    common: str
    message: bytes
    cap: int
    drop: str


@dataclass(frozen=True, slots=True)
class Multitask:
    """What is done while the lane is busy: `enqueue`, `reject`, `interrupt` or `collect`.

    With `debounce_ms` another message may join the run until the delay of its admission is over;
    each prolongs it, up to `debounce_ms` after its acceptance.
    """

    strategy: str = "enqueue"
    collecting: Collecting | None = None
    debounce_ms: int = 0

    def args(self) -> list[Arg]:
        """What admit takes for it."""
        strategy = "" if self.strategy == "enqueue" else self.strategy
        if self.collecting is None:
            return [strategy, "", "", "", "", 0]
        collecting = self.collecting
        return [
            strategy,
            collecting.common,
            collecting.cap,
            collecting.drop,
            collecting.message,
            self.debounce_ms,
        ]


ENQUEUE: Final = Multitask()


@dataclass(frozen=True, slots=True)
class Bounds:
    """The limits that admit holds: open jobs of the queue, jobs in one lane, ms until expiry."""

    max_open: int
    max_lane: int
    queue_timeout_ms: int


class ServerClock:
    """Redis' clock as this process knows it from answers; unknown until the first one."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._ahead_ms: float | None = None

    def heard(self, now_ms: int) -> None:
        """Note that the server's clock showed `now_ms` not long ago.

        The answer that travelled fastest is nearest to the truth. A clock that was set back leaves
        this one ahead, which only makes its deadlines generous.
        """
        ahead_ms = now_ms - self._monotonic() * 1000
        self._ahead_ms = ahead_ms if self._ahead_ms is None else max(self._ahead_ms, ahead_ms)

    async def ask(self, client: RedisClient) -> None:
        """Make it known, by one request if no answer has told. Raises StoreUnavailable."""
        if self._ahead_ms is None:
            seconds, micros = await client.execute("TIME")
            self.heard(int(seconds) * 1000 + int(micros) // 1000)

    def in_future(self, seconds: float) -> int | None:
        """Return what the server's clock will show in `seconds`, in ms; None while unknown."""
        if self._ahead_ms is None:
            return None
        return round((self._monotonic() + seconds) * 1000 + self._ahead_ms)


@dataclass(frozen=True, slots=True)
class Admission:
    """The admit step of one kind of job.

    `bulk` are the same scripts over a connection of its own: what is larger than BULK_BYTES goes
    there, because a connection does one thing at a time. `spread` is given where lanes of sessions
    are spread over several cells.
    """

    scripts: JobScripts
    bulk: JobScripts
    bounds: Bounds
    clock: ServerClock
    spread: Spread | None = None

    async def admit(
        self,
        record_id: str,
        lane: str,
        arq_job: bytes,
        fields: Mapping[str, Arg],
        *,
        idempotency: Idempotency | None = None,
        reader_control: str = "",
        delay_ms: int = 0,
        parent: str = "",
        multitask: Multitask = ENQUEUE,
        account: Charge | None = None,
    ) -> Admitted | Replayed:
        """Accept a job or say why not.

        `fields` go into the record as they are; `reader_control` is the control stream of a reader
        that follows the job; `parent` is the run that caused a delivery. It counts against the
        limits of `account`. Raises IdempotencyConflict, QueueFull, SessionBusy, RateLimited,
        StoreUnavailable. Safe to send again with the same `record_id`.
        """
        keys = self.scripts.keys
        flat: list[Arg] = []
        for name, value in fields.items():
            flat += (name, value)
        if idempotency is not None and idempotency.keep_ms is not None:
            flat += ("idempotency_ms", idempotency.keep_ms)
        if account is not None:
            flat += ("account", account.field())
        size = sum(len(value) for value in fields.values() if isinstance(value, (bytes, str)))
        scripts = self.bulk if size > BULK_BYTES else self.scripts
        if self.spread is not None and idempotency is not None:
            # Another cell may accept the job under the key once this one never will.
            await self.clock.ask(scripts.client)
        # After that the client gives up, and says that nothing was accepted.
        deadline_ms = self.clock.in_future(scripts.client.timeout_s)
        checks = self.spread.check(lane, keys.number) if self.spread else ()
        reply = await scripts.call(
            "admit_in_cells" if checks else "admit",
            (
                record_id,
                lane,
                arq_job,
                self.bounds.max_open,
                self.bounds.max_lane,
                idempotency.fingerprint if idempotency else "",
                delay_ms,
                self.bounds.queue_timeout_ms,
                "{}",
                parent,
                "" if deadline_ms is None else deadline_ms,
                *multitask.args(),
                *flat,
                *checks,
            ),
            (keys.idempotency(idempotency.digest()) if idempotency else "", reader_control),
        )
        if self.spread:
            self.spread.refused(reply)
        return self._outcome(record_id, reply, account)

    def _outcome(
        self, record_id: str, reply: list[Any], account: Charge | None
    ) -> Admitted | Replayed:
        match reply[0]:
            case b"admitted":
                self.clock.heard(int(reply[4]))
                if account is not None and reply[5:]:
                    account.report(LimitState.read(account.limits, reply[5:]))
                return Admitted(record_id, int(reply[2]), int(reply[3]))
            case b"replayed":
                return Replayed(reply[1].decode())
            case b"collected":
                return Replayed(reply[1].decode(), collected=True)
            case b"busy":
                raise SessionBusy(reply[1].decode())
            case b"conflict":
                raise IdempotencyConflict
            case b"limited" if account is not None:
                state = LimitState.read(account.limits, reply[2:])
                account.report(state)
                raise state.refusal(reply[1].decode())
            case b"late":
                self.clock.heard(int(reply[1]))
                raise StoreUnavailable
            case _:
                raise QueueFull(lane=reply[1] == b"lane", retry_after_s=RETRY_AFTER_S)
