"""`POST /v1/runs` (run-api.md §4.2, §4.6)."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from pydantic import TypeAdapter

from openclaw_ingress.schemas.run_create import RunCreate
from openclaw_ingress.schemas.run_object import RunObject
from openclaw_ingress.schemas.session_object import SessionMessage, SessionObject
from tests.integration.ingress_runs.api import RUNS, Api, Paused
from tests.unit.ingress_chat.streams import parse_sse

FULL = {
    "agent_id": "beta",
    "input": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "hi"}],
    "instructions": "In French.",
    "session_key": "mine",
    "temperature": 0.5,
    "max_tokens": 9,
    "metadata": {"ticket": "42"},
    "timeout_seconds": 30,
    "thinking": "low",
    "tools": [{"type": "function", "function": {"name": "look"}}],
}


async def test_a_run_is_accepted_and_found_where_the_location_says(api: Api) -> None:
    response, run = await api.call("POST", RUNS, FULL)
    assert (response.status, response.headers["Location"]) == (202, f"/v1/runs/{run['id']}")
    assert response.headers["x-run-id"] == run["id"]
    assert (run["agent_id"], run["session_key"], run["source"]) == (
        "beta",
        "agent:beta:mine",
        "api",
    )
    assert (run["metadata"], run["multitask_strategy"]) == ({"ticket": "42"}, "enqueue")
    _, ended = await api.call("GET", f"{RUNS}/{run['id']}?wait=5")
    assert (ended["status"], ended["output"]) == ("completed", "answer")
    assert ended["time_to_first_token_ms"] == ended["queue_wait_ms"] + 7
    assert ended["delivery"] == {"requested": False, "status": None, "ids": []}
    request = api.gateway.executions[0].request
    assert (request.system, request.message.text) == ("In French.\n\nBe brief.", "hi")
    assert (request.sampling.temperature, request.sampling.max_tokens) == (0.5, 9)
    assert (request.timeout_s, request.thinking, request.tools[0].name) == (30, "low", "look")


async def test_a_run_can_be_followed_from_its_creation_on(api: Api) -> None:
    for path, body in ((f"{RUNS}?stream=true", {}), (RUNS, {"stream": True})):
        async with (
            asyncio.timeout(5),
            api.open("POST", path, json={"input": "hi", **body}) as answer,
        ):
            assert answer.status == 200
            assert answer.headers["Location"] == f"/v1/runs/{answer.headers['x-run-id']}"
            frames = parse_sse(await answer.read())
    assert [frame.event for frame in frames] == ["run.queued", "run.in_progress", "run.completed"]
    assert [frame.id for frame in frames] == [1, 2, 3]


async def test_runs_and_sessions_have_the_members_of_their_schemas(api: Api) -> None:
    run_id = await api.finished("hi", "s")
    _, page = await api.session("s", "/messages")
    for shown, schema in (
        (await api.run(run_id), RunObject),
        ((await api.session("s"))[1], SessionObject),
        (page["data"][0], SessionMessage),
    ):
        assert TypeAdapter(schema).validate_python(shown) == shown
        assert set(shown) == set(schema.__annotations__) - {"cancel_reason"}
    assert TypeAdapter(RunObject).json_schema()["title"] == "RunObject"
    assert RunCreate.model_json_schema()["additionalProperties"] is False


async def test_a_run_goes_on_without_its_client(api: Api) -> None:
    paused = api.gateway.script = Paused()
    async with api.open("POST", f"{RUNS}?stream=true", json={"input": "hi"}) as answer:
        run_id = answer.headers["x-run-id"]
        await paused.begun.get()
    paused.go.set()
    _, run = await api.call("GET", f"{RUNS}/{run_id}?wait=5")
    assert run["status"] == "completed"


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({}, "input"),
        ({"input": "hi", "messages": []}, "input"),
        ({"input": []}, "messages"),
        ({"input": "hi", "unknown": 1}, "unknown"),
        ({"input": "hi", "metadata": {"k" * 65: "v"}}, "metadata." + "k" * 65),
        ({"input": "hi", "metadata": {"k": "v" * 513}}, "metadata.k"),
        ({"input": "hi", "metadata": {str(n): "" for n in range(17)}}, "metadata"),
        ({"input": "hi", "timeout_seconds": 0}, "timeout_seconds"),
        ({"input": "hi", "multitask_strategy": "steer"}, "multitask_strategy"),
        ({"input": "hi", "session_key": "subagent:x"}, "session_key"),
        ({"input": "hi", "session_key": "a\nb"}, "session_key"),
        ({"input": "hi", "temperature": 3}, "temperature"),
        ({"input": "hi", "model": "other/model"}, "model"),
        ({"input": "hi", "delivery": {"channel": "pigeon", "to": "1"}}, "delivery.channel"),
        ({"input": "hi", "delivery": {"channel": "webhook"}}, "delivery.to"),
    ],
)
async def test_a_fault_is_named(api: Api, body: dict[str, Any], param: str) -> None:
    response, answer = await api.call("POST", RUNS, body)
    assert (response.status, answer["error"]["param"]) == (400, param)
    assert answer["error"]["request_id"]


@pytest.mark.parametrize("path", [RUNS, f"{RUNS}?stream=true"])
async def test_a_hundred_equal_requests_over_three_replicas_are_one_run(
    api: Api, path: str
) -> None:
    async def post() -> tuple[int, str, bool]:
        options = {"json": {"input": "hi"}, "headers": {"Idempotency-Key": "same"}}
        async with asyncio.timeout(10), api.open("POST", path, **options) as answer:
            await answer.read()
            replayed = answer.headers.get("Idempotency-Replayed") == "true"
            return answer.status, answer.headers["x-run-id"], replayed

    answers = await asyncio.gather(*(post() for _ in range(100)))
    assert len({run_id for _, run_id, _ in answers}) == 1
    assert sum(replayed for *_, replayed in answers) == 99
    assert len({status for status, *_ in answers}) == 1
    await api.call("GET", f"{RUNS}/{answers[0][1]}?wait=5")
    assert len(api.gateway.executions) == 1


async def test_the_same_key_with_another_body_is_a_conflict(api: Api) -> None:
    key = {"Idempotency-Key": "same"}
    first, _ = await api.call("POST", RUNS, {"input": "hi"}, headers=key)
    again, _ = await api.call("POST", RUNS, {"input": "hi"}, headers=key)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.headers["x-run-id"] == first.headers["x-run-id"]
    for other in ({"input": "ho"}, {"input": "hi", "agent_id": "beta"}):
        response, body = await api.call("POST", RUNS, other, headers=key)
        assert (response.status, body["error"]["code"]) == (409, "idempotency_key_conflict")
