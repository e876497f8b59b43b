"""A second message while the session is busy (run-api.md §4.1, `multitask_strategy`)."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from openclaw_common.store.requests import stored_request
from tests.integration.ingress_chat.gateway import CHAT, HELLO
from tests.integration.ingress_runs.api import RUNS, Api, Paused
from tests.unit.ingress_chat.streams import parse_sse


async def _busy(api: Api) -> tuple[Paused, str]:
    paused = api.gateway.script = Paused()
    active = await api.create("first", "s")
    await paused.begun.get()
    return paused, active


async def _end(api: Api, *run_ids: str) -> list[str]:
    return [(await api.call("GET", f"{RUNS}/{run_id}?wait=5"))[1]["status"] for run_id in run_ids]


async def test_a_rejected_message_is_told_who_keeps_the_session(api: Api) -> None:
    paused, active = await _busy(api)
    for path, body in (
        (RUNS, {"input": "hi", "session_key": "s"}),
        (CHAT, {**HELLO, "user": "u"}),
    ):
        if path == CHAT:
            await api.create(session="agent:main:openai-user:u")
        response, answer = await api.call("POST", path, {**body, "multitask_strategy": "reject"})
        assert (response.status, answer["error"]["code"]) == (409, "session_busy")
        assert response.headers["x-should-retry"] == "false"
    paused.go.set()
    assert await _end(api, active) == ["completed"]
    await api.create(session="s", multitask_strategy="reject")


async def test_of_many_rejecting_messages_at_once_one_gets_an_idle_session(api: Api) -> None:
    paused = api.gateway.script = Paused()
    body = {"input": "hi", "session_key": "s", "multitask_strategy": "reject"}
    answers = await asyncio.gather(*(api.call("POST", RUNS, body) for _ in range(30)))
    assert sorted(response.status for response, _ in answers) == [202] + [409] * 29
    paused.go.set()


async def test_an_interrupting_message_ends_what_runs_and_what_waits(api: Api) -> None:
    paused, active = await _busy(api)
    waiting = [await api.create(str(n), "s") for n in range(3)]
    last = await api.create("now", "s", multitask_strategy="interrupt")
    assert await _end(api, active, *waiting) == ["cancelled"] * 4
    assert {(await api.run(run_id))["cancel_reason"] for run_id in waiting} == {"interrupted"}
    paused.go.set()
    assert await _end(api, last) == ["completed"]
    assert [run.request.message.text for run in api.gateway.executions] == ["first", "now"]


async def test_of_many_interrupting_messages_at_once_the_last_accepted_is_left(api: Api) -> None:
    paused = api.gateway.script = Paused()
    options = {"multitask_strategy": "interrupt"}
    made = await asyncio.gather(*(api.create(str(n), "s", **options) for n in range(30)))
    async with asyncio.timeout(5):
        while len((lane := await api.store.session_steps.lane("agent:main:s")).run_ids) > 1:
            await api.store.ping()
    paused.go.set()
    statuses = await _end(api, *made)
    assert statuses.count("cancelled") == 29
    assert statuses[made.index(lane.run_ids[0])] == "completed"


async def test_collected_messages_are_one_later_turn(api: Api) -> None:
    paused, active = await _busy(api)
    options = {"multitask_strategy": "collect"}
    one = await api.create("one", "s", **options)
    response, run = await api.call("POST", RUNS, {"input": "two", "session_key": "s", **options})
    assert (run["id"], response.headers["x-openclaw-collected"]) == (one, "true")
    assert run["multitask_strategy"] == "collect"
    other = await api.create("else", "s", instructions="Shout.", **options)
    assert other != one
    paused.go.set()
    assert await _end(api, active, one, other) == ["completed"] * 3
    collected = await api.store.session_steps.lane("agent:main:s")
    assert collected.run_ids == ()
    request = await _worked_on(api, one)
    assert request == (
        "[Queued messages while agent was busy]\n\n---\nQueued #1\none\n\n---\nQueued #2\ntwo"
    )


async def _worked_on(api: Api, run_id: str) -> str:
    """The message as the worker understands it."""
    stored = await stored_request(api.store.scripts, run_id)
    assert stored is not None
    return stored.request.message.text


async def test_an_idle_session_collects_nothing(api: Api) -> None:
    run_id = await api.finished("one", "s", multitask_strategy="collect")
    assert await _worked_on(api, run_id) == "one"


async def test_many_messages_collected_at_once_are_all_in_one_turn_once(api: Api) -> None:
    paused, _ = await _busy(api)
    texts = [f"text-{n}" for n in range(18)]
    options = {"multitask_strategy": "collect"}
    made = await asyncio.gather(*(api.create(text, "s", **options) for text in texts))
    (run_id,) = set(made)
    merged = await _worked_on(api, run_id)
    assert all(merged.count(f"\n{text}") >= 1 for text in texts)
    assert merged.count("Queued #") == 18
    paused.go.set()


@pytest.mark.parametrize("settings", [{"messages": {"queue": {"cap": 100}}}])
async def test_a_message_is_collected_or_has_its_own_turn_while_runs_start(api: Api) -> None:
    """Messages come while the collecting run is being claimed: none is lost, none is doubled."""
    seen: list[str] = []

    async def note(run: Any) -> None:
        stored = await _worked_on(api, run.lease.id)
        seen.append(stored)
        await run.complete()

    api.gateway.script = note
    texts = [f"<{n}>" for n in range(60)]
    options = {"multitask_strategy": "collect"}
    made = await asyncio.gather(*(api.create(text, "s", **options) for text in texts))
    assert set(await _end(api, *set(made))) == {"completed"}
    everything = "\n".join(seen)
    assert [everything.count(text) for text in texts] == [1] * 60


@pytest.mark.parametrize("settings", [{"messages": {"queue": {"cap": 3, "drop": "summarize"}}}])
async def test_past_the_cap_the_oldest_become_lines(api: Api) -> None:
    paused, _ = await _busy(api)
    made = [await api.create(f"message {n}", "s", multitask_strategy="collect") for n in range(5)]
    assert await _worked_on(api, made[0]) == (
        "[Queued messages while agent was busy]\n\n"
        "[Queue overflow] Dropped 2 messages due to cap.\nSummary:\n- message 0\n- message 1\n\n"
        "---\nQueued #1\nmessage 2\n\n---\nQueued #2\nmessage 3\n\n---\nQueued #3\nmessage 4"
    )
    paused.go.set()


@pytest.mark.parametrize("settings", [{"messages": {"queue": {"cap": 1, "drop": "old"}}}])
async def test_past_the_cap_the_oldest_go_without_a_trace(api: Api) -> None:
    paused, _ = await _busy(api)
    run_id = await api.create("old", "s", multitask_strategy="collect")
    await api.create("new", "s", multitask_strategy="collect")
    text = await _worked_on(api, run_id)
    assert "old" not in text
    assert text.endswith("Queued #1\nnew")
    paused.go.set()


@pytest.mark.parametrize("settings", [{"messages": {"queue": {"cap": 1, "drop": "new"}}}])
async def test_past_the_cap_a_new_message_is_refused(api: Api) -> None:
    paused, _ = await _busy(api)
    await api.create("old", "s", multitask_strategy="collect")
    body = {"input": "new", "session_key": "s", "multitask_strategy": "collect"}
    response, answer = await api.call("POST", RUNS, body)
    assert (response.status, answer["error"]["code"]) == (429, "queue_full")
    assert "Retry-After" in response.headers
    paused.go.set()


async def test_a_key_stands_for_a_collected_message_as_well(api: Api) -> None:
    paused, _ = await _busy(api)
    body = {"session_key": "s", "multitask_strategy": "collect"}
    await api.create("one", **{"session": "s", "multitask_strategy": "collect"})
    key = {"Idempotency-Key": "two"}
    first, run = await api.call("POST", RUNS, {"input": "two", **body}, headers=key)
    again, same = await api.call("POST", RUNS, {"input": "two", **body}, headers=key)
    assert "x-openclaw-collected" in first.headers
    assert (same["id"], again.headers["Idempotency-Replayed"]) == (run["id"], "true")
    assert (await _worked_on(api, run["id"])).count("two") == 1
    paused.go.set()


async def test_who_is_collected_on_chat_completions_gets_the_common_answer(api: Api) -> None:
    paused, _ = await _busy(api)
    await api.create(session="agent:main:openai-user:u")
    await paused.begun.get()
    body = {**HELLO, "user": "u", "stream": True, "multitask_strategy": "collect"}
    async with (
        asyncio.timeout(5),
        api.open("POST", CHAT, json=body) as one,
        api.open("POST", CHAT, json=body) as two,
    ):
        assert two.headers["x-openclaw-collected"] == "true"
        assert one.headers["x-run-id"] == two.headers["x-run-id"]
        paused.go.set()
        texts = [parse_sse(await answer.read())[-1].data for answer in (one, two)]
    assert texts == ["[DONE]", "[DONE]"]


@pytest.mark.parametrize(
    ("settings", "strategy"),
    [
        ({}, "enqueue"),
        ({"messages": {"queue": {"mode": "interrupt"}}}, "interrupt"),
        ({"messages": {"queue": {"mode": "collect"}}}, "collect"),
        ({"messages": {"queue": {"byChannel": {"webchat": "interrupt"}}}}, "interrupt"),
        (
            {
                "agents": {"entries": {"main": {"multitaskStrategy": "collect"}}},
                "messages": {"queue": {"mode": "interrupt"}},
            },
            "collect",
        ),
    ],
)
async def test_the_agent_or_the_configuration_decides_where_the_request_does_not(
    api: Api, strategy: str
) -> None:
    run = await api.run(await api.finished(session="s"))
    assert run["multitask_strategy"] == strategy
    asked = await api.run(await api.finished(session="s", multitask_strategy="reject"))
    assert asked["multitask_strategy"] == "reject"
