"""A process that dies between any two steps: the next attempt begins at the first unsent part."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest

from openclaw_channels.base import TemporaryFailure
from openclaw_common.store.leases import Lease
from openclaw_delivery.attempt import RELEASED
from openclaw_delivery.context import DeliveryContext
from openclaw_delivery.dispatch import dispatch
from tests.fakes.scripted_channel import OneChannel, RememberingChannel, ScriptedChannel
from tests.integration.delivery.support import WORKER, Office

PARTS = ["one", "two", "three"]


class Killed(BaseException):
    """The process is no more."""


class Fate:
    """Kills at the `at`th point; there is one before and one after each step of an attempt."""

    def __init__(self, at: int) -> None:
        self._left = at

    def point(self) -> None:
        self._left -= 1
        if self._left == 0:
            raise Killed

    @property
    def spared(self) -> bool:
        return self._left > 0

    async def _step(self, call: Callable[..., Awaitable[Any]], *args: Any, **kwargs: Any) -> Any:
        self.point()
        result = await call(*args, **kwargs)
        self.point()
        return result

    def over(self, target: Any, *names: str) -> Any:
        """Return `target` with points around the calls of these methods."""
        fate = self

        class Mortal:
            def __getattr__(self, name: str) -> Any:
                found = getattr(target, name)
                if name not in names:
                    return found
                return lambda *args, **kwargs: fate._step(found, *args, **kwargs)

        return Mortal()


def mortal(context: DeliveryContext, lease: Lease, fate: Fate) -> tuple[DeliveryContext, Any]:
    """The collaborators of an attempt with points around each step that leaves the process."""
    accounts = context.accounts
    assert isinstance(accounts, OneChannel)
    channel = accounts.channel
    kind = RememberingChannel if isinstance(channel, RememberingChannel) else ScriptedChannel

    class MortalChannel(kind):  # type: ignore[misc, valid-type]
        def __init__(self) -> None:
            vars(self).update(vars(channel))

        async def resolve(self, *args: Any) -> Any:
            return await fate._step(channel.resolve, *args)

        async def send(self, *args: Any, **kwargs: Any) -> Any:
            return await fate._step(channel.send, *args, **kwargs)

    faulty = replace(
        context,
        accounts=replace(accounts, channel=MortalChannel()),
        rests=fate.over(context.rests, "gate"),
        pacing=fate.over(context.pacing, "turn"),
    )
    return faulty, fate.over(lease, "publish", "finish", "release")


async def deliver_killed_at(office: Office, point: int, to: str) -> tuple[bool, str]:
    """Kill one attempt at a point, then go on; returns whether it came to that, and the id."""
    delivery_id = await office.submit("\n".join(PARTS), to=to)
    fate = Fate(point)
    (lease,) = await office.claim()
    context, mortal_lease = mortal(office.context, lease, fate)
    try:
        await dispatch(context, mortal_lease)
    except Killed:
        await office.crash()
        outcome = RELEASED if not (await office.status(delivery_id)).terminal else ""
        while outcome == RELEASED:
            await office.pass_time(delivery_id, 60)
            outcome = await office.attempt()
            if outcome == "unknown":
                assert await office.dead() == [delivery_id]
                assert await office.replay(delivery_id) == "replayed"
                outcome = RELEASED
    assert await office.status(delivery_id) == "delivered"
    return not fate.spared, delivery_id


def seen(office: Office, to: str) -> list[str]:
    return [taken.text for taken in office.channel.taken if taken.to == to]


async def every_point(office: Office) -> int:
    """Kill at each point in turn and check what people see; returns the most doubles seen."""
    doubles = 0
    for point in range(1, 200):
        to = f"chat-{point}"
        killed, delivery_id = await deliver_killed_at(office, point, to)
        texts = seen(office, to)
        assert list(dict.fromkeys(texts)) == PARTS, point
        assert len(texts) - len(PARTS) <= 1, point
        history = (await office.record(delivery_id)).history
        assert len(texts) - len(PARTS) <= history.duplicates_possible, point
        doubles = max(doubles, len(texts) - len(PARTS))
        if not killed:
            assert point > 20
            return doubles
    raise AssertionError("an attempt has no end")


async def test_held_parts_are_doubled_only_by_the_person_who_replays_them(office: Office) -> None:
    assert await every_point(office) == 1


async def test_resent_parts_are_doubled_once_and_counted(office: Office) -> None:
    office.accounts.resend = True
    assert await every_point(office) == 1
    assert await office.dead() == []


@pytest.mark.parametrize("channel", [ScriptedChannel(idempotent=True), RememberingChannel()])
async def test_where_the_platform_can_tell_nothing_is_doubled_and_nobody_is_asked(
    office: Office, channel: ScriptedChannel
) -> None:
    office.channel = office.accounts.channel = channel
    assert await every_point(office) in (0, 1)
    texts = [(taken.to, taken.text) for taken in channel.taken]
    assert len(texts) == len(set(texts))
    assert await office.dead() == []


async def test_an_attempt_that_is_told_to_stop_waits_for_the_answer_and_writes_it_down(
    office: Office,
) -> None:
    delivery_id = await office.submit("one\ntwo")
    asked, answer = asyncio.Event(), asyncio.Event()

    async def slow() -> None:
        asked.set()
        await answer.wait()

    office.channel.script.append(slow)
    (lease,) = await office.claim()
    attempt = asyncio.create_task(dispatch(office.context, lease))
    async with asyncio.timeout(5):
        await asked.wait()
        attempt.cancel()
        answer.set()
        await asyncio.wait([attempt])
    assert attempt.cancelled()
    assert (await office.record(delivery_id)).history.receipts.keys() == {0}
    await lease.release()
    assert await office.attempt() == "delivered"
    assert office.channel.texts == ["one", "two"]


async def test_an_attempt_whose_lease_is_lost_writes_nothing_and_the_next_one_knows(
    office: Office,
) -> None:
    delivery_id = await office.submit()
    asked = asyncio.Event()

    async def hangs() -> None:
        asked.set()
        await asyncio.Event().wait()

    office.channel.script.append(hangs)
    (lease,) = await office.claim()
    attempt = asyncio.create_task(dispatch(office.context, lease))
    async with asyncio.timeout(5):
        await asked.wait()
        await office.store.delivery_jobs.leases.release(WORKER, lease.job_id, lease.attempt)
        lease.lost = True
        attempt.cancel()
        await asyncio.wait([attempt])
    assert await office.attempt() == "unknown"
    assert (await office.record(delivery_id)).history.doubtful == 0


async def test_a_retry_time_that_was_written_down_is_kept_after_a_crash(office: Office) -> None:
    delivery_id = await office.submit()
    office.channel.script.append(TemporaryFailure("down"))
    (lease,) = await office.claim()

    async def die(*args: Any, **kwargs: Any) -> None:
        raise Killed

    class Dying:
        def __getattr__(self, name: str) -> Any:
            return die if name == "release" else getattr(lease, name)

    with pytest.raises(Killed):
        await dispatch(office.context, Dying())  # type: ignore[arg-type]
    await office.crash()
    assert await office.attempt() == RELEASED
    assert await office.due_in_s(delivery_id) == pytest.approx(1, abs=0.3)
    assert office.channel.asked == ["one"]
