"""What a chat request is answered with, over real HTTP."""

import asyncio
import re
from typing import Any

import orjson
import pytest

from openclaw_common.contracts.errors import ErrorBody
from openclaw_common.contracts.run import RunStatus
from tests.integration.ingress_chat.gateway import CHAT, HELLO, Execution, Gateway
from tests.unit.ingress_chat.streams import calls_of, content_of, parse_sse

UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}"


async def test_a_completion_has_the_body_of_the_seed(gateway: Gateway) -> None:
    response, body = await gateway.one.ask()
    assert response.status == 200
    assert response.headers["Content-Type"] == "application/json; charset=utf-8"
    assert re.fullmatch(f"chatcmpl_{UUID}", body["id"])
    assert isinstance(body["created"], int)
    del body["id"], body["created"]
    assert body == {
        "object": "chat.completion",
        "model": "openclaw",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": "Hello world"},
                "finish_reason": "stop",
            }
        ],
        "usage": {"prompt_tokens": 3, "completion_tokens": 5, "total_tokens": 8},
    }


async def test_an_answer_names_its_run_and_session(gateway: Gateway) -> None:
    response, body = await gateway.one.ask({"user": "Jürgen"})
    assert response.headers["x-run-id"] == body["id"].replace("chatcmpl_", "run_")
    assert response.headers["x-openclaw-session-key"] == "agent:main:openai-user:j%C3%BCrgen"
    assert "x-openclaw-queue-position" not in response.headers
    assert "Idempotency-Replayed" not in response.headers


async def test_a_stream_has_the_chunks_of_the_contract(gateway: Gateway) -> None:
    response, raw = await gateway.one.stream({"stream_options": {"include_usage": True}})
    assert response.status == 200
    assert response.headers["Content-Type"] == "text/event-stream; charset=utf-8"
    assert response.headers["Cache-Control"] == "no-cache"
    assert response.headers["Connection"] == "keep-alive"
    assert response.headers["X-Accel-Buffering"] == "no"
    frames = parse_sse(raw)
    chunks = [frame.json() for frame in frames[:-1]]
    assert [frame.id for frame in frames] == [1, 3, 4, 5, 6, None]
    assert frames[-1].data == "[DONE]"
    assert len({(c["id"], c["created"], c["model"]) for c in chunks}) == 1
    assert chunks[0]["id"] == response.headers["x-run-id"].replace("run_", "chatcmpl_")
    assert chunks[0]["choices"] == [
        {"index": 0, "delta": {"role": "assistant"}, "finish_reason": None}
    ]
    assert content_of(frames) == "Hello world"
    assert chunks[-2]["choices"][0]["finish_reason"] == "stop"
    assert chunks[-1] | {"id": "", "created": 0} == {
        "id": "",
        "object": "chat.completion.chunk",
        "created": 0,
        "model": "openclaw",
        "choices": [],
        "usage": {"prompt_tokens": 3, "completion_tokens": 5, "total_tokens": 8},
    }


async def test_the_role_comes_before_any_worker_has_taken_the_run(gateway: Gateway) -> None:
    go = asyncio.Event()

    async def wait(run: Execution) -> None:
        await go.wait()
        await run.complete()

    gateway.script = wait
    async with asyncio.timeout(5), gateway.one.post({"stream": True}) as response:
        first = await response.content.readuntil(b"\n\n")
        assert b'"delta":{"role":"assistant"}' in first
        go.set()
        assert (await response.read()).endswith(b"data: [DONE]\n\n")


async def test_a_tool_call_is_answered_in_both_forms(gateway: Gateway) -> None:
    async def use_tool(run: Execution) -> None:
        assert [tool.name for tool in run.request.tools] == ["weather"]
        await run.say("Let me see. ")
        await run.call("call_1", "weather", "", '{"city":', '"Köln"}')
        await run.complete("tool_calls")

    gateway.script = use_tool
    body = {"tools": [{"type": "function", "function": {"name": "weather"}}]}
    _, whole = await gateway.one.ask(body)
    assert whole["choices"][0]["finish_reason"] == "tool_calls"
    arguments = '{"city":"Köln"}'
    assert whole["choices"][0]["message"] == {
        "role": "assistant",
        "content": "Let me see. ",
        "tool_calls": [
            {
                "id": "call_1",
                "type": "function",
                "function": {"name": "weather", "arguments": arguments},
            }
        ],
    }
    _, raw = await gateway.one.stream(body)
    assert calls_of(parse_sse(raw)) == {0: ("call_1", "weather", arguments)}


async def test_a_tools_result_reaches_the_worker_as_turns(gateway: Gateway) -> None:
    call = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    messages = [
        {"role": "user", "content": "weather?"},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c1", "content": "sunny"},
    ]
    await gateway.one.ask({"messages": messages})
    request = gateway.executions[0].request
    assert (request.message.text, request.message.tool_call_id) == ("sunny", "c1")
    assert request.history[1].tool_calls[0].name == "f"


