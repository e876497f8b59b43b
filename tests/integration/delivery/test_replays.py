"""Dead letters: found, put back once, forgotten."""

from __future__ import annotations

import asyncio

import pytest

from openclaw_channels.base import TemporaryFailure
from openclaw_common.contracts.delivery import DeliveryStatus
from openclaw_common.contracts.errors import API_ERROR, ErrorBody
from openclaw_common.queue.replays import Replays
from openclaw_common.store.dead_letters import DeadLetterFilter
from openclaw_common.store.deliveries import DeliveryFilter
from openclaw_common.store.keys import DELIVERY, RUN
from tests.integration.delivery.support import Office, dead_delivery, dead_run


async def test_a_replay_goes_on_at_the_first_unsent_part_with_all_tries_before_it(
    office: Office,
) -> None:
    delivery_id = await dead_delivery(office)
    assert await office.replay(delivery_id) == "replayed"
    record = await office.record(delivery_id)
    assert (record.status, record.ended_ms, record.history.failures) == ("pending", None, 0)
    assert await office.dead() == []
    office.channel.script.extend([TemporaryFailure("down")] * 3)
    for _ in range(3):
        await office.attempt()
        await office.pass_time(delivery_id, 60)
    assert await office.attempt() == "delivered"
    assert office.channel.texts == ["one", "two"]
    assert (await office.record(delivery_id)).history.replays == 1


async def test_nothing_of_a_replayed_delivery_is_forgotten_before_its_end(office: Office) -> None:
    delivery_id = await dead_delivery(office, run_id="run_1")
    await office.replay(delivery_id)
    keys = office.store.keys
    for key in (keys.record(DELIVERY, delivery_id), keys.events(DELIVERY, delivery_id)):
        assert await office.redis.ttl(key) == -1
    assert not await office.redis.zcard(keys.jobs(DELIVERY) + "aging")


async def test_a_replay_is_made_once_however_often_it_is_sent(office: Office) -> None:
    delivery_id = await dead_delivery(office)
    deliveries = office.store.deliveries
    assert await deliveries.replay(delivery_id, b"job", "mark") == "replayed"
    assert await deliveries.replay(delivery_id, b"job", "mark") == "replayed"
    assert await deliveries.replay(delivery_id, b"job", "other") == "not_replayable"
    assert len(await office.claim()) == 1


async def test_many_at_once_replay_a_delivery_once(office: Office) -> None:
    delivery_id = await dead_delivery(office)
    outcomes = await asyncio.gather(*(office.replay(delivery_id) for _ in range(10)))
    assert sorted(outcomes) == ["not_replayable"] * 9 + ["replayed"]


async def test_a_replay_waits_behind_what_is_in_its_lane(office: Office) -> None:
    delivery_id = await dead_delivery(office, "old")
    await office.submit("new")
    await office.replay(delivery_id)
    assert await office.attempt() == "delivered"
    assert await office.attempt() == "delivered"
    assert office.channel.texts == ["new", "old"]


async def test_what_was_delivered_or_is_unknown_is_not_replayed(office: Office) -> None:
    delivery_id = await office.submit()
    assert await office.replay(delivery_id) == "not_replayable"
    await office.attempt()
    assert await office.replay(delivery_id) == "not_replayable"
    assert await office.replay("dlv_none") == "missing"


async def test_an_attempt_before_the_replay_can_write_nothing_more(office: Office) -> None:
    delivery_id = await office.submit()
    (old,) = await office.claim()
    await old.finish(
        "failed",
        events=[("delivery.failed", b"{}")],
        error=ErrorBody(502, API_ERROR, "no"),
        dead=True,
    )
    await office.replay(delivery_id)
    events = await office.store.delivery_streams.read(delivery_id)
    assert [event.sequence for event in events] == [1, 2, 3, 4]
    assert await office.attempt() == "delivered"
    events = await office.store.delivery_streams.read(delivery_id)
    assert [event.sequence for event in events] == list(range(1, len(events) + 1))


async def test_a_dead_run_becomes_one_new_run_however_often_it_is_replayed(
    office: Office,
) -> None:
    run_id = await dead_run(office)
    replays = Replays(office.store)
    found = await asyncio.gather(*(replays.run(run_id) for _ in range(5)))
    new_ids = {new_id for new_id in found if new_id}
    assert len(new_ids) == 1
    record = await office.store.runs.get(new_ids.pop())
    assert record is not None
    assert (record.retry_of, record.session_key, record.status) == (run_id, "s", "queued")
    assert await office.store.dead_letters.newest() == []
    assert await replays.run(run_id) is None


