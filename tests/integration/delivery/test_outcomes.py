"""Each way in which the platform can answer, and what becomes of the delivery."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence

import pytest

from openclaw_channels.base import (
    AnswerLost,
    Bucket,
    Message,
    Part,
    PermanentFailure,
    RateLimited,
    SendFailure,
    TemporaryFailure,
)
from openclaw_common.contracts.delivery_history import Outcome
from openclaw_delivery.attempt import RELEASED
from tests.fakes.scripted_channel import ForgettingChannel, RememberingChannel, ScriptedChannel
from tests.integration.delivery.support import Office


class SlowCutter(ScriptedChannel):
    """A channel that cuts for as long as nothing else goes on."""

    def __init__(self) -> None:
        super().__init__()
        self.meanwhile = threading.Event()

    def parts(self, message: Message) -> Sequence[Part]:
        assert self.meanwhile.wait(2)
        return super().parts(message)


async def test_cutting_a_long_message_stops_nothing_else(office: Office) -> None:
    office.accounts.channel = channel = SlowCutter()
    await office.submit("> - " * 3000)
    async with asyncio.timeout(5):
        attempt = asyncio.create_task(office.attempt())
        asyncio.get_running_loop().call_later(0.2, channel.meanwhile.set)
        assert await attempt == "delivered"


async def test_a_message_goes_out_part_by_part_and_each_receipt_is_kept(office: Office) -> None:
    delivery_id = await office.submit("one\ntwo")
    assert await office.attempt() == "delivered"
    record = await office.record(delivery_id)
    assert office.channel.texts == ["one", "two"]
    assert [record.history.receipts[part].message_id for part in (0, 1)] == ["m0", "m1"]
    assert await office.events(delivery_id) == [
        "pending",
        "sending",
        *("part_started", "part_sent") * 2,
        "delivered",
    ]


async def test_a_message_of_too_many_parts_is_a_dead_letter_before_any_is_sent(
    office: Office,
) -> None:
    delivery_id = await office.submit("\n".join(["line"] * 1001))
    assert await office.attempt() == "failed"
    assert office.channel.texts == []
    failure = (await office.record(delivery_id)).history.last_failure
    assert failure is not None
    assert failure.code == "too_many_parts"


async def test_nothing_to_say_is_suppressed_and_the_platform_hears_nothing(office: Office) -> None:
    for fields in ({"suppress": "silent"}, {"text": "\n"}):
        delivery_id = await office.submit(**fields)
        assert await office.attempt() == "suppressed"
        assert await office.status(delivery_id) == "suppressed"
    assert office.channel.asked == []


async def test_a_temporary_failure_is_tried_again_by_the_schedule_until_it_is_dead(
    office: Office,
) -> None:
    delivery_id = await office.submit()
    office.channel.script.extend(TemporaryFailure("down", http_status=502) for _ in range(4))
    for delay_s in (1, 5, 30):
        assert await office.attempt() == RELEASED
        assert await office.due_in_s(delivery_id) == pytest.approx(delay_s, abs=0.5)
        assert await office.status(delivery_id) == "retrying"
        await office.pass_time(delivery_id, delay_s)
    assert await office.attempt() == "dead"
    assert await office.dead() == [delivery_id]
    history = (await office.record(delivery_id)).history
    assert [made.outcome for made in history.tries] == [Outcome.TEMPORARY] * 4


async def test_a_permanent_failure_is_a_dead_letter_at_once(office: Office) -> None:
    delivery_id = await office.submit()
    office.channel.script.append(PermanentFailure("chat not found", http_status=400))
    assert await office.attempt() == "failed"
    assert await office.dead() == [delivery_id]
    failure = (await office.record(delivery_id)).history.last_failure
    assert failure is not None
    assert failure.message == "chat not found"


async def test_a_channel_that_is_not_configured_fails_with_what_to_do(office: Office) -> None:
    office.accounts.closed = "channels.fake is not configured; set it up."
    delivery_id = await office.submit()
    assert await office.attempt() == "failed"
    failure = (await office.record(delivery_id)).history.last_failure
    assert failure is not None
    assert (failure.message, failure.code) == (office.accounts.closed, "account_unusable")


async def test_a_rate_limit_is_waited_out_and_is_no_failed_try(office: Office) -> None:
    delivery_id = await office.submit()
    office.channel.script.extend(RateLimited("slow", retry_after_s=3) for _ in range(2))
    for _ in range(2):
        assert await office.attempt() == RELEASED
        assert await office.due_in_s(delivery_id) == pytest.approx(3, abs=0.3)
        await office.pass_time(delivery_id, 3)
        await office.redis.delete(office.store.keys.freeze("fake:default:42"))
    assert (await office.record(delivery_id)).history.failures == 0
    assert await office.attempt() == "delivered"


async def test_rate_limits_without_end_use_up_the_schedule(office: Office) -> None:
    delivery_id = await office.submit()
    office.channel.script.extend(RateLimited("slow", retry_after_s=0) for _ in range(6))
    for _ in range(5):
        assert await office.attempt() == RELEASED
        await office.pass_time(delivery_id, 40)
    assert await office.attempt() == "dead"


async def test_a_wait_that_a_platform_asks_for_has_a_limit(office: Office) -> None:
    delivery_id = await office.submit()
    office.channel.script.append(RateLimited("slow", retry_after_s=1e9))
    assert await office.attempt() == RELEASED
    assert await office.due_in_s(delivery_id) == pytest.approx(3600, abs=1)


async def test_a_lost_answer_is_held_for_a_person_unless_the_operator_says_otherwise(
    office: Office,
) -> None:
    delivery_id = await office.submit()
    office.channel.script.append(AnswerLost("no answer"))
    assert await office.attempt() == "unknown"
    assert await office.dead() == [delivery_id]
    assert await office.replay(delivery_id) == "replayed"
    assert await office.attempt() == "delivered"
    assert (await office.record(delivery_id)).history.duplicates_possible == 1
    assert office.channel.texts == ["one", "one"]


async def test_with_resend_a_lost_answer_is_sent_again_and_counted(office: Office) -> None:
    office.accounts.resend = True
    delivery_id = await office.submit("one\ntwo")
    office.channel.script.append(AnswerLost("no answer"))
    assert await office.attempt() == RELEASED
    await office.pass_time(delivery_id, 2)
    assert await office.attempt() == "delivered"
    assert office.channel.texts == ["one", "one", "two"]
    assert (await office.record(delivery_id)).history.duplicates_possible == 1


async def test_where_the_platform_knows_a_repeated_send_nothing_is_doubled(office: Office) -> None:
    office.channel.idempotent = True
    delivery_id = await office.submit()
    office.channel.script.append(AnswerLost("no answer"))
    assert await office.attempt() == RELEASED
    await office.pass_time(delivery_id, 2)
    assert await office.attempt() == "delivered"
    assert office.channel.texts == ["one"]
    assert (await office.record(delivery_id)).history.duplicates_possible == 0


async def lost_for_longer_than_it_is_known(office: Office) -> str:
    """Lose the answer, fail once more for certain, and come back when it has been forgotten."""
    office.channel = office.accounts.channel = ForgettingChannel(idempotent=True)
    delivery_id = await office.submit()
    office.channel.script.extend([AnswerLost("no answer"), TemporaryFailure("down")])
    for seconds in (100, 100):
        assert await office.attempt() == RELEASED
        await office.pass_time(delivery_id, seconds)
    office.channel.idempotent = False
    return delivery_id


async def test_a_platform_that_may_have_forgotten_a_send_is_not_sent_it_again_silently(
    office: Office,
) -> None:
    delivery_id = await lost_for_longer_than_it_is_known(office)
    assert await office.attempt() == "unknown"
    assert office.channel.texts == ["one"]
    assert await office.replay(delivery_id) == "replayed"
    assert await office.attempt() == "delivered"
    assert (await office.record(delivery_id)).history.duplicates_possible == 1


async def test_with_resend_what_the_platform_may_have_forgotten_is_sent_and_counted(
    office: Office,
) -> None:
    office.accounts.resend = True
    delivery_id = await lost_for_longer_than_it_is_known(office)
    assert await office.attempt() == "delivered"
    assert (await office.record(delivery_id)).history.duplicates_possible == 1


@pytest.mark.parametrize("loses", [True, False])
async def test_where_the_platform_can_be_asked_a_doubtful_part_is_looked_for(
    office: Office, loses: bool
) -> None:
    office.channel = office.accounts.channel = RememberingChannel(loses=loses)
    delivery_id = await office.submit("one\ntwo")
    office.channel.script.append(AnswerLost("no answer"))
    assert await office.attempt() == RELEASED
    await office.pass_time(delivery_id, 2)
    assert await office.attempt() == "delivered"
    assert office.channel.texts == ["one", "two"]


async def test_a_channel_may_say_that_this_one_send_may_be_repeated(office: Office) -> None:
    delivery_id = await office.submit()
    office.channel.loses = False
    office.channel.script.append(AnswerLost("no answer", repeat_is_safe=True))
    assert await office.attempt() == RELEASED
    await office.pass_time(delivery_id, 2)
    assert await office.attempt() == "delivered"


async def test_a_platform_that_hangs_is_not_waited_for_longer_than_the_limit(
    office: Office,
) -> None:
    office.limits = office.limits.model_copy(update={"send_timeout_seconds": 0.05})
    await office.submit()
    office.channel.script.append(asyncio.Event().wait)
    async with asyncio.timeout(5):
        assert await office.attempt() == "unknown"


@pytest.mark.parametrize(
    ("failure", "outcome"),
    [
        (PermanentFailure("no such user"), "failed"),
        (TemporaryFailure("down"), RELEASED),
        (AnswerLost("no answer"), RELEASED),
        (RateLimited("slow", retry_after_s=1), RELEASED),
    ],
)
async def test_an_address_that_cannot_be_looked_up_fails_as_a_part_does(
    office: Office, failure: SendFailure, outcome: str
) -> None:
    await office.submit()
    office.channel.resolving.append(failure)
    assert await office.attempt() == outcome
    assert office.channel.asked == []


async def test_a_delivery_that_is_too_old_is_not_tried_again(office: Office) -> None:
    office.limits = office.limits.model_copy(update={"give_up_seconds": 20})
    delivery_id = await office.submit()
    office.channel.script.extend(TemporaryFailure("down") for _ in range(3))
    assert await office.attempt() == RELEASED
    await office.pass_time(delivery_id, 1)
    created_ms = (await office.record(delivery_id)).created_ms
    office.clock.now_s = created_ms / 1000 + 16
    assert await office.attempt() == "dead"


async def test_a_message_that_is_cut_otherwise_in_the_middle_is_not_garbled(office: Office) -> None:
    delivery_id = await office.submit("one\ntwo")
    office.channel.script.extend([None, TemporaryFailure("down")])
    assert await office.attempt() == RELEASED
    await office.pass_time(delivery_id, 2)

    class Whole(ScriptedChannel):
        def parts(self, message):  # type: ignore[no-untyped-def]
            return ScriptedChannel.parts(self, message)[:1]

    office.accounts.channel = Whole()
    assert await office.attempt() == "failed"
    failure = (await office.record(delivery_id)).history.last_failure
    assert failure is not None
    assert failure.code == "cut_changed"


async def test_the_token_of_an_interaction_stands_in_payloads_alone(office: Office) -> None:
    office.channel.script.append(RateLimited("slow", retry_after_s=60))
    office.channel.rates = (Bucket("bot", 1000, 1000),)
    await office.submit(to="interaction:7:s3cret", channel="discord")
    assert await office.attempt() == RELEASED
    for key in await office.redis.keys():
        assert b"s3cret" not in key
        if await office.redis.type(key) == b"hash":
            fields = await office.redis.hgetall(key)
            fields.pop(b"payload", None)
            assert b"s3cret" not in b" ".join(fields.values())
