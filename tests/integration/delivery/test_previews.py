"""A preview grows with the text of a run, and becomes the first part of its result."""

from __future__ import annotations

import asyncio

import pytest

from openclaw_channels.base import (
    AnswerLost,
    Bucket,
    PermanentFailure,
    RateLimited,
    SendFailure,
    TemporaryFailure,
)
from openclaw_common.contracts.delivery import Destination
from openclaw_common.contracts.run import RunStatus
from openclaw_common.store.live import PREVIEW
from openclaw_delivery.attempt import RELEASED
from openclaw_delivery.live.preview import FAILED, WITHDRAWN, Preview
from tests.fakes.scripted_channel import RememberingChannel
from tests.integration.delivery.live_support import LONG, LiveChannel, LiveOffice


class RememberingLiveChannel(LiveChannel, RememberingChannel):
    """One that can also say what it took."""


def channel(live: LiveOffice) -> LiveChannel:
    assert isinstance(live.channel, LiveChannel)
    return live.channel


async def test_it_is_sent_once_there_is_enough_and_edited_when_there_is_more(
    live: LiveOffice,
) -> None:
    lease = await live.run(PREVIEW)
    preview = Preview(live.live_context)
    await live.say(lease, "NO_REPLY")
    await live.tick(preview)
    assert live.channel.texts == []
    await live.say(lease, LONG)
    await live.tick(preview)
    await live.tick(preview)
    assert live.channel.texts == [f"NO_REPLY{LONG}"]
    await live.say(lease, ", and on\nmore")
    await live.tick(preview)
    assert live.channel.texts == [f"NO_REPLY{LONG}, and on"]
    assert len(channel(live).edits) == 1


async def test_another_process_goes_on_with_the_same_message(live: LiveOffice) -> None:
    lease = await live.run(PREVIEW)
    await live.say(lease, LONG)
    await live.tick()
    await live.say(lease, "!")
    await live.tick()
    assert live.channel.texts == [f"{LONG}!"]


async def test_the_result_is_put_into_it_and_the_rest_is_sent(live: LiveOffice) -> None:
    lease = await live.run(PREVIEW)
    await live.say(lease, LONG)
    await live.tick()
    delivery_id = await live.end(lease, "one\ntwo")
    assert await live.attempt() == "delivered"
    assert live.channel.texts == ["one", "two"]
    history = (await live.record(delivery_id)).history
    assert [receipt.message_id for receipt in history.receipts.values()] == ["m0", "m1"]
    assert await live.tick() == []


async def test_without_enough_text_the_result_is_sent_as_ever(live: LiveOffice) -> None:
    lease = await live.run(PREVIEW)
    await live.tick()
    await live.end(lease, "one")
    assert await live.attempt() == "delivered"
    assert (live.channel.texts, channel(live).edits) == (["one"], [])
    assert await live.tick() == []


async def test_one_that_was_deleted_is_not_needed(live: LiveOffice) -> None:
    lease = await live.run(PREVIEW)
    await live.say(lease, LONG)
    await live.tick()
    channel(live).gone.add("m0")
    delivery_id = await live.end(lease, "one\ntwo")
    assert await live.attempt() == "delivered"
    assert live.channel.texts == [LONG, "one", "two"]
    receipts = (await live.record(delivery_id)).history.receipts
    assert [receipt.message_id for receipt in receipts.values()] == ["m1", "m2"]


async def test_what_a_tool_sends_meanwhile_does_not_take_it(live: LiveOffice) -> None:
    lease = await live.run(PREVIEW)
    await live.say(lease, LONG)
    await live.tick()
    await live.submit("aside", run_id=lease.id, source="tool")
    assert await live.attempt() == "delivered"
    await live.end(lease, "one")
    assert await live.attempt() == "delivered"
    assert live.channel.texts == ["one", "aside"]


async def test_a_result_that_goes_elsewhere_leaves_it_to_be_withdrawn(live: LiveOffice) -> None:
    lease = await live.run(PREVIEW)
    await live.say(lease, LONG)
    await live.tick()
    await live.end(lease, "one", destination=Destination("fake", "43"))
    await live.tick()
    assert live.channel.texts == [LONG]
    assert await live.attempt() == "delivered"
    await live.tick()
    assert live.channel.texts == [WITHDRAWN["completed"], "one"]


async def test_silence_withdraws_it(live: LiveOffice) -> None:
    lease = await live.run(PREVIEW)
    await live.say(lease, LONG)
    await live.tick()
    await live.end(lease, "", suppress="silent")
    assert await live.attempt() == "suppressed"
    await live.tick()
    assert live.channel.texts == [WITHDRAWN["completed"]]
    assert await live.tick() == []


@pytest.mark.parametrize(
    ("status", "text"),
    [(RunStatus.CANCELLED, WITHDRAWN["cancelled"]), (RunStatus.FAILED, FAILED)],
)
async def test_a_run_that_ends_with_nothing_says_so_in_it(
    live: LiveOffice, status: RunStatus, text: str
) -> None:
    lease = await live.run(PREVIEW)
    await live.say(lease, LONG)
    await live.tick()
    await live.stop(lease, status)
    channel(live).editing.append(TemporaryFailure("down"))
    await live.tick()
    assert live.channel.texts == [LONG]
    await live.tick()
    assert live.channel.texts == [text]
    assert await live.tick() == []


