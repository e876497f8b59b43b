"""A session of five hundred turns with a model of four thousand tokens, over dying workers."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import orjson
import pytest

from tests.integration.agent_worker.sessions.small_model import QUESTION
from tests.integration.agent_worker.sessions.talk import SESSION, Talk, talking

FACT = "FACT the code is 4711;"
WORDS = "Some words of a user, who has a lot to say about nothing in particular. " * 5


@asynccontextmanager
async def worker(config: Path) -> AsyncIterator[None]:
    """A worker process, which dies at the end without a chance to settle anything."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "openclaw_agent_worker", "--config", str(config)),
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        process.kill()
        await process.wait()


def written(talk: Talk, url: str, folder: Path) -> Path:
    """Write the configuration that the processes read."""
    known = {"id": "small", "contextWindow": talk.model.context}
    provider = {"baseUrl": talk.model.base_url, "models": [known]}
    path = folder / "openclaw.json"
    config = {
        "redis": {"url": url},
        "agents": {"defaults": {"model": "fake/small", "systemPrompt": "Be brief."}},
        "models": {"providers": {"fake": provider}},
    }
    path.write_bytes(orjson.dumps(config))
    return path


@pytest.mark.faults
@pytest.mark.timeout(180)
async def test_five_hundred_turns_never_fail_on_context_and_keep_the_first_fact(
    valkey_url: str, tmp_path: Path
) -> None:
    async with talking(valkey_url) as talk:
        talk.patience_s = 30
        config = written(talk, valkey_url, tmp_path)
        said = 0
        for _ in range(5):
            async with worker(config):
                for _ in range(100):
                    text = f"Remember: {FACT}" if said == 0 else f"{said}: {WORDS}"
                    await talk.say(text)
                    said += 1
        async with worker(config):
            assert FACT in await talk.say(QUESTION)
        assert talk.model.refused == 0
        assert talk.model.summaries > 10
        session, transcript = await talk.store.sessions.read(SESSION)
        assert session.messages == len(transcript) < 60
        assert sum(b"Summary of the conversation" in message for message in transcript) == 1
