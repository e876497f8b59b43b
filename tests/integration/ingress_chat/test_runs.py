"""Reading a run, waiting for it, and following its events (run-api.md §4.2, §4.3)."""

import asyncio
from typing import Any

import pytest

from tests.integration.ingress_chat.gateway import Execution, Gateway
from tests.unit.ingress_chat.streams import parse_sse

JSON = {"Accept": "application/json"}


class _Paused:
    def __init__(self) -> None:
        self.begun, self.go = asyncio.Event(), asyncio.Event()

    async def __call__(self, run: Execution) -> None:
        await run.say("one ")
        self.begun.set()
        await self.go.wait()
        await run.say("two")
        await run.complete()


async def _finished(gateway: Gateway) -> str:
    response, _ = await gateway.one.ask()
    run_id: str = response.headers["x-run-id"]
    return run_id


async def test_a_finished_run_tells_everything_that_is_known(gateway: Gateway) -> None:
    headers = {"Idempotency-Key": "k", "x-openclaw-session-key": "mine"}
    response, completion = await gateway.one.ask(headers=headers)
    run_id = response.headers["x-run-id"]
    for any_id in (run_id, completion["id"]):
        response, run = await gateway.other.read(f"/v1/runs/{any_id}")
        assert (response.status, response.headers["x-run-id"]) == (200, run_id)
    assert run["created_at"] <= run.pop("started_at") <= run.pop("completed_at")
    assert run.pop("expires_at") > run.pop("created_at")
    assert run.pop("queue_wait_ms") >= 0
    assert run.pop("queued_at") > 0
    assert run == {
        "id": run_id,
        "object": "run",
        "status": "completed",
        "agent_id": "main",
        "session_key": "agent:main:mine",
        "source": "chat",
        "model": "openclaw",
        "attempt": 1,
        "max_attempts": 5,
        "output": "Hello world",
        "usage": {"prompt_tokens": 3, "completion_tokens": 5, "total_tokens": 8},
        "last_error": None,
        "incomplete_details": None,
        "last_sequence_number": 6,
        "queue_position": None,
        "time_to_first_token_ms": None,
        "delivery": {"requested": False, "status": None, "ids": []},
        "multitask_strategy": "enqueue",
        "metadata": {},
        "idempotency_key": "k",
        "retry_of": None,
        "trace_id": None,
    }


async def test_a_run_under_way_is_known_so_far(gateway: Gateway) -> None:
    paused = gateway.script = _Paused()
    async with asyncio.timeout(5), gateway.one.post({"stream": True}) as response:
        await paused.begun.wait()
        _, run = await gateway.other.read(f"/v1/runs/{response.headers['x-run-id']}")
        assert (run["status"], run["output"], run["usage"]) == ("in_progress", None, None)
        assert (run["completed_at"], run["last_sequence_number"]) == (None, 3)


async def test_a_failed_run_tells_its_last_error(gateway: Gateway) -> None:
    async def crash(run: Execution) -> None:
        raise RuntimeError

    gateway.script = crash
    _, run = await gateway.one.read(f"/v1/runs/{await _finished(gateway)}")
    assert run["status"] == "failed"
    assert run["last_error"] == {"message": "Internal error", "type": "api_error"}


async def test_waiting_ends_with_the_run(gateway: Gateway) -> None:
    paused = gateway.script = _Paused()
    async with asyncio.timeout(5), gateway.one.post({"stream": True}) as response:
        await paused.begun.wait()
        path = f"/v1/runs/{response.headers['x-run-id']}?wait=60"
        waiting = asyncio.create_task(gateway.other.read(path))
        while not gateway.other.service.census.requests:
            await gateway.store.ping()
        paused.go.set()
        _, run = await waiting
    assert (run["status"], run["output"]) == ("completed", "one two")


async def test_waiting_ends_with_the_time(gateway: Gateway) -> None:
    paused = gateway.script = _Paused()
    async with asyncio.timeout(5), gateway.one.post({"stream": True}) as response:
        await paused.begun.wait()
        _, run = await gateway.other.read(f"/v1/runs/{response.headers['x-run-id']}?wait=0.05")
    assert run["status"] == "in_progress"


@pytest.mark.parametrize("wait", ["", "-1", "61", "x", "1e3", "nan"])
async def test_a_wait_that_is_none_is_refused(gateway: Gateway, wait: str) -> None:
    response, body = await gateway.one.read(f"/v1/runs/{await _finished(gateway)}?wait={wait}")
    assert response.status == 400
    assert body["error"]["message"] == "`wait` must be between 0 and 60 seconds."


async def test_an_unchanged_run_need_not_be_sent_again(gateway: Gateway) -> None:
    path = f"/v1/runs/{await _finished(gateway)}"
    first, _ = await gateway.one.read(path)
    tag = first.headers["ETag"]
    for known in (tag, f'"other", {tag}', f"W/{tag}", "*"):
        async with gateway.other.get(path, headers={"If-None-Match": known}) as response:
            assert (response.status, await response.read()) == (304, b"")
            assert response.headers["ETag"] == tag
    response, _ = await gateway.other.read(path, headers={"If-None-Match": '"other"'})
    assert response.status == 200