FAILURE = ErrorBody(429, "rate_limit_error", "provider says slow down", "rate_limit_exceeded")


async def _fail(run: Execution) -> None:
    await run.say("a")
    data = orjson.dumps({"error": FAILURE.to_record()})
    await run.lease.finish(RunStatus.FAILED, events=[("run.failed", data)], error=FAILURE)


async def test_a_failed_run_answers_with_its_error_and_status(gateway: Gateway) -> None:
    gateway.script = _fail
    response, body = await gateway.one.ask()
    assert response.status == 429
    assert "x-run-id" in response.headers
    assert body["error"] | {"request_id": ""} == {
        "message": "provider says slow down",
        "type": "rate_limit_error",
        "code": "rate_limit_exceeded",
        "request_id": "",
    }


async def test_a_failure_that_may_pass_says_when_to_ask_again_unless_a_key_repeats_it(
    gateway: Gateway,
) -> None:
    gateway.script = _fail
    response, _ = await gateway.one.ask()
    assert int(response.headers["Retry-After"]) >= 1
    again, _ = await gateway.one.ask(headers={"Idempotency-Key": "once"})
    assert (again.status, "Retry-After" in again.headers) == (429, False)


async def test_a_run_that_fails_in_a_stream_ends_it_with_its_error(gateway: Gateway) -> None:
    gateway.script = _fail
    response, raw = await gateway.one.stream()
    assert response.status == 200
    frames = parse_sse(raw)
    assert frames[-2].json() == {"error": FAILURE.to_wire()}
    assert frames[-1].data == "[DONE]"


async def test_a_run_that_crashes_is_an_internal_error(gateway: Gateway) -> None:
    async def crash(run: Execution) -> None:
        raise RuntimeError("secret of the inside")

    gateway.script = crash
    response, body = await gateway.one.ask()
    assert response.status == 500
    assert (body["error"]["message"], body["error"]["type"]) == ("Internal error", "api_error")


async def test_a_cancelled_run_answers_409_and_asks_not_to_be_repeated(gateway: Gateway) -> None:
    async def cancelled(run: Execution) -> None:
        await gateway.store.runs.cancel(run.lease.id)
        await asyncio.Event().wait()

    gateway.script = cancelled
    response, body = await gateway.one.ask()
    assert (response.status, body["error"]["code"]) == (409, "run_cancelled")
    assert response.headers["x-should-retry"] == "false"
    _, raw = await gateway.one.stream()
    assert parse_sse(raw)[-2].json()["error"]["code"] == "run_cancelled"


async def test_the_second_run_of_a_session_waits_and_says_so(gateway: Gateway) -> None:
    begun, go = asyncio.Event(), asyncio.Event()

    async def wait(run: Execution) -> None:
        begun.set()
        await go.wait()
        await hello_from(run)

    async def hello_from(run: Execution) -> None:
        await run.say(run.request.message.text)
        await run.complete()

    gateway.script = wait
    async with asyncio.timeout(5):
        first = asyncio.create_task(gateway.one.ask({"user": "alice"}))
        await begun.wait()
        async with gateway.other.post({"user": "alice", "stream": True}) as second:
            assert second.headers["x-openclaw-queue-position"] == "1"
            assert len(gateway.executions) == 1
            go.set()
            assert (await second.read()).endswith(b"[DONE]\n\n")
        await first


@pytest.mark.parametrize("stream", [False, True])
async def test_a_refused_request_is_plain_json_whether_or_not_it_would_stream(
    gateway: Gateway, stream: bool
) -> None:
    response, body = await gateway.one.ask({"stream": stream, "temperature": 3})
    assert response.status == 400
    error = body["error"]
    assert error.pop("request_id") == response.headers["x-request-id"]
    assert error == {
        "message": "`temperature` must be between 0 and 2.",
        "type": "invalid_request_error",
        "param": "temperature",
    }
    response, _ = await gateway.one.ask()
    assert response.status == 200


async def test_lone_surrogates_reach_the_worker_replaced(gateway: Gateway) -> None:
    body = rb'{"model":"openclaw","messages":[{"role":"user","content":"a\ud83db"}]}'
    async with (
        asyncio.timeout(5),
        gateway.one.client.post(gateway.one.url + CHAT, data=body) as response,
    ):
        assert response.status == 200
    assert gateway.executions[0].request.message.text == "a\ufffdb"


async def test_a_large_body_is_parsed_beside_the_loop(gateway: Gateway) -> None:
    messages = [{"role": "user", "content": "x" * 1_000_000}]
    response, _ = await gateway.one.ask({"messages": messages})
    assert response.status == 200
    response, body = await gateway.one.ask({"messages": messages, "top_p": 2})
    assert (response.status, body["error"]["param"]) == (400, "top_p")
    assert len(gateway.executions[0].request.message.text) == 1_000_000