async def test_dead_letters_are_filtered_by_what_they_are(office: Office) -> None:
    hook, other = await dead_run(office), await dead_run(office, "api")
    delivery_id = await dead_delivery(office, "one")
    letters, deliveries = office.store.dead_letters, office.store.delivery_jobs.dead_letters

    async def ids(of, **wanted):  # type: ignore[no-untyped-def]
        return [place.id for place in (await of.page(DeadLetterFilter(**wanted), 10)).places]

    assert await ids(letters) == [other, hook]
    assert await ids(letters, of_hook=True) == [hook]
    assert await ids(deliveries, channel="fake", error_code="chat_not_found") == [delivery_id]
    assert await ids(deliveries, error_code="other") == []
    page = await letters.page(DeadLetterFilter(), 10)
    assert await ids(letters, since_ms=page.places[0].score + 1) == []
    (hooked,) = [one for one in await letters.get_all(page.places) if one.id == hook]
    assert (hooked.kind, hooked.run_id, hooked.error.code) == ("hook", hook, "provider_error")


async def test_a_dead_letter_that_is_forgotten_is_none_any_more(office: Office) -> None:
    delivery_id = await dead_delivery(office)
    letters = office.store.delivery_jobs.dead_letters
    assert await letters.forget(delivery_id)
    assert not await letters.forget(delivery_id)
    assert await office.dead() == []
    ttl = await office.redis.ttl(office.store.keys.record(DELIVERY, delivery_id))
    assert 0 < ttl <= office.limits.retention_seconds
    assert await office.store.deliveries.get(delivery_id) is not None


@pytest.mark.parametrize("limit", [1, 3, 7])
async def test_pages_meet_without_gap_or_overlap_in_both_directions(
    office: Office, limit: int
) -> None:
    ids = [await office.submit(to=str(number)) for number in range(10)]
    deliveries = office.store.deliveries
    seen, place = [], None
    while True:
        page = await deliveries.page(DeliveryFilter(), limit, place=place)
        seen += [one.id for one in page.places]
        if not page.more:
            break
        place = page.last
    assert sorted(seen) == sorted(ids)
    oldest = await deliveries.place_of(seen[-1])
    back = await deliveries.page(DeliveryFilter(), 100, place=oldest, newer=True)
    assert [one.id for one in back.places] == seen[-2::-1]


async def test_a_filter_that_matches_nothing_looks_at_a_bounded_number(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("openclaw_common.store.pages.LOOKED_AT", 4)
    ids = [await office.submit(to=str(number)) for number in range(6)]
    page = await office.store.deliveries.page(DeliveryFilter(channel="none"), 10)
    assert (page.places, page.more) == ((), True)
    assert page.last is not None
    rest = await office.store.deliveries.page(DeliveryFilter(to="0"), 10, place=page.last)
    assert [one.id for one in rest.places] in ([ids[0]], [])
    assert not rest.more


async def test_deliveries_are_found_by_status_run_and_time(office: Office) -> None:
    office.channel.script.append(TemporaryFailure("down"))
    retrying = await office.submit(to="1", run_id="run_1")
    await office.attempt()
    pending = await office.submit(to="2", run_id="run_2")

    async def ids(**wanted):  # type: ignore[no-untyped-def]
        page = await office.store.deliveries.page(DeliveryFilter(**wanted), 10)
        return [place.id for place in page.places]

    assert await ids(status=DeliveryStatus.RETRYING) == [retrying]
    assert await ids(status=DeliveryStatus.PENDING) == [pending]
    assert await ids(run_id="run_2") == [pending]
    created_ms = (await office.record(pending)).created_ms
    assert await ids(created_after_ms=created_ms) == []
    assert await office.redis.zcard(office.store.keys.index(RUN)) == 0


async def test_a_delivery_that_waits_is_cancelled_at_once(office: Office) -> None:
    delivery_id = await office.submit()
    assert await office.store.deliveries.cancel(delivery_id) == "cancelled"
    assert await office.status(delivery_id) == "cancelled"
    assert await office.claim() == []
