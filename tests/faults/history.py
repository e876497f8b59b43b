"""What must hold of a run's stream and of a session's runs, whatever happened meanwhile."""

from __future__ import annotations

from dataclasses import dataclass

import orjson
import redis.asyncio

from openclaw_common.contracts.run_event import MESSAGE_DELTA, TERMINAL_TYPES
from openclaw_common.store.keys import RUN, Keys

KEYS = Keys()


@dataclass(frozen=True)
class Entry:
    """One entry of a run stream as it stands in Redis."""

    attempt: int
    sequence: int
    type: str
    data: bytes


async def entries(client: redis.asyncio.Redis, run_id: str) -> list[Entry]:
    """Return the raw run stream."""
    found = []
    for entry_id, fields in await client.xrange(KEYS.events(RUN, run_id)):
        attempt, sequence = entry_id.split(b"-")
        ((type_, data),) = fields.items()
        found.append(Entry(int(attempt), int(sequence), type_.decode(), data))
    return found


def check_stream(stream: list[Entry]) -> None:
    """Assert: gapless from 1, attempts only grow, one terminal event and it is the last."""
    assert [entry.sequence for entry in stream] == list(range(1, len(stream) + 1))
    attempts = [entry.attempt for entry in stream]
    assert attempts == sorted(attempts)
    terminal = [entry for entry in stream if entry.type in TERMINAL_TYPES]
    assert len(terminal) == 1
    assert stream[-1] is terminal[0]


def text_of_last_attempt(stream: list[Entry]) -> str:
    """The text that the last attempt published."""
    last = stream[-1].attempt
    deltas = [e for e in stream if e.attempt == last and e.type == MESSAGE_DELTA]
    return "".join(orjson.loads(entry.data)["delta"] for entry in deltas)


async def check_session_order(client: redis.asyncio.Redis, run_ids: list[str]) -> None:
    """Assert that runs of one session, given as they were accepted, ran one after another."""
    ended_before = 0
    for run_id in run_ids:
        record = await client.hgetall(KEYS.record(RUN, run_id))
        assert record[b"status"] == b"completed", (run_id, record)
        started, ended = int(record[b"started_ms"]), int(record[b"ended_ms"])
        assert ended_before <= started <= ended, f"{run_id} overlaps the run before it"
        ended_before = ended


async def check_transcript(
    client: redis.asyncio.Redis, session_key: str, questions: list[str], answers: list[str]
) -> None:
    """Assert: the transcript is question and answer in turn, in order, nothing twice."""
    kept = [
        orjson.loads(message)
        for message in await client.lrange(KEYS.transcript(session_key), 0, -1)
    ]
    flat = [orjson.dumps(message).decode() for message in kept]
    expected = [text for pair in zip(questions, answers, strict=True) for text in pair]
    assert len(flat) == len(expected), (session_key, len(flat), len(expected))
    for message, part in zip(flat, expected, strict=True):
        assert part.strip() in message, (session_key, part, message)


async def check_nothing_left(client: redis.asyncio.Redis) -> None:
    """Assert: no job is queued, open, leased, in a lane, or has arq's entry or checkpoints."""
    for name in (KEYS.queue(RUN), KEYS.quarantine(RUN), KEYS.open(RUN)):
        assert await client.zcard(name) == 0, name
    left = [
        key
        for pattern in ("*:lane:*", "*:leases:*", "*:checkpoints", "arq:*")
        for key in await client.keys(pattern)
    ]
    assert not left, left


async def lasting_keys(client: redis.asyncio.Redis) -> set[str]:
    """Return the keys that have no life time."""
    return {key.decode() async for key in client.scan_iter() if await client.ttl(key) == -1}
