"""A lease: what a job function may write while the job is its own, and how it settles it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self, TypeVar

import orjson
from redis.exceptions import ResponseError

from openclaw_common.contracts.errors import ErrorBody, StoreUnavailable
from openclaw_common.contracts.multitask import Collected
from openclaw_common.contracts.run import RunResult
from openclaw_common.store.client import retry_while_unavailable
from openclaw_common.store.connections import Arg
from openclaw_common.store.effects import Effect
from openclaw_common.store.lease_steps import ClaimedJob, Leases
from openclaw_common.store.requests import collected_by
from openclaw_common.store.sessions import SessionWrite

T = TypeVar("T")
Event = tuple[str, bytes]
"""Type and JSON data of a run event that has no number yet."""


class LeaseLost(Exception):
    """Another attempt owns this job now; nothing more may be written for it."""


@dataclass(slots=True, eq=False)
class Lease:
    """The right to execute one job, for one attempt.

    The worker sets `cancel_reason`, `lost` or `draining` before it cancels the job function's
    asyncio task. A function settles its lease with `finish` or `release`; `settled` says that it
    did. Methods that write do so one after another, raise LeaseLost once the lease is settled or
    another attempt owns the job, and while Redis is away try again for as long as the lease can
    still be held.
    """

    leases: Leases
    worker_id: str
    job_id: str
    id: str
    attempt: int
    crashes: int
    payload: bytes
    cancel_reason: str | None = None
    lost: bool = False
    draining: bool = False
    settled: bool = False
    _sequence: int = field(default=0, repr=False)
    _session_writes: int = field(default=0, repr=False)
    _writing: asyncio.Lock = field(default_factory=asyncio.Lock, repr=False)
    _unclear: bool = field(default=False, repr=False)

    @classmethod
    def of(cls, leases: Leases, worker_id: str, job: ClaimedJob) -> Self:
        """Return the lease of a claimed job that has a record."""
        return cls(
            leases=leases,
            worker_id=worker_id,
            job_id=job.job_id,
            id=leases.scripts.keys.record_id(job.job_id),
            attempt=job.attempt,
            crashes=job.crashes,
            payload=job.payload or b"",
            _sequence=job.sequence,
        )

    async def publish(self, events: Sequence[Event]) -> None:
        """Append run events; they are numbered on, and are in Redis when this returns.

        A plain pipelined XADD at explicit ids (design: publish): Redis refuses every id of an
        attempt that another one has followed, and a write that is sent again after an unclear
        failure cannot double.
        """
        async with self._writing:
            self._check()
            if self._unclear:
                # An earlier call was cancelled: numbers must follow what it really wrote.
                self._sequence = await self._persist(self._last_written)
            first = self._sequence + 1
            self._unclear = True
            await self._persist(lambda: self._append(first, events))
            self._sequence += len(events)
            self._unclear = False

    def _check(self) -> None:
        if self.lost or self.settled:
            raise LeaseLost

    async def _append(self, first: int, events: Sequence[Event]) -> None:
        scripts = self.leases.scripts
        key = scripts.keys.events(scripts.kind, self.id)
        futures = [
            scripts.client.submit(
                "XADD", key, "NOMKSTREAM", f"{self.attempt}-{first + offset}", type_, data
            )
            for offset, (type_, data) in enumerate(events)
        ]
        refused = False
        for future in futures:
            try:
                if await scripts.client.settle(future) is None:
                    self.lost = True
            except ResponseError as error:
                if "equal or smaller" not in str(error):
                    raise
                refused = True
        # Refused for another's sake, unless an earlier try whose answer was lost wrote it.
        if refused and not await self._ends_with(first + len(events) - 1, events[-1]):
            self.lost = True
        if self.lost:
            raise LeaseLost

    async def _ends_with(self, sequence: int, event: Event) -> bool:
        entry_id, fields = await self._last_entry()
        type_, data = event
        return entry_id == f"{self.attempt}-{sequence}" and fields == [type_.encode(), data]

    async def _last_written(self) -> int:
        """Return the last event's sequence if this attempt wrote it; raises LeaseLost."""
        attempt, _, sequence = (await self._last_entry())[0].partition("-")
        if attempt != str(self.attempt):
            self.lost = True
            raise LeaseLost
        return int(sequence)

    async def _last_entry(self) -> tuple[str, list[bytes]]:
        scripts = self.leases.scripts
        key = scripts.keys.events(scripts.kind, self.id)
        last = await scripts.client.execute("XREVRANGE", key, "+", "-", "COUNT", 1)
        return (last[0][0].decode(), last[0][1]) if last else ("", [])

    async def checkpoint(self, name: str, value: bytes) -> None:
        """Record a finished step under `name`, for a later attempt."""
        scripts = self.leases.scripts
        async with self._writing:
            self._check()
            written = await self._persist(
                lambda: scripts.call("checkpoint", (self.id, self.attempt, name, value))
            )
        if not written:
            self.lost = True
            raise LeaseLost

    async def checkpoints(self) -> dict[str, bytes]:
        """Return the steps that earlier attempts finished."""
        scripts = self.leases.scripts
        key = scripts.keys.checkpoints(scripts.kind, self.id)
        flat = await scripts.client.execute("HGETALL", key)
        return {name.decode(): value for name, value in zip(flat[::2], flat[1::2], strict=True)}

    async def collected(self) -> Collected:
        """Return the messages that the run holds beside its own."""
        return await collected_by(self.leases.scripts, self.id)

    async def write_session(self, session_key: str, agent_id: str, write: SessionWrite) -> bool:
        """Change a session in the middle of the run.

        False when it is no longer the one that was read, and stays as it is.
        """
        async with self._writing:
            self._check()
            args = (self.id, self.attempt, *self._session_args(agent_id, write))
            scripts, keys = self.leases.scripts, self._session_keys(session_key)
            reply = await self._persist(lambda: scripts.call("write_session", args, keys))
        if reply == b"stale":
            self.lost = True
            raise LeaseLost
        return bool(reply == b"written")

    def _session_keys(self, session_key: str) -> tuple[str, str]:
        keys = self.leases.scripts.keys
        return (keys.session(session_key), keys.transcript(session_key))

    def _session_args(self, agent_id: str, write: SessionWrite) -> list[Arg]:
        self._session_writes += 1
        mark = f"{self.id}:{self.attempt}:{self._session_writes}"
        return write.args(self.leases.session_limits, agent_id, mark)

    async def finish(
        self,
        status: str,
        *,
        events: Sequence[Event],
        result: RunResult | None = None,
        error: ErrorBody | None = None,
        session_key: str = "",
        agent_id: str = "",
        transcript: Sequence[bytes] = (),
        session: SessionWrite | None = None,
        effects: Sequence[Effect] = (),
        dead: bool = False,
    ) -> None:
        """End the job: `events` close its stream, the last one is the terminal event.

        `effects` come to be in the same step; `dead` makes the job a dead letter.

        With a `session_key` that session is changed in the same step: as `session` says, else the
        `transcript` messages are appended to it. Raises ValueError for either without a key, and
        for events that do not end with the terminal event of `status`.
        """
        if (transcript or session) and not session_key:
            raise ValueError("a transcript needs the session key it belongs to")
        words = self.leases.scripts.words
        if status not in words.terminal or not events or events[-1][0] != words.event(status):
            raise ValueError(f"the events of a {status} {words.name} end with its terminal event")
        fields: dict[str, Arg] = {}
        if result is not None:
            fields["result"] = result.encode()
            fields["tokens"] = result.usage.total_tokens
        if error is not None:
            fields["error"] = orjson.dumps(error.to_record())
        write = session or SessionWrite(tail=tuple(transcript))
        flat_effects = [item for effect in effects for item in effect.args()]
        await self._finish(
            (status, int(dead)), events, fields, flat_effects, session_key, agent_id, write
        )

    async def _finish(
        self,
        ending: tuple[str, int],
        events: Sequence[Event],
        fields: Mapping[str, Arg],
        effects: Sequence[Arg],
        session_key: str,
        agent_id: str,
        write: SessionWrite,
    ) -> None:
        flat_events: list[Arg] = [item for event in events for item in event]
        flat_fields: list[Arg] = [item for pair in fields.items() for item in pair]
        scripts = self.leases.scripts
        async with self._writing:
            self._check()
            args = (
                self.id,
                self.attempt,
                *ending,
                len(flat_events),
                *flat_events,
                len(flat_fields),
                *flat_fields,
                len(effects),
                *effects,
                *(self._session_args(agent_id, write) if session_key else ()),
            )
            keys = self._session_keys(session_key) if session_key else ("", "")
            reply = await self._persist(lambda: scripts.call("finish", args, keys))
            self._settled(reply == b"finished")

    def _settled(self, accepted: bool) -> None:
        if not accepted:
            self.lost = True
            raise LeaseLost
        self.settled = True

    async def release(self, delay_s: float = 0.0, *, counter: str = "") -> None:
        """Hand the job back, to be claimed again after `delay_s` seconds."""
        async with self._writing:
            self._check()
            released = await self._persist(
                lambda: self.leases.release(
                    self.worker_id,
                    self.job_id,
                    self.attempt,
                    delay_ms=round(delay_s * 1000),
                    counter=counter,
                )
            )
            self._settled(released)

    async def _persist(self, attempt: Callable[[], Awaitable[T]]) -> T:
        try:
            return await retry_while_unavailable(
                attempt, budget_s=self.leases.limits.lease_ms / 1000
            )
        except StoreUnavailable as error:
            self.lost = True
            raise LeaseLost from error
