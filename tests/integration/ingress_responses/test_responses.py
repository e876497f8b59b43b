"""`/v1/responses` over replicas: answers, joins, resumption, endings (contract §1.4)."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from openclaw_common.contracts.errors import ErrorBody
from openclaw_common.contracts.ids import parse_run_id
from openclaw_common.contracts.run import RunStatus
from openclaw_common.contracts.run_event import RUN_FAILED
from openclaw_common.store.keys import RUN
from tests.integration.ingress_chat.gateway import Execution, Gateway, Replica
from tests.unit.ingress_chat.streams import parse_sse
from tests.unit.ingress_responses.response_streams import events_in, put_together

PATH = "/v1/responses"
KEY = {"Idempotency-Key": "order-66"}


async def ask(replica: Replica, body: Any = None, **options: Any) -> tuple[Any, Any]:
    """Return a response's HTTP answer and its JSON body."""
    whole = {"model": "openclaw", "input": "hello", **(body or {})}
    async with (
        asyncio.timeout(5),
        replica.client.post(replica.url + PATH, json=whole, **options) as answer,
    ):
        return answer, await answer.json()


async def call(replica: Replica, method: str, path: str) -> tuple[int, Any]:
    """Return status and JSON body of a request about a response."""
    async with (
        asyncio.timeout(8),
        replica.client.request(method, f"{replica.url}{PATH}/{path}") as answer,
    ):
        return answer.status, await answer.json()


async def stream(replica: Replica, path: str = "", body: Any = None, **options: Any) -> Any:
    """Return the events of a stream that is begun, or resumed with `path`."""
    whole = {"model": "openclaw", "input": "hello", "stream": True, **(body or {})}
    how: dict[str, Any] = {} if path else {"json": whole}
    async with (
        asyncio.timeout(5),
        replica.client.request(
            "GET" if path else "POST", replica.url + PATH + path, **how, **options
        ) as answer,
    ):
        assert answer.status == 200, await answer.text()
        frames = parse_sse(await answer.read())
    assert frames[-1].data == "[DONE]"
    return events_in(frames)


async def test_an_answer_is_the_same_from_every_replica(gateway: Gateway) -> None:
    answer, body = await ask(gateway.one, {"metadata": {"a": "b"}})
    assert answer.status == 200
    assert body["output"][0]["content"][0]["text"] == "Hello world"
    assert body["usage"]["total_tokens"] == 8
    assert parse_run_id(body["id"]) == answer.headers["x-run-id"]
    assert await call(gateway.other, "GET", body["id"]) == (200, body)


async def test_a_stream_is_the_same_from_every_replica(gateway: Gateway) -> None:
    whole = await stream(gateway.one)
    assert put_together(whole).text == "Hello world"
    name = whole[0]["response"]["id"]
    for after in range(len(whole) + 2):
        rest = await stream(gateway.other, f"/{name}?stream=true&starting_after={after}")
        assert rest == whole[after:]
    rest = await stream(gateway.other, f"/{name}?stream=true", headers={"Last-Event-ID": "4"})
    assert rest == whole[4:]


@pytest.mark.parametrize("value", ["-1", "x", "1.5"])
async def test_what_is_no_number_is_no_place_to_go_on_from(gateway: Gateway, value: str) -> None:
    _, body = await ask(gateway.one)
    path = f"{body['id']}?stream=true&starting_after={value}"
    status, refused = await call(gateway.one, "GET", path)
    assert (status, refused["error"]["code"]) == (400, "invalid_last_event_id")


async def test_a_repeated_request_gets_the_first_ones_answer(gateway: Gateway) -> None:
    _, body = await ask(gateway.one, headers=KEY)
    again, repeated = await ask(gateway.other, headers=KEY)
    assert (repeated, again.headers["Idempotency-Replayed"]) == (body, "true")
    refused, error = await ask(gateway.other, {"instructions": "x"}, headers=KEY)
    assert (refused.status, error["error"]["code"]) == (409, "idempotency_key_conflict")
    assert len(gateway.executions) == 1


