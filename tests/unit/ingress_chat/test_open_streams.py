"""How many streams a process has, and how they learn that it closes."""

import asyncio

import pytest

from openclaw_common.runtime.lifecycle import Drain
from openclaw_ingress.errors import GatewayUnavailable
from openclaw_ingress.open_streams import OpenStreams, TooManyStreams


def test_a_slot_is_free_again_when_its_stream_has_ended() -> None:
    streams = OpenStreams(Drain(), 2)
    with streams.slot():
        with streams.slot(), pytest.raises(TooManyStreams), streams.slot():
            pass
        assert streams.open == 1
    with streams.slot(), streams.slot():
        assert streams.open == 2


def test_a_closing_process_has_no_slots() -> None:
    drain = Drain()
    drain.close()
    with pytest.raises(GatewayUnavailable), OpenStreams(drain, 1).slot():
        pass


async def test_everything_that_waits_is_interrupted_when_the_process_closes() -> None:
    drain = Drain()
    streams = OpenStreams(drain, 1)
    waiting = asyncio.Semaphore(0)

    async def wait() -> str:
        try:
            async with streams.until_closing():
                waiting.release()
                await asyncio.Event().wait()
        except TimeoutError:
            return "interrupted"
        return "not reached"

    async with asyncio.timeout(5):
        waits = [asyncio.create_task(wait()) for _ in range(3)]
        for _ in waits:
            await waiting.acquire()
        drain.begin()
        assert not any(task.done() for task in waits)
        drain.close()
        assert await asyncio.gather(*waits) == ["interrupted"] * 3
        assert await wait() == "interrupted"
    await streams.close()


async def test_a_client_that_leaves_is_not_taken_for_the_process_closing() -> None:
    streams = OpenStreams(Drain(), 1)

    async def wait() -> None:
        async with streams.until_closing():
            await asyncio.Event().wait()

    task = asyncio.create_task(wait())
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()
    await streams.close()


async def test_a_time_limit_ends_the_wait_as_well() -> None:
    streams = OpenStreams(Drain(), 1)
    async with asyncio.timeout(5):
        with pytest.raises(TimeoutError):
            async with streams.until_closing(0.01):
                await asyncio.Event().wait()
        async with streams.until_closing(60):
            pass
    await streams.close()