async def test_the_events_of_a_run_are_numbered_typed_and_end_with_the_terminal_one(
    gateway: Gateway,
) -> None:
    run_id = await _finished(gateway)
    async with gateway.other.get(f"/v1/runs/{run_id}/events") as response:
        raw = await response.read()
    assert response.headers["Content-Type"] == "text/event-stream; charset=utf-8"
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["X-Accel-Buffering"] == "no"
    assert raw.startswith(b"retry: 1000\n\nid: 1\nevent: run.queued\ndata: {")
    frames = parse_sse(raw)
    assert [(frame.id, frame.event) for frame in frames] == [
        (1, "run.queued"),
        (2, "run.in_progress"),
        (3, "message.delta"),
        (4, "message.delta"),
        (5, "message.completed"),
        (6, "run.completed"),
    ]
    assert frames[2].json() == {
        "type": "message.delta",
        "sequence_number": 3,
        "run_id": run_id,
        "attempt": 1,
        "delta": "Hello ",
    }
    assert frames[5].json()["usage"]["total_tokens"] == 8


async def test_events_come_as_they_happen_and_go_on_behind_any_of_them(gateway: Gateway) -> None:
    paused = gateway.script = _Paused()
    async with asyncio.timeout(5), gateway.one.post({"stream": True}) as chat:
        path = f"/v1/runs/{chat.headers['x-run-id']}/events"
        async with gateway.other.get(path) as live:
            raw = await live.content.readuntil(b'one "}\n\n')
            paused.go.set()
            raw += await live.read()
        frames = parse_sse(raw)
        for after in range(len(frames)):
            async with gateway.one.get(f"{path}?starting_after={after}") as rest:
                assert parse_sse(await rest.read()) == frames[after:]


async def test_an_event_source_that_has_the_end_is_told_not_to_come_back(gateway: Gateway) -> None:
    path = f"/v1/runs/{await _finished(gateway)}/events"
    async with gateway.one.get(path, headers={"Last-Event-ID": "6"}) as response:
        assert (response.status, await response.read()) == (204, b"")
    async with gateway.one.get(path + "?starting_after=6") as response:
        assert (response.status, await response.read()) == (200, b"retry: 1000\n\n")


async def test_a_restart_is_an_event_like_others(gateway: Gateway) -> None:
    async def twice(run: Execution) -> None:
        await run.say("x")
        if run.lease.attempt == 1:
            await run.lease.release()
        else:
            await run.complete()

    gateway.script = twice
    async with gateway.one.get(f"/v1/runs/{await _finished(gateway)}/events") as response:
        frames = parse_sse(await response.read())
    reset = next(frame for frame in frames if frame.event == "run.reset").json()
    assert (reset["attempt"], reset["discard_from"]) == (2, 3)
    assert [frame.id for frame in frames] == list(range(1, len(frames) + 1))


async def test_events_are_read_in_pages(gateway: Gateway) -> None:
    path = f"/v1/runs/{await _finished(gateway)}/events"
    _, page = await gateway.one.read(path, headers=JSON)
    assert (page["object"], page["first_id"], page["last_id"]) == ("list", 1, 6)
    assert page["has_more"] is False
    collected: list[Any] = []
    after = 0
    while True:
        query = f"?limit=4&starting_after={after}"
        response, part = await gateway.other.read(path + query, headers=JSON)
        assert response.headers["Cache-Control"] == "no-store"
        collected += part["data"]
        if not part["has_more"]:
            break
        after = part["last_id"]
    assert collected == page["data"]
    _, empty = await gateway.one.read(path + "?starting_after=6", headers=JSON)
    assert empty == {
        "object": "list", "data": [], "first_id": None, "last_id": None, "has_more": False
    }  # fmt: skip


@pytest.mark.parametrize("limit", ["0", "101", "x", "-1", ""])
async def test_a_page_size_that_is_none_is_refused(gateway: Gateway, limit: str) -> None:
    path = f"/v1/runs/{await _finished(gateway)}/events?limit={limit}"
    response, body = await gateway.one.read(path, headers=JSON)
    assert (response.status, body["error"]["param"]) == (400, "limit")


@pytest.mark.parametrize("given", ["x", "-1", "1.0", "99999999999999999"])
async def test_an_id_that_is_no_number_is_refused(gateway: Gateway, given: str) -> None:
    path = f"/v1/runs/{await _finished(gateway)}/events?starting_after={given}"
    response, body = await gateway.one.read(path)
    assert (response.status, body["error"]["code"]) == (400, "invalid_last_event_id")


async def test_an_unknown_run_has_no_events(gateway: Gateway) -> None:
    path = "/v1/runs/run_123e4567-e89b-42d3-a456-426614174000/events"
    response, body = await gateway.one.read(path)
    assert (response.status, body["error"]["code"]) == (404, "run_not_found")


async def test_events_that_are_no_longer_kept_are_gone(gateway: Gateway) -> None:
    run_id = await _finished(gateway)
    store = gateway.store
    await store.client.execute("DEL", store.keys.events(store.streams.kind, run_id))
    for headers in ({}, JSON):
        response, body = await gateway.one.read(f"/v1/runs/{run_id}/events", headers=headers)
        assert (response.status, body["error"]["code"]) == (410, "stream_expired")


async def test_a_stream_that_lost_its_beginning_says_where_it_begins(gateway: Gateway) -> None:
    run_id = await _finished(gateway)
    store = gateway.store
    key = store.keys.events(store.streams.kind, run_id)
    await store.client.execute("XTRIM", key, "MINID", "1-4")
    async with gateway.one.get(f"/v1/runs/{run_id}/events") as response:
        frames = parse_sse(await response.read())
    assert (frames[0].id, frames[0].event) == (None, "stream_truncated")
    assert frames[0].json()["first_available"] == 4
    assert [frame.id for frame in frames[1:]] == [4, 5, 6]