async def test_a_repeated_stream_joins_the_running_one(gateway: Gateway) -> None:
    go = asyncio.Event()

    async def slowly(run: Execution) -> None:
        await run.say("Hello ")
        await go.wait()
        await run.say("world")
        await run.complete()

    gateway.script = slowly
    first = asyncio.create_task(stream(gateway.one, headers=KEY))
    while not gateway.executions:
        await gateway.store.ping()
    second = asyncio.create_task(stream(gateway.other, headers={**KEY, "Last-Event-ID": "2"}))
    go.set()
    whole = await first
    assert await second == whole[2:]
    assert len(gateway.executions) == 1


async def test_a_repeated_background_request_is_one_run(gateway: Gateway) -> None:
    answers = [
        await ask(replica, {"background": True}, headers=KEY) for replica in gateway.replicas
    ]
    assert len({body["id"] for _, body in answers}) == 1
    assert answers[1][0].headers["Idempotency-Replayed"] == "true"
    assert answers[0][0].headers["Location"] == f"{PATH}/{answers[0][1]['id']}"


async def test_one_in_the_background_outlives_its_client(gateway: Gateway) -> None:
    go = asyncio.Event()

    async def slowly(run: Execution) -> None:
        await go.wait()
        await run.say("done")
        await run.complete()

    gateway.script = slowly
    whole = {"model": "openclaw", "input": "x", "background": True, "stream": True}
    async with asyncio.timeout(5):
        async with gateway.one.client.post(gateway.one.url + PATH, json=whole) as answer:
            await answer.content.readuntil(b"\n\n")
            run_id = answer.headers["x-run-id"]
        record = await gateway.store.runs.get(run_id)
    assert record is not None
    assert record.on_disconnect == "continue"
    go.set()
    await gateway.reach(run_id, RunStatus.COMPLETED)


async def test_one_in_the_foreground_ends_with_its_client(gateway: Gateway) -> None:
    async def never(run: Execution) -> None:
        await asyncio.Event().wait()

    gateway.script = never
    whole = {"model": "openclaw", "input": "x", "stream": True}
    async with (
        asyncio.timeout(5),
        gateway.one.client.post(gateway.one.url + PATH, json=whole) as answer,
    ):
        await answer.content.readuntil(b"\n\n")
        run_id = answer.headers["x-run-id"]
    await gateway.reach(run_id, RunStatus.CANCELLED)


async def test_a_failed_run_answers_with_the_response_and_its_errors_status(
    gateway: Gateway,
) -> None:
    async def fail(run: Execution) -> None:
        error = ErrorBody(429, "rate_limit_error", "Slow down.")
        data = b'{"error":{"status":429,"type":"rate_limit_error","message":"Slow down."}}'
        await run.lease.finish(RunStatus.FAILED, events=[(RUN_FAILED, data)], error=error)

    gateway.script = fail
    answer, body = await ask(gateway.one)
    assert (answer.status, answer.headers["Retry-After"]) == (429, "5")
    assert (body["object"], body["status"], body["output"]) == ("response", "failed", [])
    assert body["error"] == {"code": "rate_limit_error", "message": "Slow down."}
    assert await call(gateway.other, "GET", body["id"]) == (200, body)


async def test_cancelling_answers_with_the_end(gateway: Gateway) -> None:
    async def never(run: Execution) -> None:
        await asyncio.Event().wait()

    gateway.script = never
    _, body = await ask(gateway.one, {"background": True})
    for replica in gateway.replicas:
        status, cancelled = await call(replica, "POST", f"{body['id']}/cancel")
        assert (status, cancelled["status"], cancelled["error"]) == (200, "cancelled", None)


async def test_a_stream_says_that_it_was_cancelled(gateway: Gateway) -> None:
    started = asyncio.Event()

    async def never(run: Execution) -> None:
        await run.say("half")
        started.set()
        await asyncio.Event().wait()

    gateway.script = never
    reading = asyncio.create_task(stream(gateway.one))
    async with asyncio.timeout(5):
        await started.wait()
    await gateway.store.runs.cancel(gateway.executions[0].lease.id)
    last = (await reading)[-1]
    assert (last["type"], last["response"]["status"]) == ("response.failed", "cancelled")


