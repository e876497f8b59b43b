"""Runs that are seen working, while the processes that show them are killed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from openclaw_common.contracts.delivery import DeliveryRequest, Destination
from openclaw_common.contracts.ids import new_run_id
from openclaw_common.contracts.run import RunRequest, RunResult, RunStatus, Turn
from openclaw_common.contracts.run_event import MESSAGE_DELTA, RUN_COMPLETED, encode_delta
from openclaw_common.queue.job_queue import DeliveryQueue, RunQueue
from openclaw_common.store.leases import Lease
from openclaw_common.store.live import PREVIEW, TYPING, Live
from tests.fakes.channels.platform import Fault
from tests.fakes.channels.telegram import TOKEN, FakeTelegram
from tests.harness.post_office import PostOffice

CHAT = Destination("telegram", "42")
BEGINNING = "This is the beginning of a long answer"
TAKEN_OVER_S = 20
"""Time for the lease of an entry, and for new processes to start on a slow machine."""


@asynccontextmanager
async def two_processes(folder: Path, telegram: FakeTelegram) -> AsyncIterator[PostOffice]:
    bot = {"botToken": TOKEN, "apiRoot": telegram.base_url, "streaming": {"mode": "partial"}}
    deliveries = {"previewIntervalMs": 200, "liveTimeoutSeconds": 1}
    async with PostOffice(
        folder, channels={"telegram": bot}, deliveries=deliveries, processes=2
    ) as office:
        yield office


async def begin_run(office: PostOffice) -> Lease:
    store, run_id = office.store, new_run_id()
    request = RunRequest("main", f"s:{run_id}", "channel", "openclaw", Turn("user", "x"))
    await RunQueue(store).submit(run_id, request)
    (job,) = (await store.run_jobs.leases.claim("worker", 1, idle=True)).jobs
    lease = Lease.of(store.run_jobs.leases, "worker", job)
    await Live(store.client, store.keys).begin(lease, CHAT, [TYPING, PREVIEW], seconds=600)
    return lease


async def say(lease: Lease, text: str) -> None:
    await lease.publish([(MESSAGE_DELTA, encode_delta(text))])


async def end_run(office: PostOffice, lease: Lease, text: str) -> None:
    request = DeliveryRequest(CHAT, text, run_id=lease.id)
    await lease.finish(
        RunStatus.COMPLETED,
        events=[(RUN_COMPLETED, b'{"usage":{}}')],
        result=RunResult(text),
        effects=[DeliveryQueue(office.store).prepare(request)],
    )
    await office.all_ended(TAKEN_OVER_S)


async def until(condition: Callable[[], bool], office: PostOffice) -> None:
    try:
        async with asyncio.timeout(TAKEN_OVER_S):
            while not condition():
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise AssertionError(office.tails()) from None


def kill_all(office: PostOffice) -> None:
    for pid in office.children():
        office.kill(pid)


async def test_a_run_is_shown_on_by_others_and_its_preview_stays_one_message(
    tmp_path: Path,
) -> None:
    async with FakeTelegram() as telegram, two_processes(tmp_path, telegram) as office:
        lease, text = await begin_run(office), BEGINNING
        await say(lease, text)
        await until(lambda: bool(telegram.accepted and telegram.actions), office)
        for number in range(3):
            indicators = len(telegram.actions)
            kill_all(office)
            more = f" and part {number}"
            text += more
            await say(lease, more)
            await until(lambda: telegram.edits[-1:] == [("1", text)], office)  # noqa: B023
            await until(lambda: len(telegram.actions) > indicators, office)  # noqa: B023
        kill_all(office)
        await end_run(office, lease, f"{text}.")
    assert [taken.text for taken in telegram.accepted] == [BEGINNING]
    assert telegram.edits[-1] == ("1", f"{text}.")


async def test_a_preview_that_may_have_been_sent_is_not_sent_again(tmp_path: Path) -> None:
    async with FakeTelegram() as telegram, two_processes(tmp_path, telegram) as office:
        telegram.plan(Fault.hang())
        lease = await begin_run(office)
        await say(lease, BEGINNING)
        async with asyncio.timeout(TAKEN_OVER_S):
            await telegram.attempted(1)
        kill_all(office)
        await end_run(office, lease, f"{BEGINNING}, and its end.")
    assert [taken.text for taken in telegram.accepted] == [f"{BEGINNING}, and its end."]
    assert telegram.edits == []
