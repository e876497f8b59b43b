"""Promises 2 and 4 on `/v1/responses`: exact text over dead workers and changing replicas."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest

from openclaw_common.contracts.ids import parse_run_id
from openclaw_common.store.keys import RUN
from tests.fakes.provider import expected_text
from tests.faults.history import KEYS, check_stream, entries
from tests.harness.fleet import Fleet

pytestmark = pytest.mark.asyncio(loop_scope="session")

TOKENS = 80


@dataclass
class Seen:
    """What one client got, over all its connections."""

    events: list[dict[str, Any]] = field(default_factory=list)
    connections: int = 0

    @property
    def id(self) -> str:
        return str(self.events[0]["response"]["id"])

    @property
    def text(self) -> str:
        deltas = (event for event in self.events if event["type"].endswith("output_text.delta"))
        return "".join(event["delta"] for event in deltas)

    @property
    def ended(self) -> bool:
        last = self.events[-1]["type"] if self.events else ""
        return last in ("response.completed", "response.incomplete", "response.failed")


async def read(fleet: Fleet, body: dict[str, Any], seen: Seen, *, cut_after: int) -> None:
    """Read a response to its end, on the next replica after every `cut_after` events."""
    while not seen.ended:
        ingress = fleet.ingresses[seen.connections % len(fleet.ingresses)]
        seen.connections += 1
        method, path = "POST", "/v1/responses"
        options: dict[str, Any] = {"json": {**body, "stream": True}}
        if seen.events:
            number = seen.events[-1]["sequence_number"]
            method, options = "GET", {}
            path += f"/{seen.id}?stream=true&starting_after={number}"
        async with fleet.session.request(
            method, ingress.url + path, headers=fleet.headers, **options
        ) as answer:
            assert answer.status == 200, await answer.text()
            await read_events(answer, seen, cut_after)


async def read_events(answer: aiohttp.ClientResponse, seen: Seen, most: int) -> None:
    async for line in answer.content:
        if line.startswith(b"data: {"):
            seen.events.append(json.loads(line[6:]))
            most -= 1
        if most == 0:
            return


async def record_field(valkey: Any, run_id: str, name: str) -> bytes | None:
    """Return a field of a run record."""
    found: bytes | None = await valkey.hget(KEYS.record(RUN, run_id), name)
    return found


@pytest.mark.parametrize("background", [False, True])
async def test_a_killed_worker_is_not_noticed_by_who_changes_replicas(
    fleet: Fleet, background: bool
) -> None:
    await fleet.workers_ready()
    text = f"/fake text tokens={TOKENS} delay_ms=25 seed=r{int(background)}_"
    body = {"model": "openclaw", "input": text, "background": background}
    seen = Seen()
    reading = asyncio.create_task(read(fleet, body, seen, cut_after=12))

    async def in_the_middle() -> bool:
        return len(seen.text) > 20 * 4

    await fleet.until(in_the_middle, "the client has text")
    run_id = parse_run_id(seen.id)
    assert run_id is not None
    async with fleet.redis() as valkey:
        owner = await record_field(valkey, run_id, "owner")
    (victim,) = (w for w in fleet.workers if w.worker_id.encode() == owner)
    victim.kill()
    async with asyncio.timeout(30):
        await reading
    assert seen.text == expected_text(TOKENS, f"r{int(background)}_")
    assert [event["sequence_number"] for event in seen.events] == list(
        range(1, len(seen.events) + 1)
    )
    assert seen.events[-1]["type"] == "response.completed"
    assert seen.connections > 3
    async with fleet.redis() as valkey:
        stream = await entries(valkey, run_id)
        assert await record_field(valkey, run_id, "attempt") == b"2"
    check_stream(stream)
