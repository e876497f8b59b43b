"""An agent's heartbeat: one run a tick, unless there is a reason against it, which is noted."""

from __future__ import annotations

from typing import Any

import pytest

from openclaw_common.contracts.delivery import Destination
from openclaw_common.contracts.run import DeliveryPlan, RunRequest
from tests.integration.automation.support import MAIN, Bench

ENTRY = "heartbeat:main"
NEVER = {"start": "00:00", "end": "00:00"}


@pytest.fixture
def heartbeat() -> dict[str, Any]:
    """Settings of the heartbeat that a test replaces."""
    return {}


@pytest.fixture
def sections(heartbeat: dict[str, Any]) -> dict[str, Any]:
    return {"agents": {"defaults": {"heartbeat": heartbeat}}}


async def _beat(bench: Bench) -> list[RunRequest]:
    await bench.plan()
    await bench.make_due(ENTRY)
    await bench.look()
    return await bench.runs()


async def test_a_tick_is_a_turn_in_the_main_session(bench: Bench) -> None:
    await bench.hear_from()
    (run,) = await _beat(bench)
    assert (run.session_key, run.source, run.reads_events, run.ephemeral) == (
        MAIN,
        "heartbeat",
        True,
        False,
    )
    assert run.message.text.endswith("reply NO_REPLY.")
    assert run.delivery == DeliveryPlan("last")
    assert await bench.heartbeats() == [("run", "")]
    waits_ms = (await bench.due(ENTRY) or 0) - await bench.store.schedule.now_ms()
    assert waits_ms > 1_799_000


async def test_without_anywhere_to_send_the_result_no_turn_is_started(bench: Bench) -> None:
    assert await _beat(bench) == []
    assert await bench.heartbeats() == [("skip", "no-route")]
    assert await bench.due(ENTRY) is not None


async def test_a_route_of_a_channel_that_is_gone_is_none(bench: Bench) -> None:
    await bench.hear_from(Destination("discord", "1"))
    assert await _beat(bench) == []


async def test_system_events_that_wait_are_worth_a_turn_anyway(bench: Bench) -> None:
    await bench.store.system_events.push(MAIN, "main", "look", wake=False)
    assert len(await _beat(bench)) == 1


async def test_while_one_waits_to_begin_there_is_no_second(bench: Bench) -> None:
    await bench.hear_from()
    await _beat(bench)
    assert len(await _beat(bench)) == 1
    assert await bench.heartbeats() == [("run", ""), ("skip", "coalesced")]


async def test_ticks_that_have_come_by_are_one(bench: Bench) -> None:
    await bench.hear_from()
    await bench.plan()
    first = await bench.make_due(ENTRY, 4 * 1_800_000 + 5)
    await bench.look()
    assert len(await bench.runs()) == 1
    assert await bench.due(ENTRY) == first + 5 * 1_800_000


class TestQuietHours:
    @pytest.fixture
    def heartbeat(self) -> dict[str, Any]:
        return {"activeHours": NEVER}

    async def test_a_tick_is_skipped_and_noted(self, bench: Bench) -> None:
        await bench.hear_from()
        assert await _beat(bench) == []
        assert await bench.heartbeats() == [("skip", "quiet-hours")]


class TestTargets:
    @pytest.mark.parametrize(
        ("heartbeat", "plan"),
        [
            ({"target": "none"}, None),
            ({"target": "telegram", "to": "7"}, DeliveryPlan("telegram", "7")),
            (
                {"target": "telegram", "to": "7", "accountId": "work"},
                DeliveryPlan("telegram", "7", "work"),
            ),
            (
                {"target": "slack", "to": "C7", "accountId": "default"},
                DeliveryPlan("slack", "C7", "main"),
            ),
        ],
    )
    async def test_a_target_that_needs_no_route(
        self, bench: Bench, plan: DeliveryPlan | None
    ) -> None:
        (run,) = await _beat(bench)
        assert run.delivery == plan

    @pytest.mark.parametrize(
        "heartbeat",
        [{"target": "telegram"}, {"target": "discord", "to": "7"}, {"target": "last"}],
    )
    async def test_a_target_that_leads_nowhere(self, bench: Bench) -> None:
        assert await _beat(bench) == []
        assert await bench.heartbeats() == [("skip", "no-route")]


class TestSettings:
    @pytest.fixture
    def heartbeat(self) -> dict[str, Any]:
        return {
            "target": "none",
            "prompt": "How is it going?",
            "session": "watch",
            "model": "a/b",
            "timeoutSeconds": 30,
            "isolatedSession": True,
        }

    async def test_the_turn_is_as_they_say(self, bench: Bench) -> None:
        (run,) = await _beat(bench)
        assert (run.session_key, run.ephemeral) == ("agent:main:watch", True)
        assert (run.message.text, run.model_override) == ("How is it going?", "a/b")
        assert run.timeout_s == 30
