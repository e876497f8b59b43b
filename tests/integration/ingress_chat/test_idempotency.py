"""Equal key and body: one run, its answer given again, on any replica (run-api.md §4.6)."""

import asyncio

import pytest

from tests.integration.ingress_chat.gateway import Execution, Gateway
from tests.unit.ingress_chat.streams import content_of, last_id, parse_sse

KEY = {"Idempotency-Key": "order-66"}


async def test_a_repeated_request_gets_the_first_ones_answer(gateway: Gateway) -> None:
    first, body = await gateway.one.ask(headers=KEY)
    again, repeated = await gateway.other.ask(headers=KEY)
    assert repeated == body
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.headers["x-run-id"] == first.headers["x-run-id"]
    assert again.headers["x-openclaw-session-key"] == first.headers["x-openclaw-session-key"]
    assert "Idempotency-Replayed" not in first.headers
    assert len(gateway.executions) == 1


async def test_two_at_once_are_one_run(gateway: Gateway) -> None:
    both = await asyncio.gather(*(replica.ask(headers=KEY) for replica in gateway.replicas))
    assert both[0][1] == both[1][1]
    assert len(gateway.executions) == 1


async def test_the_same_key_with_another_body_is_a_conflict(gateway: Gateway) -> None:
    await gateway.one.ask(headers=KEY)
    for body, headers in (
        ({"seed": 1}, KEY),
        ({}, KEY | {"x-openclaw-session-key": "other"}),
        ({}, KEY | {"x-openclaw-agent-id": "beta"}),
    ):
        response, refused = await gateway.other.ask(body, headers=headers)
        assert (response.status, refused["error"]["code"]) == (409, "idempotency_key_conflict")
        assert response.headers["x-should-retry"] == "false"


async def test_a_failed_runs_answer_is_repeated_as_well(gateway: Gateway) -> None:
    async def crash(run: Execution) -> None:
        raise RuntimeError

    gateway.script = crash
    statuses = [(await replica.ask(headers=KEY))[0].status for replica in gateway.replicas]
    assert statuses == [500, 500]
    assert len(gateway.executions) == 1


async def test_a_repeated_stream_joins_the_running_one_from_its_start(gateway: Gateway) -> None:
    go = asyncio.Event()

    async def slowly(run: Execution) -> None:
        await run.say("Hello ")
        await go.wait()
        await run.say("world")
        await run.complete()

    gateway.script = slowly
    async with asyncio.timeout(5):
        async with (
            gateway.one.post({"stream": True}, headers=KEY) as first,
            gateway.other.post({"stream": True}, headers=KEY) as second,
        ):
            assert second.headers["Idempotency-Replayed"] == "true"
            assert b"role" in await second.content.readuntil(b"\n\n")
            go.set()
            whole = parse_sse(await first.read())
            joined = parse_sse(await second.read())
    assert joined == whole[1:]
    assert content_of(whole) == "Hello world"


@pytest.mark.parametrize("usage", [False, True])
async def test_a_repeated_stream_goes_on_behind_the_last_event_id(
    gateway: Gateway, usage: bool
) -> None:
    body = {"stream_options": {"include_usage": usage}}
    _, raw = await gateway.one.stream(body, headers=KEY)
    got = parse_sse(raw[: len(raw) // 2])
    headers = KEY | {"Last-Event-ID": str(last_id(got))}
    _, rest = await gateway.other.stream(body, headers=headers)
    assert got + parse_sse(rest) == parse_sse(raw)
    assert len(gateway.executions) == 1


async def test_an_answer_is_waited_for_by_everybody_who_asked_for_it(gateway: Gateway) -> None:
    begun, go = asyncio.Event(), asyncio.Event()

    async def slowly(run: Execution) -> None:
        begun.set()
        await go.wait()
        await run.say("done")
        await run.complete()

    gateway.script = slowly
    async with asyncio.timeout(5):
        first = asyncio.create_task(gateway.one.ask(headers=KEY))
        await begun.wait()
        second = asyncio.create_task(gateway.other.ask(headers=KEY))
        while gateway.other.service.census.requests == 0:
            await gateway.store.ping()
        go.set()
        assert (await first)[1] == (await second)[1]


@pytest.mark.parametrize("key", ["", " ", "with blank", "k" * 256, "ä", "tab\there"])
async def test_a_key_that_is_not_visible_ascii_is_refused(gateway: Gateway, key: str) -> None:
    response, body = await gateway.one.ask(headers={"Idempotency-Key": key})
    assert (response.status, body["error"]["param"]) == (400, "Idempotency-Key")


async def test_a_key_may_have_255_characters(gateway: Gateway) -> None:
    response, _ = await gateway.one.ask(headers={"Idempotency-Key": "~" * 255})
    assert response.status == 200


async def test_a_last_event_id_must_be_one_with_and_without_a_key(gateway: Gateway) -> None:
    for headers in (KEY | {"Last-Event-ID": "x"}, {"Last-Event-ID": "x"}):
        response, body = await gateway.one.ask(headers=headers)
        assert (response.status, body["error"]["code"]) == (400, "invalid_last_event_id")
