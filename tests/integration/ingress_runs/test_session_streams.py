"""`GET /v1/sessions/{key}/events`: all runs of a session as one stream (run-api.md §4.5)."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from tests.integration.ingress_runs.api import Api, Paused

PATH = "/v1/sessions/s/events"


async def _frames(answer: Any, count: int) -> list[dict[str, str]]:
    """The next `count` frames that have an event."""
    frames: list[dict[str, str]] = []
    while len(frames) < count:
        raw = (await answer.content.readuntil(b"\n\n")).decode()
        pairs = [line.partition(": ") for line in raw.splitlines() if ": " in line]
        frame = {name: value for name, _, value in pairs if name}
        if "event" in frame:
            frames.append(frame)
    return frames


async def test_runs_follow_one_another_also_those_that_come_later(api: Api) -> None:
    paused = api.gateway.script = Paused()
    first = await api.create("one", "s")
    await paused.begun.get()
    second = await api.create("two", "s")
    async with asyncio.timeout(5), api.open("GET", PATH) as answer:
        assert answer.status == 200
        begun = await _frames(answer, 3)
        assert [frame["id"] for frame in begun] == [f"{first}:{n}" for n in (1, 2, 3)]
        assert json.loads(begun[2]["data"])["run_id"] == first
        paused.go.set()
        rest = await _frames(answer, 5)
        third = await api.create("three", "s")
        rest += await _frames(answer, 4)
    assert [frame["id"] for frame in rest] == [
        f"{first}:4",
        *(f"{second}:{n}" for n in (1, 2, 3, 4)),
        *(f"{third}:{n}" for n in (1, 2, 3, 4)),
    ]


async def test_a_session_may_be_followed_before_its_first_run(api: Api) -> None:
    async with asyncio.timeout(5), api.open("GET", PATH) as answer:
        await answer.content.readuntil(b"\n\n")
        run_id = await api.create("one", "s")
        frames = await _frames(answer, 3)
    assert [frame["id"] for frame in frames] == [f"{run_id}:{n}" for n in (1, 2, 3)]


async def test_every_event_is_a_place_to_go_on_from(api: Api) -> None:
    runs = [await api.finished(text, "s") for text in ("one", "two")]
    ids = [f"{run_id}:{n}" for run_id in runs for n in (1, 2, 3)]
    for index, place in enumerate(ids[:-1]):
        headers = {"Last-Event-ID": place}
        async with asyncio.timeout(5), api.open("GET", PATH, headers=headers) as answer:
            rest = await _frames(answer, len(ids) - index - 1)
        assert [frame["id"] for frame in rest] == ids[index + 1 :]


@pytest.mark.parametrize(
    "place", ["x", "7", "run_1:2", "run_123e4567-e89b-42d3-a456-426614174000:1"]
)
async def test_an_event_of_no_run_of_the_session_is_refused(api: Api, place: str) -> None:
    response, body = await api.call("GET", f"{PATH}?starting_after={place}")
    assert (response.status, body["error"]["code"]) == (400, "invalid_last_event_id")


async def test_a_reset_is_told_and_the_end_ends_the_stream(api: Api) -> None:
    await api.finished("one", "s")
    async with asyncio.timeout(5), api.open("GET", PATH) as answer:
        await answer.content.readuntil(b"\n\n")
        await api.session("s", "/reset", "POST")
        (reset,) = await _frames(answer, 1)
        assert (reset["event"], json.loads(reset["data"])["epoch"]) == ("session.reset", 2)
        await api.session("s", "", "DELETE")
        (deleted,) = await _frames(answer, 1)
        assert deleted["event"] == "session.deleted"
        assert await answer.content.read() == b""


async def test_openclaws_history_tells_new_messages_as_they_come(api: Api) -> None:
    await api.finished("one", "s")
    headers = {"Accept": "text/event-stream"}
    async with (
        asyncio.timeout(5),
        api.open("GET", "/sessions/s/history", headers=headers) as answer,
    ):
        (history,) = await _frames(answer, 1)
        assert history["event"] == "history"
        assert [item["seq"] for item in json.loads(history["data"])["messages"]] == [1, 2]
        await api.create("two", "s")
        new = await _frames(answer, 2)
    assert [(frame["event"], json.loads(frame["data"])["seq"]) for frame in new] == [
        ("message", 3),
        ("message", 4),
    ]
