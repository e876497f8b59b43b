"""The stack as its users meet it: streams, webhooks, killed workers, an upgrade under load."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Sequence

import aiohttp
import pytest

from tests.containers.engine import engine
from tests.containers.stack import HOOK_TOKEN, SERVICES, Stack
from tests.fakes.provider import expected_text
from tests.harness.stream_client import ResumingClient, Transcript

# The first test waits for the stack to start.
pytestmark = [pytest.mark.engine, pytest.mark.timeout(400)]
log = logging.getLogger("containers")

STREAMS = 100
TOKENS = 40
PROVIDER_PORT = ":1F90 01"
"""8080 and "established" in /proc/net/tcp."""


def asking(script: str) -> dict[str, object]:
    return {"model": "openclaw", "messages": [{"role": "user", "content": f"/fake {script}"}]}


def read(
    stack: Stack, session: aiohttp.ClientSession, script: str, seen: Transcript | None = None
) -> asyncio.Task[Transcript]:
    """Start reading one chat completion to its end, over as many connections as it takes."""
    client = ResumingClient(session, stack.headers)
    return asyncio.create_task(client.read([stack.url], asking(script), seen=seen))


def check(seen: Transcript, text: str) -> None:
    seen.check()
    assert not seen.errors
    assert seen.text == text


async def test_a_stream_brings_every_token_as_it_comes(
    stack: Stack, session: aiohttp.ClientSession
) -> None:
    script = f"hang after={TOKENS // 2} tokens={TOKENS} seed=a"
    seen, arrived = Transcript(), b""
    async with asyncio.timeout(60):
        async with session.post(
            f"{stack.url}/v1/chat/completions",
            json={**asking(script), "stream": True},
            headers=stack.headers,
        ) as answer:
            assert answer.status == 200
            # Half of it is here while the model still holds the rest: nothing on the way waits.
            while f"a{TOKENS // 2 - 1} " not in arrived.decode():
                arrived += await answer.content.readany()
            await proceed(stack, session)
            arrived += await answer.content.read()
    assert f"a{TOKENS - 1} ".encode() in arrived
    assert arrived.endswith(b"data: [DONE]\n\n")
    assert not seen.errors


async def test_the_model_that_comes_along_answers(
    stack: Stack, session: aiohttp.ClientSession
) -> None:
    body = {"model": "openclaw/small", "messages": [{"role": "user", "content": "Say hello."}]}
    async with (
        asyncio.timeout(60),
        session.post(
            f"{stack.url}/v1/chat/completions",
            json={**body, "max_tokens": 8},
            headers=stack.headers,
        ) as answer,
    ):
        shown = await answer.json()
        assert answer.status == 200, shown
        assert shown["choices"][0]["message"]["content"]


async def test_a_hook_ends_as_a_message_on_telegram(
    stack: Stack, session: aiohttp.ClientSession
) -> None:
    body = {"message": "/fake say Good night.", "channel": "telegram", "to": "42"}
    headers = {"Authorization": f"Bearer {HOOK_TOKEN}"}
    async with session.post(f"{stack.url}/hooks/agent", json=body, headers=headers) as answer:
        accepted = await answer.json()
        assert answer.status == 200, accepted

    async def taken() -> bool:
        async with session.get(f"{stack.telegram_url}/_accepted") as answer:
            messages = (await answer.json())["accepted"]
            return [(item["to"], item["text"]) for item in messages] == [("42", "Good night.")]

    await stack.until(taken, "Telegram has the message", 30)
    assert (await stack.run_of(session, accepted["runId"]))["status"] == "completed"


async def test_a_run_outlives_the_container_of_its_worker(
    stack: Stack, session: aiohttp.ClientSession
) -> None:
    seen = [Transcript() for _ in range(8)]
    tasks = [
        read(stack, session, f"text tokens={TOKENS} delay_ms=100 seed=k{index}_", each)
        for index, each in enumerate(seen)
    ]
    async with asyncio.timeout(60):
        victim = await working(stack)
        began = time.monotonic()
        await asyncio.to_thread(engine, "kill", "-s", "KILL", victim)
        for index, task in enumerate(tasks):
            check(await task, expected_text(TOKENS, f"k{index}_"))
    log.info("killed %s; all runs ended %.1f s later", victim, time.monotonic() - began)
    attempts = [(await stack.run_of(session, each.run_id))["attempt"] for each in seen]
    assert max(attempts) == 2
    await asyncio.to_thread(stack.start, victim)


async def test_every_service_restarts_under_open_streams_and_no_client_fails(
    stack: Stack, session: aiohttp.ClientSession
) -> None:
    """One container after another, as an upgrade does it; Valkey and the proxy among them."""
    seen = [Transcript() for _ in range(STREAMS)]
    tasks = [
        read(stack, session, f"hang after={TOKENS // 2} tokens={TOKENS} seed=r{index}_", each)
        for index, each in enumerate(seen)
    ]

    async def all_stream() -> bool:
        return all(each.run_id for each in seen)

    await stack.until(all_stream, f"{STREAMS} streams are open", 60)
    async with newcomers(stack, session) as served:
        for container in [name for service in SERVICES for name in stack.containers(service)]:
            await restarted(stack, container)
            assert not any(task.done() for task in tasks)
        count = len(served)
        await stack.until(lambda: more_than(served, count), "the stack serves", 60)
    async with asyncio.timeout(120), until_done(stack, session, tasks):
        for index, task in enumerate(tasks):
            check(await task, expected_text(TOKENS, f"r{index}_"))
    connections = sum(each.connections for each in seen)
    log.info("%d streams over %d connections, %d beside", STREAMS, connections, len(served))


async def restarted(stack: Stack, container: str) -> None:
    """Stop a container and start it again; it must end by itself, in order and in time."""
    began = time.monotonic()
    status = await asyncio.to_thread(stack.stop, container)
    stopped = time.monotonic()
    assert status == 0, f"{container} ended with {status}\n{stack.said(container)}"
    await asyncio.to_thread(stack.start, container)
    log.info(
        "restarted %s: down after %.1f s, healthy after %.1f s",
        container,
        stopped - began,
        time.monotonic() - began,
    )


@contextlib.asynccontextmanager
async def newcomers(
    stack: Stack, session: aiohttp.ClientSession
) -> AsyncIterator[list[Transcript]]:
    """Short streams, one after another, all the while; yields those that were served."""
    served: list[Transcript] = []

    async def come() -> None:
        while True:
            number = len(served)
            seen = await read(stack, session, f"text tokens=4 seed=n{number}_")
            check(seen, expected_text(4, f"n{number}_"))
            served.append(seen)

    coming = asyncio.create_task(come())
    try:
        yield served
        assert not coming.done(), coming.exception()
    finally:
        coming.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await coming


@contextlib.asynccontextmanager
async def until_done(
    stack: Stack, session: aiohttp.ClientSession, tasks: Sequence[asyncio.Task[Transcript]]
) -> AsyncIterator[None]:
    """Let the model go on, again for every attempt that begins meanwhile."""

    async def keep_open() -> None:
        while not all(task.done() for task in tasks):
            await proceed(stack, session)
            await asyncio.sleep(0.2)

    opening = asyncio.create_task(keep_open())
    try:
        yield
    finally:
        opening.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await opening


async def more_than(served: Sequence[Transcript], count: int) -> bool:
    return len(served) > count + 2


async def proceed(stack: Stack, session: aiohttp.ClientSession) -> None:
    """Let every answer of the model that hangs go on."""
    async with session.post(f"{stack.provider_url}/_fake/proceed") as answer:
        assert answer.status == 200


async def working(stack: Stack) -> str:
    """Wait until a worker container holds connections to the model, and return it."""
    found: list[str] = []

    async def one_works() -> bool:
        for container in stack.containers("agent-worker"):
            table = await asyncio.to_thread(engine, "exec", container, "cat", "/proc/net/tcp")
            if table.count(PROVIDER_PORT) >= 2:
                found.append(container)
        return bool(found)

    await stack.until(one_works, "a worker executes runs", 30)
    return found[0]
