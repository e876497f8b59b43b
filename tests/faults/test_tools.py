"""A worker is killed around a tool with a side effect: it runs once, and the client reads on."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from openclaw_common.store.keys import RUN
from tests.faults.conftest import RUNS
from tests.faults.history import KEYS, check_stream, entries
from tests.harness.fleet import Fleet
from tests.harness.stream_client import ResumingClient, Transcript
from tests.integration.agent_worker.step_provider import Hold, Step, StepProvider

pytestmark = pytest.mark.asyncio(loop_scope="module")

TOOLS = {
    "profile": "full",
    "modules": ["tests.integration.agent_worker.tools_for_tests:tools"],
}


class ToolFleet(Fleet):
    """A fleet whose agents have tools and whose model is `provider`."""

    provider: StepProvider

    def _write_config(self) -> None:
        super()._write_config()
        config = json.loads(self.config_path.read_text(encoding="utf-8"))
        config["tools"] = TOOLS
        config["models"]["providers"]["fake"]["baseUrl"] = self.provider.base_url
        self.config_path.write_text(json.dumps(config), encoding="utf-8")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def fleet(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[ToolFleet]:
    """Two ingress and two supervised worker processes whose model is in this process."""
    folder = tmp_path_factory.mktemp("tool-fleet")
    async with StepProvider() as provider:
        fleet = ToolFleet(folder, ingresses=2, workers=2, runs=RUNS)
        fleet.provider = provider
        async with fleet:
            yield fleet


@pytest.fixture
def book(tmp_path: Path) -> Path:
    """Where the tool writes each of its calls."""
    return tmp_path / "book"


def start(
    fleet: ToolFleet, book: Path, *, hang: bool = False, words: int = -1
) -> tuple[asyncio.Task[Transcript], Hold]:
    """Start a run that says something, pays, and says the rest; its second request is held up."""
    arguments = json.dumps({"file": str(book), "hang": hang})
    fleet.provider.steps = [
        Step("I will pay.", (("pay", arguments),)),
        Step("It is paid and all is well."),
    ]
    hold = fleet.provider.hold(len(fleet.provider.requests) + 1, words)
    client = ResumingClient(fleet.session, fleet.headers)
    body: dict[str, Any] = {"model": "openclaw", "messages": [{"role": "user", "content": "Pay"}]}
    urls = [ingress.url for ingress in fleet.ingresses]
    return asyncio.create_task(client.read(urls, body)), hold


async def kill_the_worker_that_runs(fleet: ToolFleet) -> None:
    await fleet.workers_ready()
    async with fleet.redis() as valkey:
        for worker in fleet.workers:
            if await valkey.hlen(KEYS.leases(RUN, worker.worker_id)):
                worker.kill()
                return
    raise AssertionError("no worker holds the run")


async def finish(fleet: ToolFleet, reading: asyncio.Task[Transcript]) -> Transcript:
    async with asyncio.timeout(30):
        seen = await reading
    seen.check()
    assert not seen.errors
    async with fleet.redis() as valkey:
        check_stream(await entries(valkey, seen.run_id))
    return seen


@pytest.mark.parametrize("words", [-1, 3])
async def test_a_worker_killed_after_a_side_effect_leaves_one_effect_and_an_exact_text(
    fleet: ToolFleet, book: Path, words: int
) -> None:
    reading, hold = start(fleet, book, words=words)
    async with asyncio.timeout(30):
        await hold.reached.wait()
    await kill_the_worker_that_runs(fleet)
    seen = await finish(fleet, reading)
    assert seen.text == "I will pay.\n\nIt is paid and all is well."
    assert book.read_text(encoding="utf-8") == f"{seen.run_id}:1.1\n"


async def test_a_worker_killed_in_the_middle_of_a_side_effect_does_not_repeat_it(
    fleet: ToolFleet, book: Path
) -> None:
    reading, hold = start(fleet, book, hang=True)
    hold.go.set()

    async def paid() -> bool:
        return book.exists()

    await fleet.until(paid, "the tool has taken effect")
    await kill_the_worker_that_runs(fleet)
    seen = await finish(fleet, reading)
    assert seen.text == "I will pay.\n\nIt is paid and all is well."
    assert len(book.read_text(encoding="utf-8").splitlines()) == 1
    assert fleet.provider.results(-1)[0].startswith("The outcome of this call is unknown")


@pytest.mark.parametrize(("tool", "calls"), [("pay", 1), ("look", 2)])
async def test_a_side_effect_that_was_called_without_a_model_is_not_repeated_either(
    fleet: ToolFleet, book: Path, tool: str, calls: int
) -> None:
    async def invoke() -> dict[str, Any]:
        body = {"tool": tool, "args": {"file": str(book), "hang": True}}
        url = f"{fleet.ingresses[0].url}/tools/invoke"
        async with fleet.session.post(url, json=body, headers=fleet.headers) as response:
            answer: dict[str, Any] = await response.json()
            return answer

    async def called() -> bool:
        return book.exists()

    invoking = asyncio.create_task(invoke())
    await fleet.until(called, "the tool has taken effect")
    await kill_the_worker_that_runs(fleet)
    async with asyncio.timeout(30):
        answer = await invoking
    assert len(book.read_text(encoding="utf-8").splitlines()) == calls
    if calls == 1:
        assert answer["error"]["message"].startswith("The outcome of this call is unknown")
    else:
        assert answer["result"] == {"lines": calls}
