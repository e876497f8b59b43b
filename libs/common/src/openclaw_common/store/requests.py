"""What was asked, by a run's record: the request, the messages it collected, and its metadata."""

from __future__ import annotations

from dataclasses import dataclass, replace

import orjson

from openclaw_common.contracts.multitask import Collected, merged
from openclaw_common.contracts.run import RunRequest
from openclaw_common.store.jobs import JobScripts


@dataclass(frozen=True, slots=True)
class StoredRequest:
    """A request as a worker would execute it, free to wait in its session."""

    request: RunRequest
    metadata: dict[str, str]
    trace_id: str = ""


async def collected_by(scripts: JobScripts, run_id: str) -> Collected:
    """Return the messages that a run with the strategy `collect` holds. Raises StoreUnavailable."""
    client, keys = scripts.client, scripts.keys
    messages = client.submit("LRANGE", keys.messages(run_id), 0, -1)
    record = client.submit("HMGET", keys.record(scripts.kind, run_id), "dropped", "dropped_lines")
    found = await client.settle(messages)
    dropped, lines = await client.settle(record)
    return Collected(found, int(dropped or 0), orjson.loads(lines) if lines else ())


async def stored_request(scripts: JobScripts, run_id: str) -> StoredRequest | None:
    """Return what was asked of a run, None for no record. Raises StoreUnavailable."""
    key = scripts.keys.record(scripts.kind, run_id)
    wanted = ("payload", "metadata", "trace_id")
    payload, metadata, trace_id = await scripts.client.execute("HMGET", key, *wanted)
    if payload is None:
        return None
    request = RunRequest.decode(payload)
    if request.holds_several:
        request = merged(request, await collected_by(scripts, run_id))
    request = replace(request, multitask_strategy="enqueue", debounced=False)
    known = orjson.loads(metadata) if metadata else {}
    return StoredRequest(request, known, (trace_id or b"").decode())
