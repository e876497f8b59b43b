"""A real worker between a real Valkey and a fake provider."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from openclaw_agent_worker.worker import AgentWorkerService
from openclaw_common.contracts.ids import new_run_id
from openclaw_common.contracts.run import RunRequest, Turn
from openclaw_common.contracts.run_event import RunEvent
from openclaw_common.queue.job_queue import RunQueue
from openclaw_common.runtime.config import Config
from openclaw_common.store.run_reader import RunStreamReader
from openclaw_common.store.runs import RunRecord
from openclaw_common.store.store import Store
from tests.fakes.provider import FakeProvider

API_KEY = "sk-provider-secret-0123"
NO_BENCH = {
    "providerBenchUnauthorizedSeconds": 0,
    "providerBenchPaymentSeconds": 0,
    "providerBenchRateLimitSeconds": 0,
}
"""Settings of a worker that goes on using a key that a test has spoilt."""
SESSION = "agent:main:openai-user:alice"


@dataclass
class Bench:
    """One worker and everything around it. `slept` lists the waits between provider tries."""

    provider: FakeProvider
    store: Store
    reader: RunStreamReader
    config: Config
    worker: AgentWorkerService
    slept: list[float] = field(default_factory=list)

    async def submit(self, text: str = "hello", **request: Any) -> str:
        """Admit a run and return its id; keywords are fields of the RunRequest."""
        run_id = new_run_id()
        fields: dict[str, Any] = {
            "agent_id": "main",
            "session_key": f"agent:main:openai:{run_id}",
            "source": "chat",
            "model": "openclaw",
            "message": Turn("user", text),
            "stream": True,
        }
        await RunQueue(self.store).submit(run_id, RunRequest(**{**fields, **request}))
        return run_id

    async def ended(self, run_id: str) -> tuple[RunRecord, list[RunEvent]]:
        """Wait for the run's end; return its record and all its events."""
        events: list[RunEvent] = []
        async with self.reader.follow(run_id) as follower:
            async for batch in follower:
                events += batch
        record = await self.store.runs.get(run_id)
        assert record is not None
        return record, events

    async def run(self, text: str = "hello", **request: Any) -> tuple[RunRecord, list[RunEvent]]:
        """Admit a run and wait for its end."""
        return await self.ended(await self.submit(text, **request))


def make_config(redis_url: str, provider: FakeProvider, **sections: Any) -> Config:
    """Return a configuration whose agent `main` talks to the fake provider."""
    own = {"baseUrl": provider.base_url, "apiKey": API_KEY, "headers": {"X-Own": "header-value"}}
    dead = {"baseUrl": "http://127.0.0.1:9/v1"}
    agents = {"defaults": {"model": "fake/org/fake-model", "systemPrompt": "Be brief."}}
    return Config.model_validate(
        {
            "redis": {"url": redis_url},
            "worker": NO_BENCH,
            "agents": agents,
            "models": {"providers": {"fake": own, "dead": dead, "other": {"api": "pi-messages"}}},
            **sections,
        }
    )


@pytest.fixture
def sections() -> dict[str, Any]:
    """Sections of the configuration that a test replaces, by overriding this fixture."""
    return {}


@pytest.fixture
async def bench(valkey_url: str, sections: dict[str, Any]) -> AsyncIterator[Bench]:
    """A worker that is taking runs."""
    async with FakeProvider() as provider:
        config = make_config(valkey_url, provider, **sections)
        store = await Store.connect(config.redis, config.runs, role="test")
        reader = RunStreamReader(store)
        await reader.start()
        slept: list[float] = []

        async def sleep(seconds: float) -> None:
            slept.append(seconds)

        worker = AgentWorkerService(config, store, worker_id="worker-test", sleep=sleep)
        await worker.start()
        try:
            yield Bench(provider, store, reader, config, worker, slept)
        finally:
            await worker.stop()
            await reader.stop()
            await store.close()


def text_of(events: list[RunEvent]) -> str:
    """Return the text that the events publish."""
    return "".join(event.json()["delta"] for event in events if event.type == "message.delta")


def types_of(events: list[RunEvent]) -> list[str]:
    """Return the events' types, those of one kind in a row as one."""
    out: list[str] = []
    for event in events:
        if not out or out[-1] != event.type:
            out.append(event.type)
    return out