async def test_it_leaves_room_for_deliveries(live: LiveOffice) -> None:
    live.channel.rates = [Bucket("chat", per_second=0.001, burst=2)]
    lease = await live.run(PREVIEW)
    await live.say(lease, LONG)
    await live.tick()
    await live.say(lease, "!")
    await live.tick()
    assert live.channel.texts == [LONG]
    await live.end(lease, "one")
    assert await live.attempt() == "delivered"


async def test_the_platforms_pause_is_kept_by_all(live: LiveOffice) -> None:
    lease = await live.run(PREVIEW)
    await live.say(lease, LONG)
    live.channel.script.append(RateLimited("slower", retry_after_s=60))
    await live.tick()
    assert await live.due_in_ms(lease, PREVIEW) == pytest.approx(60_000, abs=500)
    delivery_id = await live.end(lease, "one")
    assert await live.attempt() == RELEASED
    assert await live.due_in_s(delivery_id) == pytest.approx(60, abs=1)


@pytest.mark.parametrize("failure", [PermanentFailure("no"), TemporaryFailure("down")])
async def test_one_that_was_not_sent_is_of_no_account(
    live: LiveOffice, failure: SendFailure
) -> None:
    lease = await live.run(PREVIEW)
    await live.say(lease, LONG)
    live.channel.script.append(failure)
    await live.tick()
    await live.end(lease, "one")
    assert await live.attempt() == "delivered"
    assert live.channel.texts == ["one"]


async def test_where_messages_cannot_grow_there_is_none(live: LiveOffice) -> None:
    channel(live).previews = False
    lease = await live.run(PREVIEW)
    await live.say(lease, LONG)
    await live.tick()
    assert (live.channel.texts, await live.tick()) == ([], [])


async def test_a_later_attempt_takes_back_what_it_discards(live: LiveOffice) -> None:
    lease = await live.run(PREVIEW)
    preview = Preview(live.live_context)
    await live.say(lease, LONG)
    await live.tick(preview)
    await lease.release()
    second = await live.next_attempt()
    await live.begin(second, PREVIEW)
    await live.say(second, f"Another: {LONG}")
    await live.tick(preview)
    assert live.channel.texts == [f"Another: {LONG}"]


async def test_one_whose_answer_was_lost_is_not_sent_twice(live: LiveOffice) -> None:
    lease = await live.run(PREVIEW)
    await live.say(lease, LONG)
    live.channel.script.append(AnswerLost("no answer"))
    await live.tick()
    assert await live.tick() == [PREVIEW]
    assert await live.tick() == []
    await live.end(lease, "one")
    assert await live.attempt() == "delivered"
    assert live.channel.texts == [LONG, "one"]


@pytest.mark.parametrize("kind", [lambda: LiveChannel(idempotent=True), RememberingLiveChannel])
@pytest.mark.parametrize("ticks", [0, 2])
async def test_where_the_platform_can_tell_it_is_found_again(
    live: LiveOffice, kind: type[LiveChannel], ticks: int
) -> None:
    live.channel = live.accounts.channel = kind()
    lease = await live.run(PREVIEW)
    await live.say(lease, LONG)
    live.channel.script.append(AnswerLost("no answer"))
    for _ in range(1 + ticks):
        await live.tick()
    await live.end(lease, "one")
    assert await live.attempt() == "delivered"
    assert live.channel.texts == ["one"]


async def test_the_result_waits_for_a_request_that_is_under_way(live: LiveOffice) -> None:
    lease = await live.run(PREVIEW)
    await live.say(lease, LONG)
    asked, answer = asyncio.Event(), asyncio.Event()

    async def slow() -> None:
        asked.set()
        await answer.wait()

    live.channel.script.append(slow)
    async with asyncio.timeout(5):
        tick = asyncio.create_task(live.tick())
        await asked.wait()
        await live.end(lease, "one")
        attempt = asyncio.create_task(live.attempt())
        while not live.slept:
            await asyncio.sleep(0.01)
        assert live.channel.texts == []
        answer.set()
        assert await attempt == "delivered"
        await tick
    assert live.channel.texts == ["one"]


async def test_nothing_is_shown_of_a_run_that_has_ended_meanwhile(live: LiveOffice) -> None:
    lease = await live.run(PREVIEW)
    await live.say(lease, LONG)
    await live.pass_live_time()
    _, (entry,) = await live.live.take(10, 5)
    await live.end(lease, "one")
    await Preview(live.live_context).show(entry)
    assert live.channel.texts == []
    assert await live.attempt() == "delivered"
    await Preview(live.live_context).show(entry)
    assert live.channel.texts == ["one"]


async def test_an_edit_whose_answer_was_lost_is_made_again(live: LiveOffice) -> None:
    lease = await live.run(PREVIEW)
    await live.say(lease, LONG)
    await live.tick()
    delivery_id = await live.end(lease, "one")
    channel(live).editing.append(AnswerLost("no answer"))
    assert await live.attempt() == RELEASED
    await live.pass_time(delivery_id, 2)
    assert await live.attempt() == "delivered"
    assert live.channel.texts == ["one"]
    assert (await live.record(delivery_id)).history.duplicates_possible == 0


async def test_a_process_that_dies_in_mid_edit_leaves_no_doubt(live: LiveOffice) -> None:
    lease = await live.run(PREVIEW)
    await live.say(lease, LONG)
    await live.tick()
    delivery_id = await live.end(lease, "one\ntwo")

    class Killed(BaseException):
        pass

    channel(live).editing.append(Killed())
    with pytest.raises(Killed):
        await live.attempt()
    await live.crash()
    assert await live.attempt() == "delivered"
    assert live.channel.texts == ["one", "two"]
    assert (await live.record(delivery_id)).history.duplicates_possible == 0
