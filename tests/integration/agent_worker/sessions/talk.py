"""One user's talk with an agent whose model has a small context, over changing workers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from openclaw_agent_worker.worker import AgentWorkerService
from openclaw_common.contracts.ids import new_run_id
from openclaw_common.contracts.run import RunRequest, RunStatus, Turn, Usage
from openclaw_common.queue.job_queue import RunQueue
from openclaw_common.runtime.config import Config
from openclaw_common.store.run_reader import RunStreamReader
from openclaw_common.store.runs import RunRecord
from openclaw_common.store.store import Store
from tests.integration.agent_worker.sessions.small_model import SmallModel

SESSION = "agent:main:openai-user:alice"


@dataclass
class Talk:
    """One user's session with the agent, over whichever worker is there."""

    model: SmallModel
    store: Store
    reader: RunStreamReader
    config: Config
    patience_s: float = 5

    async def run(self, text: str, **fields: Any) -> RunRecord:
        """Say something in the session; return the run's record at its end."""
        run_id = new_run_id()
        request = RunRequest(
            **{
                "agent_id": "main",
                "session_key": SESSION,
                "source": "chat",
                "model": "openclaw",
                "message": Turn("user", text),
                "ephemeral": False,
                **fields,
            }
        )
        await RunQueue(self.store).submit(run_id, request)
        async with asyncio.timeout(self.patience_s), self.reader.follow(run_id) as follower:
            async for _ in follower:
                pass
        record = await self.store.runs.get(run_id)
        assert record is not None
        return record

    async def say(self, text: str, **fields: Any) -> str:
        """Say something that must be answered; return the answer."""
        record = await self.run(text, **fields)
        assert record.status is RunStatus.COMPLETED, record.error
        assert record.result is not None
        return record.result.output

    async def usage(self, text: str) -> Usage:
        """Say something; return what the run used."""
        record = await self.run(text)
        assert record.result is not None
        return record.result.usage

    @asynccontextmanager
    async def worker(self, worker_id: str = "w1") -> AsyncIterator[None]:
        """A worker process's insides, for a while."""
        worker = AgentWorkerService(self.config, self.store, worker_id=worker_id)
        await worker.start()
        try:
            yield
        finally:
            await worker.stop()


def make_config(redis_url: str, model: SmallModel, **sections: Any) -> Config:
    """Return a configuration whose agent `main` talks to the small model."""
    known = {"id": "small", "contextWindow": model.context}
    provider = {"baseUrl": model.base_url, "models": [known, {"id": "other"}]}
    return Config.model_validate(
        {
            "redis": {"url": redis_url},
            "agents": {"defaults": {"model": "fake/small", "systemPrompt": "Be brief."}},
            "models": {"providers": {"fake": provider}},
            **sections,
        }
    )


@asynccontextmanager
async def talking(redis_url: str, **sections: Any) -> AsyncIterator[Talk]:
    """A session without a worker yet."""
    async with SmallModel() as model:
        config = make_config(redis_url, model, **sections)
        store = await Store.connect(config.redis, config.runs, role="test")
        reader = RunStreamReader(store)
        await reader.start()
        yield Talk(model, store, reader, config)
        await reader.stop()
        await store.close()
