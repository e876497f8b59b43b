"""When a session starts afresh by itself."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from openclaw_agent_worker.session_reset import reset_due
from openclaw_common.runtime.config.session import Session as SessionConfig
from openclaw_common.store.sessions import Session

ZONE = ZoneInfo("Europe/Berlin")
KEY = "agent:main:openai-user:alice"
DAILY = {"reset": {"mode": "daily", "atHour": 4}}
IDLE = {"reset": {"mode": "idle"}}
BOTH = {"reset": {"mode": "daily", "idleMinutes": 30}}


def at(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=ZONE).timestamp()


def due(
    config: dict[str, Any],
    now: str,
    *,
    started: str = "2026-03-28 12:00",
    spoke: str | None = None,
    key: str = KEY,
    channel: str = "webchat",
) -> bool:
    session = Session(
        created_ms=1,
        started_ms=int(at(started) * 1000),
        user_ms=int(at(spoke) * 1000) if spoke else 0,
    )
    settings = SessionConfig.model_validate(config)
    return reset_due(settings, key, channel, session, at(now), ZONE)


@pytest.mark.parametrize(
    ("config", "now", "expected"),
    [
        ({}, "2026-04-28 12:00", False),
        (DAILY, "2026-03-28 23:59", False),
        (DAILY, "2026-03-29 03:59", False),
        # The clocks went forward at two.
        (DAILY, "2026-03-29 04:00:01", True),
        (DAILY, "2026-04-02 01:00", True),
        (IDLE, "2026-03-28 13:00", False),
        (IDLE, "2026-03-28 13:01", True),
        (BOTH, "2026-03-28 12:31", True),
        ({"reset": {"mode": "none", "idleMinutes": 30}}, "2026-03-28 13:00", False),
    ],
)
def test_a_rule_ends_an_epoch_at_its_time(config: dict[str, Any], now: str, expected: bool) -> None:
    assert due(config, now) is expected


def test_an_epoch_that_began_after_the_hour_lasts_until_the_next() -> None:
    assert not due(DAILY, "2026-03-29 09:00", started="2026-03-29 04:01")


def test_a_user_who_spoke_ends_the_pause() -> None:
    assert not due(IDLE, "2026-03-28 14:00", spoke="2026-03-28 13:30")


def test_a_session_that_does_not_exist_is_not_reset() -> None:
    config = SessionConfig.model_validate(DAILY)
    assert not reset_due(config, KEY, "webchat", Session(), at("2026-03-29 09:00"), ZONE)


@pytest.mark.parametrize(
    ("key", "channel", "expected"),
    [
        (KEY, "webchat", False),
        ("agent:main:slack:channel:c1", "webchat", True),
        ("agent:main:telegram:group:1:topic:2", "webchat", False),
        (KEY, "Telegram", True),
        ("agent:main:telegram:group:1:topic:2", "telegram", True),
    ],
)
def test_a_kind_of_conversation_and_a_channel_have_their_own_rules(
    key: str, channel: str, expected: bool
) -> None:
    config = {
        "reset": {"mode": "none", "idleMinutes": 30},
        "resetByType": {"group": {"mode": "idle"}, "thread": {"idleMinutes": 5}},
        "resetByChannel": {"telegram": {"mode": "idle", "idleMinutes": 10}},
    }
    assert due(config, "2026-03-28 12:45", key=key, channel=channel) is expected
