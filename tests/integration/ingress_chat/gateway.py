"""Ingress replicas and a worker that does what a test says, on one Valkey."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
from arq.worker import func

from openclaw_common.contracts.run import RunRequest, RunResult, RunStatus, ToolCall, Usage
from openclaw_common.contracts.run_event import encode_delta
from openclaw_common.queue.job_queue import EXECUTE_RUN
from openclaw_common.queue.worker import LaneWorker
from openclaw_common.runtime.config import Config
from openclaw_common.store.leases import Lease
from openclaw_common.store.store import Store
from openclaw_ingress.handlers.chat_completions import (
    create_chat_completion,
    resume_chat_completion,
)
from openclaw_ingress.handlers.run_events import follow_run_events
from openclaw_ingress.handlers.runs import read_run
from openclaw_ingress.route import Route
from openclaw_ingress.routes import RESPONSES
from openclaw_ingress.service import IngressService

CHAT = "/v1/chat/completions"
HELLO = {"model": "openclaw", "messages": [{"role": "user", "content": "hello"}]}
USAGE = Usage(3, 5, 8)
ROUTES = (
    Route("POST", CHAT, create_chat_completion, "operator.write"),
    Route("GET", CHAT + "/{id}", resume_chat_completion, "operator.read"),
    Route("GET", "/v1/runs/{id}", read_run, "operator.read"),
    Route("GET", "/v1/runs/{id}/events", follow_run_events, "operator.read"),
    *RESPONSES,
)

Script = Callable[["Execution"], Awaitable[None]]


class Execution:
    """One attempt at a run, as a script sees it."""

    def __init__(self, lease: Lease) -> None:
        self.lease = lease
        self.request = RunRequest.decode(lease.payload)
        self._text = ""
        self._calls: tuple[ToolCall, ...] = ()

    async def say(self, *texts: str) -> None:
        await self.lease.publish([("message.delta", encode_delta(text)) for text in texts])
        self._text += "".join(texts)

    async def call(self, call_id: str, name: str, *pieces: str) -> None:
        index = len(self._calls)
        head = {"id": call_id, "name": name}
        for piece in pieces:
            data = {"index": index, **head, "arguments": piece}
            await self.lease.publish([("tool_call.delta", json.dumps(data).encode())])
            head = {}
        self._calls += (ToolCall(call_id, name, "".join(pieces)),)

    async def complete(self, finish_reason: str = "stop") -> None:
        usage = json.dumps({"usage": USAGE.to_wire()}).encode()
        await self.lease.finish(
            RunStatus.COMPLETED,
            events=[
                ("message.completed", json.dumps({"finish_reason": finish_reason}).encode()),
                ("run.completed", usage),
            ],
            result=RunResult(self._text, finish_reason, self._calls, USAGE),
        )


async def hello(run: Execution) -> None:
    """The script of a worker that was told nothing: an answer in two words."""
    await run.say("Hello ", "world")
    await run.complete()


@dataclass
class Replica:
    """One ingress process's worth of gateway."""

    service: IngressService
    url: str
    client: aiohttp.ClientSession

    def post(self, body: Any = None, **options: Any) -> Any:
        """Begin a chat request; `body` is laid over a short one."""
        return self.client.post(self.url + CHAT, json={**HELLO, **(body or {})}, **options)

    def get(self, path: str, **options: Any) -> Any:
        return self.client.get(self.url + path, **options)

    async def ask(self, body: Any = None, **options: Any) -> tuple[aiohttp.ClientResponse, Any]:
        """Return a chat request's response and its JSON body."""
        async with asyncio.timeout(5), self.post(body, **options) as response:
            return response, await response.json()

    async def read(self, path: str, **options: Any) -> tuple[aiohttp.ClientResponse, Any]:
        """Return a GET's response and its JSON body."""
        async with asyncio.timeout(5), self.get(path, **options) as response:
            return response, await response.json()

    async def stream(self, body: Any = None, **options: Any) -> tuple[Any, bytes]:
        """Return a streamed chat request's response and all of its bytes."""
        more = {"stream": True, **(body or {})}
        async with asyncio.timeout(5), self.post(more, **options) as response:
            return response, await response.read()


class Gateway:
    """Replicas that share a store's Redis, and one worker."""

    def __init__(self, config: Config, store: Store) -> None:
        self.config = config
        self.store = store
        self.script: Script = hello
        self.executions: list[Execution] = []
        self.replicas: list[Replica] = []

    @property
    def one(self) -> Replica:
        return self.replicas[0]

    @property
    def other(self) -> Replica:
        return self.replicas[1]

    async def execute_run(self, ctx: dict[str, Any], run_id: str) -> None:
        run = Execution(ctx["lease"])
        self.executions.append(run)
        await self.script(run)

    async def status(self, run_id: str) -> RunStatus:
        record = await self.store.runs.get(run_id)
        assert record is not None
        return record.status

    async def reach(self, run_id: str, status: RunStatus) -> None:
        """Return once the run has `status`, asked as fast as Redis answers."""
        async with asyncio.timeout(5):
            while await self.status(run_id) is not status:
                await self.store.ping()


@asynccontextmanager
async def running(
    config: Config, *, replicas: int = 1, routes: Sequence[Route] | None = ROUTES
) -> AsyncIterator[Gateway]:
    """A gateway whose replicas are stopped, and whose worker is, at the end.

    It has the `routes` of chat, with None those of the configuration.
    """
    async with AsyncExitStack() as stack:
        store = await Store.connect(config.redis, config.runs, role="test")
        stack.push_async_callback(store.close)
        gateway = Gateway(config, store)
        await stack.enter_async_context(_worker(gateway))
        for _ in range(replicas):
            gateway.replicas.append(await stack.enter_async_context(_replica(config, routes)))
        yield gateway


@asynccontextmanager
async def _worker(gateway: Gateway) -> AsyncIterator[None]:
    config = gateway.config
    worker = LaneWorker(
        [func(gateway.execute_run, name=EXECUTE_RUN)],
        jobs=gateway.store.run_jobs,
        worker_id="worker-test",
        concurrency=config.worker.concurrency,
        renew_ms=config.runs.renew_ms,
    )
    serving = asyncio.create_task(worker.async_run())
    try:
        yield
    finally:
        worker.stop()
        await serving


@asynccontextmanager
async def _replica(config: Config, routes: Sequence[Route] | None) -> AsyncIterator[Replica]:
    store = await Store.connect(config.redis, config.runs, role="ingress")
    service = IngressService(config, store, host="127.0.0.1", port=0, routes=routes)
    try:
        port = await service.start()
        async with aiohttp.ClientSession() as client:
            yield Replica(service, f"http://127.0.0.1:{port}", client)
    finally:
        await service.stop()
        await store.close()