@pytest.mark.parametrize("raw", [b"{", b"[]", b'{"a":1,"a":2}', b"\xff", b"\xef\xbb\xbf{}"])
async def test_a_body_that_is_no_object_is_refused(gateway: Gateway, raw: bytes) -> None:
    async with (
        asyncio.timeout(5),
        gateway.one.client.post(gateway.one.url + CHAT, data=raw) as response,
    ):
        body = await response.json()
    assert (response.status, body["error"]["message"]) == (400, "Invalid request body")


async def test_a_body_one_byte_over_the_limit_is_refused_unread(gateway: Gateway) -> None:
    head = f"POST {CHAT} HTTP/1.1\r\nHost: x\r\nContent-Length: 20971521\r\n\r\n"
    reader, writer = await _connect(gateway)
    writer.write(head.encode())
    async with asyncio.timeout(5):
        answer = await reader.readuntil(b"}}")
    writer.close()
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b'"message":"Payload too large","type":"invalid_request_error"' in answer


async def test_a_chunked_body_is_cut_at_the_limit(gateway: Gateway) -> None:
    async def endless() -> Any:
        while True:
            yield b" " * 1_000_000

    async with (
        asyncio.timeout(20),
        gateway.one.client.post(gateway.one.url + CHAT, data=endless()) as response,
    ):
        assert response.status == 413


@pytest.mark.parametrize("limits", [{"ingress": {"body_timeout_seconds": 0.3}}])
async def test_a_body_that_does_not_come_is_a_408(gateway: Gateway) -> None:
    reader, writer = await _connect(gateway)
    writer.write(f"POST {CHAT} HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{{".encode())
    async with asyncio.timeout(5):
        answer = await reader.readuntil(b"}}")
    writer.close()
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b'"message":"Request body timeout"' in answer


async def test_the_backend_model_header_needs_the_admin_scope(gateway: Gateway) -> None:
    headers = {"x-openclaw-model": "acme/large"}
    await gateway.one.ask(headers=headers)
    assert gateway.executions[0].request.model_override == "acme/large"
    headers["x-openclaw-scopes"] = "operator.write"
    response, body = await gateway.one.ask(headers=headers)
    assert response.status == 403
    assert body["error"]["message"] == "missing scope: operator.admin"


async def test_the_agent_header_chooses_who_answers(gateway: Gateway) -> None:
    await gateway.one.ask(headers={"x-openclaw-agent-id": "beta"})
    assert gateway.executions[0].request.agent_id == "beta"
    response, body = await gateway.one.ask(headers={"x-openclaw-agent-id": "nobody"})
    assert (response.status, body["error"]["message"]) == (400, "Unknown agent 'nobody'.")


async def test_header_bytes_that_are_no_text_are_refused(gateway: Gateway) -> None:
    body = orjson.dumps(HELLO)
    reader, writer = await _connect(gateway)
    writer.write(
        b"POST %s HTTP/1.1\r\nHost: x\r\nx-openclaw-agent-id: \xff\r\nContent-Length: %d\r\n\r\n%s"
        % (CHAT.encode(), len(body), body)
    )
    async with asyncio.timeout(5):
        answer = await reader.readuntil(b"}}")
    writer.close()
    assert answer.startswith(b"HTTP/1.1 400 ")


async def _connect(gateway: Gateway) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection("127.0.0.1", int(gateway.one.url.rpartition(":")[2]))


async def test_a_run_that_is_cancelled_while_it_waits_ends_its_readers(gateway: Gateway) -> None:
    async def wait(run: Execution) -> None:
        await asyncio.Event().wait()

    gateway.script = wait
    async with (
        asyncio.timeout(5),
        gateway.one.post({"user": "alice", "stream": True}),
        gateway.one.post({"user": "alice", "stream": True}) as second,
    ):
        waiting = asyncio.create_task(gateway.other.ask({"user": "alice"}))
        run_id = second.headers["x-run-id"]
        polling = asyncio.create_task(gateway.other.read(f"/v1/runs/{run_id}?wait=60"))
        while gateway.other.service.census.requests < 2:
            await gateway.store.ping()
        await gateway.store.runs.cancel(run_id)
        assert parse_sse(await second.read())[-2].json()["error"]["code"] == "run_cancelled"
        assert (await polling)[1]["cancel_reason"] == "user"
        async with gateway.other.get(f"/v1/runs/{run_id}/events?starting_after=1") as events:
            assert [f.event for f in parse_sse(await events.read())] == ["run.cancelled"]
        waiting.cancel()
        await asyncio.wait([waiting])
