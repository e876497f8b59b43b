"""While a run works, the place that it answers to shows that."""

from __future__ import annotations

import asyncio

import pytest

from openclaw_channels.base import (
    Bucket,
    CredentialsRevoked,
    PermanentFailure,
    RateLimited,
    TemporaryFailure,
)
from openclaw_common.contracts.errors import API_ERROR, ErrorBody
from openclaw_common.contracts.run import RunStatus
from openclaw_common.store.live import TYPING
from openclaw_delivery.live.context import LiveContext
from openclaw_delivery.live.loop import LiveLoop
from openclaw_delivery.live.typing import BUSY_S, MAX_FAILURES, Typing
from tests.integration.delivery.live_support import LiveChannel, LiveOffice


def channel(live: LiveOffice) -> LiveChannel:
    assert isinstance(live.channel, LiveChannel)
    return live.channel


async def test_the_indicator_is_shown_again_before_it_fades(live: LiveOffice) -> None:
    lease = await live.run(TYPING)
    assert await live.tick() == [TYPING]
    assert channel(live).typings == ["42"]
    assert await live.due_in_ms(lease, TYPING) == pytest.approx(4000, abs=300)
    await live.tick()
    assert channel(live).typings == ["42", "42"]


@pytest.mark.parametrize("status", [RunStatus.COMPLETED, RunStatus.CANCELLED, RunStatus.FAILED])
async def test_it_goes_with_the_end_of_the_run(live: LiveOffice, status: RunStatus) -> None:
    lease = await live.run(TYPING)
    await live.stop(lease, status)
    assert await live.tick() == []
    assert await live.due_in_ms(lease, TYPING) is None


async def test_it_goes_after_its_time_also_when_every_worker_is_dead(live: LiveOffice) -> None:
    live.limits = live.limits.model_copy(update={"live_seconds": 0.001})
    await live.run(TYPING)
    async with asyncio.timeout(5):
        while await live.redis.exists(live.store.keys.live):
            await live.tick()
    assert await live.redis.keys("*live:run*") == []


async def test_a_second_attempt_goes_on_with_what_the_first_began(live: LiveOffice) -> None:
    lease = await live.run(TYPING)
    await live.tick()
    await lease.release()
    second = await live.next_attempt()
    await live.begin(lease, TYPING)
    await live.begin(second, TYPING)
    assert await live.redis.zcard(live.store.keys.live) == 1
    assert await live.due_in_ms(second, TYPING) == pytest.approx(4000, abs=300)


async def test_an_attempt_that_lost_its_lease_shows_nothing(live: LiveOffice) -> None:
    lease = await live.run()
    await lease.release()
    await live.begin(lease, TYPING)
    assert await live.tick() == []


async def test_one_process_shows_a_run_and_another_takes_over_when_it_dies(
    live: LiveOffice,
) -> None:
    await live.run(TYPING)
    _, (mine,) = await live.live.take(10, 5)
    assert (await live.live.take(10, 5))[1] == []
    await live.pass_live_time()
    _, (theirs,) = await live.live.take(10, 6)
    await live.live.drop(mine)
    await live.live.keep(theirs, 1)
    assert await live.redis.zcard(live.store.keys.live) == 1


async def test_it_takes_nothing_of_the_rates_and_gives_way_to_deliveries(live: LiveOffice) -> None:
    live.channel.rates = [Bucket("chat", per_second=0.001)]
    lease = await live.run(TYPING)
    await live.tick()
    await live.submit()
    assert await live.attempt() == "delivered"
    await live.tick()
    assert channel(live).typings == ["42"]
    assert await live.due_in_ms(lease, TYPING) == pytest.approx(1000 * BUSY_S, abs=300)


async def test_an_account_has_so_many_indicators_a_second(live: LiveOffice) -> None:
    live.limits = live.limits.model_copy(update={"typing_rate": 2})
    for _ in range(5):
        await live.run(TYPING)
    await live.tick()
    assert 1 <= len(channel(live).typings) <= 2


async def test_an_account_that_rests_shows_nothing(live: LiveOffice) -> None:
    await live.store.account_rest.put("fake:default", ErrorBody(401, API_ERROR, "no", "no"), 60)
    await live.run(TYPING)
    await live.tick()
    assert channel(live).typings == []


@pytest.mark.parametrize("failure", [PermanentFailure("gone"), CredentialsRevoked("no")])
async def test_one_that_is_refused_for_good_is_not_tried_again(
    live: LiveOffice, failure: PermanentFailure
) -> None:
    lease = await live.run(TYPING)
    channel(live).typing_script.append(failure)
    await live.tick()
    assert await live.due_in_ms(lease, TYPING) is None
    await live.submit()
    assert await live.attempt() == "delivered"


async def test_failures_back_off_and_then_it_is_left(live: LiveOffice) -> None:
    lease = await live.run(TYPING)
    waits = []
    for _ in range(MAX_FAILURES):
        channel(live).typing_script.append(TemporaryFailure("down"))
        await live.tick()
        waits.append(await live.due_in_ms(lease, TYPING))
    assert waits[:2] == [pytest.approx(10_000, abs=300), pytest.approx(20_000, abs=300)]
    assert waits[2] is None


async def test_a_rate_limit_of_the_indicator_holds_no_delivery(live: LiveOffice) -> None:
    lease = await live.run(TYPING)
    channel(live).typing_script.append(RateLimited("slower", retry_after_s=60))
    await live.tick()
    assert await live.due_in_ms(lease, TYPING) == pytest.approx(60_000, abs=300)
    await live.submit()
    assert await live.attempt() == "delivered"


async def test_where_there_is_no_such_thing_nothing_is_asked(live: LiveOffice) -> None:
    channel(live).typing_for_s = 0
    lease = await live.run(TYPING)
    await live.tick()
    assert await live.due_in_ms(lease, TYPING) is None


async def test_loops_of_two_processes_show_it_once_at_a_time_and_stop_when_told(
    live: LiveOffice,
) -> None:
    channel(live).typing_for_s = 0.25
    seen = asyncio.Event()

    async def enough() -> None:
        if len(channel(live).typings) >= 3:
            seen.set()

    channel(live).typing_script.extend([enough] * 50)
    context: LiveContext = live.live_context
    loops = [LiveLoop(context, {TYPING: Typing(context).show}) for _ in range(2)]
    running = [asyncio.create_task(loop.run()) for loop in loops]
    async with asyncio.timeout(5):
        begun = asyncio.get_running_loop().time()
        await live.run(TYPING)
        await seen.wait()
        assert asyncio.get_running_loop().time() - begun > 0.5
        for loop in loops:
            loop.stop()
        await asyncio.gather(*running)
