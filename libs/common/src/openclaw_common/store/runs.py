"""Run records: reading one, cancelling one, counting its readers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

import orjson

from openclaw_common.contracts.errors import ErrorBody
from openclaw_common.contracts.run import RunResult, RunStatus
from openclaw_common.contracts.tenants import tenant_of
from openclaw_common.store.jobs import JobScripts

_FIELDS: Final = (
    "status",
    "attempt",
    "agent_id",
    "lane",
    "source",
    "model",
    "stream",
    "include_usage",
    "created_ms",
    "started_ms",
    "ended_ms",
    "expires_ms",
    "result",
    "error",
    "cancel",
    "idempotency_key",
    "on_disconnect",
    "last_sequence",
    "retry_of",
    "delivers",
    "strategy",
    "metadata",
    "trace_id",
)


class CancelOutcome(StrEnum):
    """What a cancellation found."""

    CANCELLED = "cancelled"
    """It was waiting and has ended."""
    CANCELLING = "cancelling"
    """It is in progress; its worker has been told."""
    ALREADY_TERMINAL = "terminal"
    """It had ended before."""
    MISSING = "missing"
    """No such run."""


@dataclass(frozen=True, slots=True)
class RunRecord:
    """A run as it stands in Redis; times are Unix milliseconds by Redis' clock.

    `queue_position` counts the runs of its session ahead of it, None once it has started.
    `attempt` counts the attempts that a worker began. `retry_of` is the run it repeats.
    `delivers` says that its result was to be sent somewhere.
    """

    id: str
    status: RunStatus
    agent_id: str
    session_key: str
    source: str
    model: str
    stream: bool
    include_usage: bool
    attempt: int
    created_ms: int
    started_ms: int | None
    ended_ms: int | None
    expires_ms: int | None
    result: RunResult | None
    error: ErrorBody | None
    cancel_reason: str | None
    last_sequence: int
    queue_position: int | None
    idempotency_key: str | None
    on_disconnect: str
    retry_of: str | None = None
    delivers: bool = False
    strategy: str = "enqueue"
    metadata: Mapping[str, str] = field(default_factory=dict)
    trace_id: str | None = None

    @property
    def tenant(self) -> str:
        """Whose the run is, empty for nobody's."""
        return tenant_of(self.session_key)


@dataclass(frozen=True, slots=True)
class Runs:
    """Run records of one cell."""

    scripts: JobScripts
    grace_ms: int

    async def get(self, run_id: str) -> RunRecord | None:
        """Return the record, or None for an unknown or forgotten run. Raises StoreUnavailable."""
        (record,) = await self.get_all([run_id])
        return record

    async def get_all(self, run_ids: Sequence[str]) -> list[RunRecord | None]:
        """Return several records, in two round trips. Raises StoreUnavailable."""
        client, keys, kind = self.scripts.client, self.scripts.keys, self.scripts.kind
        reading = [
            (
                client.submit("HMGET", keys.record(kind, run_id), *_FIELDS),
                client.submit("XREVRANGE", keys.events(kind, run_id), "+", "-", "COUNT", 1),
            )
            for run_id in run_ids
        ]
        found = []
        for record, last in reading:
            values = dict(zip(_FIELDS, await client.settle(record), strict=True))
            found.append((values, await client.settle(last)))
        positions = [
            client.submit("LPOS", keys.lane(kind, values["lane"].decode()), run_id)
            if values["status"] == b"queued"
            else None
            for run_id, (values, _) in zip(run_ids, found, strict=True)
        ]
        return [
            _record(run_id, values, newest, await client.settle(position) if position else None)
            if values["status"] is not None
            else None
            for run_id, (values, newest), position in zip(run_ids, found, positions, strict=True)
        ]

    async def cancel(self, run_id: str, reason: str = "user") -> CancelOutcome:
        """Cancel a run: at once when it waits, through its worker when it is in progress."""
        reply = await self.scripts.call("cancel", (run_id, reason))
        return CancelOutcome(reply.decode())

    async def attach_reader(self, run_id: str) -> None:
        """Count a chat-completions reader that came back; stops the disconnect grace."""
        await self.scripts.call("readers", (run_id, 1, self.grace_ms))

    async def detach_reader(self, run_id: str) -> None:
        """Count a reader out; when the last one leaves, the disconnect grace begins.

        With a grace of 0 the run is cancelled at once.
        """
        readers = await self.scripts.call("readers", (run_id, -1, self.grace_ms))
        if readers == 0 and self.grace_ms == 0:
            client, keys = self.scripts.client, self.scripts.keys
            key = keys.record(self.scripts.kind, run_id)
            if await client.execute("HGET", key, "on_disconnect") == b"cancel":
                await self.cancel(run_id, "disconnect")


def _text(value: bytes | None) -> str:
    return value.decode() if value else ""


def _time(value: bytes | None) -> int | None:
    return int(value) or None if value else None


def _record(
    run_id: str, values: dict[str, bytes | None], newest: Any, position: int | None
) -> RunRecord:
    result, error = values["result"], values["error"]
    return RunRecord(
        id=run_id,
        status=RunStatus(_text(values["status"])),
        agent_id=_text(values["agent_id"]),
        session_key=_text(values["lane"]),
        source=_text(values["source"]),
        model=_text(values["model"]),
        stream=values["stream"] == b"1",
        include_usage=values["include_usage"] == b"1",
        attempt=int(values["attempt"] or 0),
        created_ms=int(values["created_ms"] or 0),
        started_ms=_time(values["started_ms"]),
        ended_ms=_time(values["ended_ms"]),
        expires_ms=_time(values["expires_ms"]),
        result=RunResult.decode(result) if result else None,
        error=ErrorBody.from_record(orjson.loads(error)) if error else None,
        cancel_reason=_text(values["cancel"]) or None,
        # The record outlives the stream.
        last_sequence=int(
            newest[0][0].partition(b"-")[2] if newest else values["last_sequence"] or 0
        ),
        queue_position=position,
        idempotency_key=_text(values["idempotency_key"]) or None,
        on_disconnect=_text(values["on_disconnect"]) or "continue",
        retry_of=_text(values["retry_of"]) or None,
        delivers=values["delivers"] == b"1",
        strategy=_text(values["strategy"]) or "enqueue",
        metadata=orjson.loads(values["metadata"] or b"{}"),
        trace_id=_text(values["trace_id"]) or None,
    )
