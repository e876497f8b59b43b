"""Messages that were collected while the session was busy reach the model as one turn."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from openclaw_common.contracts.ids import new_run_id
from openclaw_common.contracts.multitask import MultitaskRule
from openclaw_common.contracts.run import RunRequest, RunStatus, Turn
from openclaw_common.queue.job_queue import RunQueue
from tests.integration.agent_worker.conftest import Bench

COLLECT = MultitaskRule("collect", cap=2, drop="summarize")
REQUEST = RunRequest(
    "main", "agent:main:s", "chat", "openclaw", Turn("user", "first"), ephemeral=False
)


async def _say(bench: Bench, text: str) -> str:
    request = replace(REQUEST, message=Turn("user", text))
    return (await RunQueue(bench.store).submit(new_run_id(), request, rule=COLLECT)).id


async def test_the_model_is_shown_one_turn_and_the_session_keeps_it(bench: Bench) -> None:
    active = await _say(bench, "/fake text tokens=2 delay_ms=300")
    async with asyncio.timeout(5):
        while bench.provider.requests == []:
            await bench.store.ping()
    held = [await _say(bench, text) for text in ("dropped", "/fake text tokens=3", "last")]
    assert len({*held, active}) == 2
    record, _ = await bench.ended(held[0])
    assert record.status is RunStatus.COMPLETED
    shown = bench.provider.requests[-1].body["messages"][-1]["content"]
    assert shown == (
        "[Queued messages while agent was busy]\n\n"
        "[Queue overflow] Dropped 1 message due to cap.\nSummary:\n- dropped\n\n"
        "---\nQueued #1\n/fake text tokens=3\n\n---\nQueued #2\nlast"
    )
    _, transcript = await bench.store.sessions.read("agent:main:s")
    assert b"Queued #2" in transcript[2]
    assert len(transcript) == 4
