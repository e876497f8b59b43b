"""When the last reader of a run leaves, the run is cancelled after a grace, unless one returns."""

import asyncio
from typing import Any

import pytest

from openclaw_common.contracts.run import RunStatus
from tests.integration.ingress_chat.gateway import CHAT, Execution, Gateway
from tests.unit.ingress_chat.streams import content_of, last_id, parse_sse

CONTINUE = {"x-openclaw-on-disconnect": "continue"}
LONG_GRACE = {"runs": {"disconnect_grace_seconds": 60}}


class _Paused:
    """A script that says one word, waits and then says another."""

    def __init__(self) -> None:
        self.begun, self.go = asyncio.Event(), asyncio.Event()

    async def __call__(self, run: Execution) -> None:
        await run.say("one ")
        self.begun.set()
        await self.go.wait()
        await run.say("two")
        await run.complete()


async def _begin_and_leave(gateway: Gateway, **options: Any) -> str:
    """Ask, leave as soon as the run executes, and return the run's id."""
    paused = gateway.script = _Paused()
    async with asyncio.timeout(5):
        asking = asyncio.create_task(gateway.one.ask(**options))
        await paused.begun.wait()
        asking.cancel()
        await asyncio.wait([asking])
    return gateway.executions[-1].lease.id


async def test_a_run_whose_client_left_before_its_answer_is_cancelled(gateway: Gateway) -> None:
    run_id = await _begin_and_leave(gateway)
    await gateway.reach(run_id, RunStatus.CANCELLED)
    record = await gateway.store.runs.get(run_id)
    assert record is not None
    assert record.cancel_reason == "disconnect"


async def test_a_run_whose_stream_was_left_is_cancelled(gateway: Gateway) -> None:
    gateway.script = _Paused()
    async with asyncio.timeout(5), gateway.one.post({"stream": True}) as response:
        await response.content.readuntil(b"one")
        run_id = response.headers["x-run-id"]
    await gateway.reach(run_id, RunStatus.CANCELLED)


async def test_a_run_goes_on_without_readers_when_its_client_said_so(gateway: Gateway) -> None:
    run_id = await _begin_and_leave(gateway, headers=CONTINUE)
    while gateway.one.service.census.requests:
        await gateway.store.ping()
    assert isinstance(gateway.script, _Paused)
    gateway.script.go.set()
    await gateway.reach(run_id, RunStatus.COMPLETED)
    _, body = await gateway.other.read(f"{CHAT}/{run_id}")
    assert body["choices"][0]["message"]["content"] == "one two"


@pytest.mark.parametrize("limits", [LONG_GRACE])
async def test_a_reader_who_returns_within_the_grace_keeps_the_run(gateway: Gateway) -> None:
    paused = gateway.script = _Paused()
    async with asyncio.timeout(5):
        async with gateway.one.post({"stream": True}) as response:
            raw = await response.content.readuntil(b"\n\n")
            run_id = response.headers["x-run-id"]
        await _abandoned(gateway, run_id, True)
        got = parse_sse(raw)
        path = f"{CHAT}/{run_id}?stream=true&starting_after={last_id(got)}"
        async with gateway.other.get(path) as response:
            await response.content.readuntil(b"one")
            await _abandoned(gateway, run_id, False)
            paused.go.set()
            rest = await response.read()
    assert b"two" in rest
    assert await gateway.status(run_id) is RunStatus.COMPLETED


@pytest.mark.parametrize("limits", [LONG_GRACE])
async def test_one_reader_leaving_is_nothing_while_another_stays(gateway: Gateway) -> None:
    paused = gateway.script = _Paused()
    async with asyncio.timeout(5), gateway.one.post({"stream": True}) as response:
        run_id = response.headers["x-run-id"]
        path = f"{CHAT}/{run_id}?stream=true"
        async with gateway.other.get(path) as second:
            await second.content.readuntil(b"one")
            await _readers(gateway, run_id, 2)
        await _readers(gateway, run_id, 1)
        await _abandoned(gateway, run_id, False)
        paused.go.set()
        assert content_of(parse_sse(await response.read())) == "one two"


async def test_following_a_runs_events_does_not_keep_it(gateway: Gateway) -> None:
    gateway.script = _Paused()
    async with asyncio.timeout(5):
        async with gateway.one.post({"stream": True}) as response:
            run_id = response.headers["x-run-id"]
            watching = asyncio.create_task(_read_all(gateway, f"/v1/runs/{run_id}/events"))
            await response.content.readuntil(b"one")
        assert b"event: run.cancelled" in await watching


async def test_a_word_that_is_none_of_the_two_is_refused(gateway: Gateway) -> None:
    response, body = await gateway.one.ask(headers={"x-openclaw-on-disconnect": "maybe"})
    assert response.status == 400
    assert body["error"]["message"] == "`x-openclaw-on-disconnect` must be `cancel` or `continue`."


async def _read_all(gateway: Gateway, path: str) -> bytes:
    async with gateway.other.get(path) as response:
        raw: bytes = await response.read()
        return raw


async def _abandoned(gateway: Gateway, run_id: str, expected: bool) -> None:
    """Return once the run's grace is, or is not, running."""
    store = gateway.store
    key = store.keys.record(store.streams.kind, run_id)
    async with asyncio.timeout(5):
        while bool(int(await store.client.execute("HGET", key, "abandon_ms") or 0)) != expected:
            pass


async def _readers(gateway: Gateway, run_id: str, expected: int) -> None:
    """Return once the run has that many readers."""
    store = gateway.store
    key = store.keys.record(store.streams.kind, run_id)
    async with asyncio.timeout(5):
        while int(await store.client.execute("HGET", key, "readers")) != expected:
            pass