async def test_deleting_a_running_one_cancels_it(gateway: Gateway) -> None:
    async def never(run: Execution) -> None:
        await asyncio.Event().wait()

    gateway.script = never
    _, body = await ask(gateway.one, {"background": True})
    status, gone = await call(gateway.other, "DELETE", body["id"])
    assert (status, gone) == (200, {"id": body["id"], "object": "response", "deleted": True})
    run_id = parse_run_id(body["id"])
    assert run_id is not None
    await gateway.reach(run_id, RunStatus.CANCELLED)
    for method, path in (
        ("GET", ""),
        ("DELETE", ""),
        ("POST", "/cancel"),
        ("GET", "/input_items"),
        ("GET", "?stream=true"),
    ):
        status, refused = await call(gateway.one, method, body["id"] + path)
        assert (status, refused["error"]["code"]) == (404, "response_not_found")


@pytest.mark.parametrize("name", ["resp_x", "run_5", "resp_00000000-0000-4000-8000-000000000000"])
async def test_what_is_no_response_is_not_found(gateway: Gateway, name: str) -> None:
    assert (await call(gateway.one, "GET", name))[0] == 404


async def test_a_chat_completion_is_no_response(gateway: Gateway) -> None:
    _, completion = await gateway.one.ask()
    assert (await call(gateway.one, "GET", completion["id"]))[0] == 404


async def test_a_response_that_expired_cannot_be_continued(gateway: Gateway) -> None:
    _, first = await ask(gateway.one)
    _, second = await ask(gateway.other, {"previous_response_id": first["id"]})
    requests = [run.request for run in gateway.executions]
    assert requests[0].session_key == requests[1].session_key
    assert second["previous_response_id"] == first["id"]
    run_id = parse_run_id(first["id"])
    assert run_id is not None
    await gateway.store.client.execute("DEL", gateway.store.keys.record(RUN, run_id))
    refused, error = await ask(gateway.other, {"previous_response_id": first["id"]})
    assert (refused.status, error["error"]["code"]) == (400, "previous_response_not_found")


async def test_a_stream_whose_events_expired_is_told_from_the_record(gateway: Gateway) -> None:
    whole = await stream(gateway.one)
    name = whole[0]["response"]["id"]
    run_id = parse_run_id(name)
    assert run_id is not None
    await gateway.store.client.execute("DEL", gateway.store.keys.events(RUN, run_id))
    again = await stream(gateway.other, f"/{name}?stream=true")
    assert put_together(again).text == "Hello world"
    status, gone = await call(gateway.one, "GET", f"{name}?stream=true&starting_after=4")
    assert (status, gone["error"]["code"]) == (410, "stream_expired")


async def test_input_items_are_listed_in_both_orders(gateway: Gateway) -> None:
    said = [{"role": "user", "content": text} for text in "abc"]
    _, body = await ask(gateway.one, {"input": said})
    path = f"{body['id']}/input_items"
    _, page = await call(gateway.other, "GET", f"{path}?order=asc&limit=2")
    texts = [item["content"][0]["text"] for item in page["data"]]
    assert (texts, page["has_more"]) == (["a", "b"], True)
    _, rest = await call(gateway.one, "GET", f"{path}?order=asc&after={page['last_id']}")
    assert [item["content"][0]["text"] for item in rest["data"]] == ["c"]
    assert (rest["has_more"], rest["first_id"]) == (False, rest["last_id"])
    for query in ("limit=0", "limit=101", "limit=x", "order=up", "after=msg_x"):
        assert (await call(gateway.one, "GET", f"{path}?{query}"))[0] == 400


async def test_the_tools_of_the_client_are_called_in_the_stream(gateway: Gateway) -> None:
    async def calls(run: Execution) -> None:
        await run.say("so")
        await run.call("c1", "f", "", '{"a":', "1}")
        await run.complete("tool_calls")

    gateway.script = calls
    tools = [{"type": "function", "name": "f"}]
    events = await stream(gateway.one, body={"tools": tools})
    client = put_together(events)
    assert (client.text, client.calls) == ("so", [("c1", "f", '{"a":1}')])
    _, body = await call(gateway.other, "GET", events[0]["response"]["id"])
    assert client.response is not None
    assert body["output"] == client.response["output"]
