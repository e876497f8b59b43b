"""How many streams there may be, what keeps them open, and how they end when the process does."""

import asyncio
from typing import Any

import pytest

from openclaw_common.contracts.run import RunStatus
from tests.integration.ingress_chat.gateway import CHAT, Execution, Gateway, hello
from tests.unit.ingress_chat.streams import content_of, last_id, parse_sse

LONG_GRACE = {"disconnect_grace_seconds": 60}


async def _for_ever(run: Execution) -> None:
    await run.say("begun")
    await asyncio.Event().wait()


@pytest.mark.parametrize("limits", [{"ingress": {"max_streams": 1}}])
async def test_one_stream_too_many_is_refused_before_its_run_is_accepted(gateway: Gateway) -> None:
    gateway.script = _for_ever
    async with asyncio.timeout(5), gateway.one.post({"stream": True}) as response:
        await response.content.readuntil(b"begun")
        run_id = response.headers["x-run-id"]
        for request in (
            gateway.one.ask({"stream": True}),
            gateway.one.read(f"{CHAT}/{run_id}?stream=true"),
            gateway.one.read(f"/v1/runs/{run_id}/events"),
        ):
            refused, body = await request
            assert (refused.status, body["error"]["code"]) == (503, "too_many_streams")
            assert refused.headers["Retry-After"] == "1"
        gateway.script = hello
        answered, _ = await gateway.one.ask()
        assert answered.status == 200
    assert len(gateway.executions) == 2


@pytest.mark.parametrize("limits", [{"ingress": {"max_streams": 1}}])
async def test_a_stream_that_ended_makes_room_for_the_next(gateway: Gateway) -> None:
    for _ in range(3):
        response, raw = await gateway.one.stream()
        assert (response.status, content_of(parse_sse(raw))) == (200, "Hello world")


@pytest.mark.parametrize("limits", [{"ingress": {"sse_keep_alive_seconds": 0.05}}])
async def test_a_quiet_stream_gets_comments_behind_its_first_frame(gateway: Gateway) -> None:
    gateway.script = _for_ever
    async with asyncio.timeout(5), gateway.one.post({"stream": True}) as response:
        await response.content.readuntil(b"begun")
        await response.content.readuntil(b"\n\n")
        for _ in range(3):
            assert await response.content.readuntil(b"\n\n") == b": keep-alive\n\n"


@pytest.mark.parametrize("limits", [{"ingress": {"sse_keep_alive_seconds": 0.2}}])
async def test_a_busy_stream_gets_no_comments(gateway: Gateway) -> None:
    async def talk(run: Execution) -> None:
        until = asyncio.get_running_loop().time() + 0.7
        while asyncio.get_running_loop().time() < until:
            await run.say("x")
        await run.complete()

    gateway.script = talk
    _, raw = await gateway.one.stream()
    assert b"keep-alive" not in raw


DRAINING = {"ingress": {"drain_seconds": 0}, "runs": LONG_GRACE}


@pytest.mark.parametrize("limits", [DRAINING])
async def test_a_closing_replica_sends_its_streams_elsewhere(gateway: Gateway) -> None:
    go = asyncio.Event()

    async def paused(run: Execution) -> None:
        await run.say("one ")
        await go.wait()
        await run.say("two")
        await run.complete()

    gateway.script = paused
    async with asyncio.timeout(10), gateway.one.post({"stream": True}) as response:
        head = await response.content.readuntil(b"one")
        await gateway.one.service.drain()
        raw = head + await response.read()
        got = parse_sse(raw)
        run_id = response.headers["x-run-id"]
        assert raw.endswith(b"\n\nretry: 500\n\n")
        assert b"[DONE]" not in raw
        go.set()
        path = f"{CHAT}/{run_id}?stream=true&starting_after={last_id(got)}"
        async with gateway.other.get(path) as rest:
            got += parse_sse(await rest.read())
    assert content_of(got) == "one two"
    assert await gateway.status(run_id) is RunStatus.COMPLETED


@pytest.mark.parametrize("limits", [DRAINING])
async def test_a_closing_replica_tells_those_who_wait_to_ask_again(gateway: Gateway) -> None:
    begun = asyncio.Event()

    async def wait(run: Execution) -> None:
        begun.set()
        await asyncio.Event().wait()

    gateway.script = wait
    async with asyncio.timeout(10):
        asking = asyncio.create_task(gateway.one.ask())
        await begun.wait()
        run_id = gateway.executions[0].lease.id
        polling = asyncio.create_task(gateway.one.read(f"/v1/runs/{run_id}?wait=60"))
        while gateway.one.service.census.requests < 2:
            await gateway.store.ping()
        await gateway.one.service.drain()
        refused, body = await asking
        assert (refused.status, body["error"]["code"]) == (503, "gateway_unavailable")
        assert refused.headers["Retry-After"] == "1"
        polled, run = await polling
        assert (polled.status, run["status"]) == (200, "in_progress")


@pytest.mark.parametrize("limits", [{"runs": {"max_queued": 1}}])
async def test_a_full_queue_refuses_a_stream_in_plain_json(gateway: Gateway) -> None:
    gateway.script = _for_ever
    async with asyncio.timeout(5), gateway.one.post({"stream": True}) as response:
        await response.content.readuntil(b"begun")
        body: dict[str, Any]
        refused, body = await gateway.one.ask({"stream": True})
        assert (refused.status, body["error"]["code"]) == (503, "queue_full")
        assert int(refused.headers["Retry-After"]) >= 1
