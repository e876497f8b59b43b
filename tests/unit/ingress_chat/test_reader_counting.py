"""Whoever reads a run is counted out exactly when counted in, however the client leaves."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any, cast

import pytest
from aiohttp import web

from openclaw_common.contracts.errors import QueueFull, StoreUnavailable
from openclaw_common.queue.job_queue import Admitted, Replayed
from openclaw_common.runtime.lifecycle import Drain
from openclaw_ingress import chat_admission
from openclaw_ingress.app_keys import QUEUE, READER, STORE
from openclaw_ingress.chat_admission import (
    AdmissionHeaders,
    first_reader,
    joining_reader,
    submit,
)
from openclaw_ingress.open_streams import OPEN_STREAMS, OpenStreams
from tests.unit.ingress_chat.chat_requests import parse

RUN_ID = "run_123e4567-e89b-42d3-a456-426614174000"
HEADERS = AdmissionHeaders("", "cancel")


@dataclass
class Redis:
    """A queue and a store whose answers come when the test lets them; `calls` is what they saw."""

    outcome: Admitted | Replayed | Exception = field(
        default_factory=lambda: Admitted(RUN_ID, 0, 1_700_000_000_000)
    )
    answers: asyncio.Event = field(default_factory=asyncio.Event)
    calls: list[str] = field(default_factory=list)
    known: list[Any] = field(default_factory=list)
    """What each look for the run finds; afterwards it is there."""
    refusals: list[Exception] = field(default_factory=list)
    """What counting out meets first."""

    @property
    def runs(self) -> Redis:
        return self

    async def submit(self, run_id: str, *_: object, **__: object) -> Admitted | Replayed:
        await self._answer("submit")
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome

    async def attach_reader(self, run_id: str) -> None:
        await self._answer("attach")
        if isinstance(self.outcome, Exception):
            raise self.outcome

    async def detach_reader(self, run_id: str) -> None:
        await self._answer("detach")
        if self.refusals:
            raise self.refusals.pop(0)

    async def get(self, run_id: str) -> Any:
        await self._answer("get")
        found = self.known.pop(0) if self.known else object()
        if isinstance(found, Exception):
            raise found
        return found

    async def _answer(self, call: str) -> None:
        await self.answers.wait()
        self.calls.append(call)


def _app(redis: Redis) -> web.Application:
    app = web.Application()
    app[QUEUE] = cast(Any, redis)
    app[STORE] = cast(Any, redis)
    app[READER] = cast(Any, None)
    app[OPEN_STREAMS] = OpenStreams(Drain(), 1)
    return app


async def _leave(task: asyncio.Task[Any], redis: Redis) -> None:
    """Cancel a handler as aiohttp does, let Redis answer, and wait for both."""
    await _settle()
    task.cancel()
    await _settle()
    redis.answers.set()
    async with asyncio.timeout(5):
        await asyncio.wait([task])
    assert task.cancelled()


async def _settle() -> None:
    """Let every other task go on until it waits."""
    for _ in range(5):
        await asyncio.sleep(0)


@pytest.mark.parametrize(
    ("outcome", "calls"),
    [
        (Admitted(RUN_ID, 0, 1_700_000_000_000), ["submit", "detach"]),
        (Replayed(RUN_ID), ["submit"]),
        (QueueFull(lane=False, retry_after_s=1), ["submit"]),
        (StoreUnavailable(), ["submit"]),
    ],
    ids=["admitted", "replayed", "refused", "store away"],
)
async def test_a_client_that_leaves_while_its_run_is_accepted_is_counted_out_of_it(
    outcome: Any, calls: list[str]
) -> None:
    redis = Redis(outcome)
    task = asyncio.create_task(submit(_app(redis), RUN_ID, parse({}), HEADERS))
    await _leave(task, redis)
    assert redis.calls == calls


async def _read(app: web.Application, how: Any, *, ended: bool = False, forever: bool) -> None:
    async with how(app, RUN_ID) as reading:
        reading.run_ended = ended
        if forever:
            await asyncio.Event().wait()


async def test_a_first_reader_that_leaves_is_counted_out_before_the_handler_ends() -> None:
    redis = Redis()
    task = asyncio.create_task(_read(_app(redis), first_reader, forever=True))
    await _leave(task, redis)
    assert redis.calls == ["detach"]


async def test_a_joining_reader_that_leaves_at_once_is_counted_in_before_it_is_counted_out() -> (
    None
):
    redis = Redis()
    task = asyncio.create_task(_read(_app(redis), joining_reader, forever=True))
    await _leave(task, redis)
    assert redis.calls == ["attach", "detach"]


async def test_a_reader_that_could_not_be_counted_in_is_not_counted_out() -> None:
    redis = Redis(StoreUnavailable())
    redis.answers.set()
    with pytest.raises(StoreUnavailable):
        await _read(_app(redis), joining_reader, forever=False)
    assert redis.calls == ["attach"]


@pytest.mark.parametrize(
    ("how", "ended", "calls"),
    [
        (first_reader, True, []),
        (first_reader, False, ["detach"]),
        (joining_reader, True, ["attach"]),
        (joining_reader, False, ["attach", "detach"]),
    ],
)
async def test_readers_of_a_run_that_has_ended_need_not_be_counted_out(
    how: Any, ended: bool, calls: list[str]
) -> None:
    redis = Redis()
    redis.answers.set()
    await _read(_app(redis), how, ended=ended, forever=False)
    assert redis.calls == calls


async def test_counting_out_goes_on_when_the_server_cancels_a_second_time() -> None:
    redis = Redis()
    app = _app(redis)
    task = asyncio.create_task(_read(app, first_reader, forever=True))
    for _ in range(2):
        await _settle()
        task.cancel()
    await asyncio.wait([task])
    assert redis.calls == []
    redis.answers.set()
    async with asyncio.timeout(5):
        await app[OPEN_STREAMS].close()
    assert redis.calls == ["detach"]


async def _until_counted_out(redis: Redis, calls: list[str]) -> None:
    async with asyncio.timeout(5):
        while redis.calls != calls:
            await asyncio.sleep(0)


async def test_a_run_accepted_although_its_client_was_refused_is_counted_out_once_redis_is_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(chat_admission, "RECOUNT_AFTER_S", (0.0,) * 4)
    redis = Redis(StoreUnavailable(), known=[StoreUnavailable(), None])
    redis.answers.set()
    with pytest.raises(StoreUnavailable):
        await submit(_app(redis), RUN_ID, parse({}), HEADERS)
    await _until_counted_out(redis, ["submit", "get", "get", "get", "detach"])


async def test_a_reader_who_left_while_redis_was_away_is_counted_out_once_it_is_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(chat_admission, "RECOUNT_AFTER_S", (0.0,) * 4)
    redis = Redis(refusals=[StoreUnavailable(), StoreUnavailable()])
    redis.answers.set()
    await _read(_app(redis), first_reader, forever=False)
    await _until_counted_out(redis, ["detach", "get", "detach", "get", "detach"])


async def test_counting_out_gives_up_with_the_process_and_when_there_is_too_much_of_it() -> None:
    redis = Redis(StoreUnavailable())
    redis.answers.set()
    app = _app(redis)
    before = asyncio.all_tasks()
    for _ in range(2):
        with pytest.raises(StoreUnavailable):
            await submit(app, RUN_ID, parse({}), HEADERS)
    await _settle()
    waiting = asyncio.all_tasks() - before
    assert len(waiting) == 1
    await app[OPEN_STREAMS].close()
    async with asyncio.timeout(5):
        await asyncio.wait(waiting)
    assert redis.calls == ["submit", "submit"]
