"""The API as a client sees it, over several replicas, and runs that end when a test says so."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import quote

import aiohttp

from openclaw_agent_worker.agent.transcript import encode_messages, turn_message
from openclaw_common.contracts.run import RunResult, RunStatus, Turn
from openclaw_common.runtime.config import Config
from tests.integration.ingress_chat.gateway import USAGE, Execution, Gateway, Replica, running

RUNS = "/v1/runs"
JSON = {"Accept": "application/json"}


class Paused:
    """A script whose runs say one word and then wait for `go`."""

    def __init__(self) -> None:
        self.begun: asyncio.Queue[str] = asyncio.Queue()
        self.go = asyncio.Event()

    async def __call__(self, run: Execution) -> None:
        await run.say("one ")
        self.begun.put_nowait(run.lease.id)
        try:
            await self.go.wait()
        except asyncio.CancelledError:
            await run.lease.finish(RunStatus.CANCELLED, events=[("run.cancelled", b"{}")])
            return
        await remember(run)


async def remember(run: Execution) -> None:
    """End a run as the worker does: the turn goes into the session."""
    request = run.request
    turn = [turn_message(request.message), turn_message(Turn("assistant", "answer"))]
    await run.lease.finish(
        RunStatus.COMPLETED,
        events=[("run.completed", b'{"usage":{}}')],
        result=RunResult("answer", usage=USAGE, first_text_ms=7),
        session_key=request.session_key,
        agent_id=request.agent_id,
        transcript=encode_messages(turn),
    )


async def fail(run: Execution) -> None:
    """End a run in an error."""
    raise RuntimeError


class Api:
    """Calls one replica after another."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway
        self.store = gateway.store
        self._turn = 0

    @property
    def replica(self) -> Replica:
        self._turn += 1
        return self.gateway.replicas[self._turn % len(self.gateway.replicas)]

    def open(self, method: str, path: str, **options: Any) -> Any:
        """Begin a request."""
        replica = self.replica
        return replica.client.request(method, replica.url + path, **options)

    async def call(
        self, method: str, path: str, body: Any = None, **options: Any
    ) -> tuple[aiohttp.ClientResponse, Any]:
        """Return a response and its JSON body."""
        async with asyncio.timeout(5), self.open(method, path, json=body, **options) as response:
            return response, await response.json() if response.status != 304 else None

    async def create(self, text: str = "hi", session: str | None = None, **more: Any) -> str:
        """Create a run and return its id."""
        body = {"input": text, **({"session_key": session} if session else {}), **more}
        response, run = await self.call("POST", RUNS, body)
        assert response.status == 202, run
        run_id: str = run["id"]
        return run_id

    async def finished(self, text: str = "hi", session: str | None = None, **more: Any) -> str:
        """Create a run and return its id when it has ended."""
        run_id = await self.create(text, session, **more)
        await self.call("GET", f"{RUNS}/{run_id}?wait=5")
        return run_id

    async def run(self, run_id: str) -> Any:
        """Return a run."""
        return (await self.call("GET", f"{RUNS}/{run_id}"))[1]

    async def session(
        self, key: str, action: str = "", method: str = "GET", query: str = ""
    ) -> Any:
        """Return what a session's endpoint answers."""
        path = f"/v1/sessions/{quote(key, safe='')}{action}{query}"
        return await self.call(method, path)

    async def listed(self, query: str = "") -> list[str]:
        """Return the ids of a list of runs."""
        response, page = await self.call("GET", f"{RUNS}?{query}")
        assert response.status == 200, page
        return [run["id"] for run in page["data"]]

    async def keys(self) -> set[str]:
        """Return every key there is."""
        found: set[str] = set()
        cursor: Any = b"0"
        while True:
            cursor, names = await self.store.client.execute("SCAN", cursor, "COUNT", 1000)
            found.update(name.decode() for name in names)
            if int(cursor) == 0:
                return found


@asynccontextmanager
async def running_api(config: Config) -> AsyncIterator[Api]:
    """Three replicas and a worker."""
    async with running(config, replicas=3, routes=None) as gateway:
        gateway.script = remember
        yield Api(gateway)
