"""The loop that is woken by tokens: what ends its wait, and what it outlives."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace

import pytest
import redis.asyncio

from openclaw_common.contracts.errors import StoreUnavailable
from openclaw_common.queue.token_loop import TokenLoop
from openclaw_common.store.client import RedisClient
from openclaw_common.store.connections import create_pool

LONG_S = 60.0
WAKE = "wake"


class Looks:
    """Answers, or raises, one thing a look, and stops the loop with the last."""

    def __init__(self, *answers: float | Exception | None) -> None:
        self.left = list(answers)
        self.stopping = asyncio.Event()

    async def look(self) -> float | None:
        answer = self.left.pop(0)
        if not self.left:
            self.stopping.set()
        if isinstance(answer, Exception):
            raise answer
        return answer


Made = Callable[[Looks], TokenLoop]


@pytest.fixture
async def made(valkey_url: str, valkey: redis.asyncio.Redis) -> AsyncIterator[Made]:
    """Makes loops that wait for a minute."""
    client = RedisClient(create_pool(valkey_url, timeout_s=5, client_name="t"), timeout_s=5)
    yield lambda looks: TokenLoop(
        client, WAKE, looks.look, LONG_S, looks.stopping, random_s=lambda: 0.0
    )
    await client.close()


async def until_it_waits(valkey: redis.asyncio.Redis) -> None:
    while not any(client["cmd"] == "blpop" for client in await valkey.client_list()):
        await asyncio.sleep(0)


async def test_a_token_ends_the_wait(made: Made, valkey: redis.asyncio.Redis) -> None:
    looks = Looks(None, None)
    running = asyncio.create_task(made(looks).run())
    async with asyncio.timeout(5):
        await until_it_waits(valkey)
        await valkey.rpush(WAKE, "1")
        await running
    assert looks.left == []
    assert await valkey.llen(WAKE) == 0


@pytest.mark.parametrize("due_s", [0.0, 0.0002, 0.05])
async def test_what_is_due_is_not_waited_past(made: Made, due_s: float) -> None:
    looks = Looks(due_s, due_s, None)
    async with asyncio.timeout(5):
        await made(looks).run()
    assert looks.left == []


async def test_a_stop_ends_the_wait_and_leaves_no_connection(
    made: Made, valkey: redis.asyncio.Redis
) -> None:
    looks = Looks(None, None)
    running = asyncio.create_task(made(looks).run())
    async with asyncio.timeout(5):
        await until_it_waits(valkey)
        looks.stopping.set()
        await running
        while any(client["cmd"] == "blpop" for client in await valkey.client_list()):
            await asyncio.sleep(0)
    assert looks.left == [None]


async def test_a_look_that_was_stopped_leaves_the_tokens_to_others(
    made: Made, valkey: redis.asyncio.Redis
) -> None:
    looks = Looks(0.01, None)

    async def look() -> float | None:
        due_s = await looks.look()
        if looks.stopping.is_set():
            await valkey.rpush(WAKE, "1")
        return due_s

    async with asyncio.timeout(5):
        await replace(made(looks), look=look).run()
    assert await valkey.llen(WAKE) == 1


async def test_an_absence_of_redis_is_outlived_and_told_once(
    made: Made, caplog: pytest.LogCaptureFixture
) -> None:
    away = [StoreUnavailable() for _ in range(3)]
    async with asyncio.timeout(5):
        await made(Looks(*away, 0.0, *away[:2], None)).run()
    assert caplog.messages == ["redis_unavailable", "redis_unavailable"]


async def test_an_absence_is_told_that_begins_while_looks_fail(
    made: Made, caplog: pytest.LogCaptureFixture
) -> None:
    async with asyncio.timeout(5):
        await made(Looks(ValueError("unreadable"), StoreUnavailable(), None)).run()
    assert caplog.messages == ["look_failed", "redis_unavailable"]


async def test_what_else_a_look_raises_is_told_with_its_traceback_and_outlived(
    made: Made, caplog: pytest.LogCaptureFixture
) -> None:
    looks = Looks(ValueError("unreadable"), ValueError("still"), None)
    async with asyncio.timeout(5):
        await made(looks).run()
    assert looks.left == []
    assert caplog.messages == ["look_failed", "look_failed"]
    assert "unreadable" in caplog.text
