"""When a session starts afresh by itself: daily at an hour, or after a pause of the user."""

from __future__ import annotations

from datetime import datetime, timedelta, tzinfo
from typing import Final

from openclaw_common.runtime.config.session import Reset
from openclaw_common.runtime.config.session import Session as SessionConfig
from openclaw_common.store.sessions import Session

IDLE_MINUTES: Final = 60
"""The pause where `mode` is `idle` and no other is given."""
_THREAD: Final = (":thread:", ":topic:")
_GROUP: Final = (":group:", ":channel:")


def reset_due(
    config: SessionConfig,
    session_key: str,
    channel: str,
    session: Session,
    now_s: float,
    zone: tzinfo | None = None,
) -> bool:
    """Whether the epoch of `session` is over at `now_s` (Unix seconds).

    The hour is one of `zone`, which is the host's where there is none.
    """
    if session.started_ms == 0:
        return False
    reset = _rule(config, session_key, channel)
    daily = reset.mode == "daily" and session.started_ms / 1000 < _last(reset.at_hour, now_s, zone)
    minutes = reset.idle_minutes
    if minutes is None and reset.mode == "idle":
        minutes = IDLE_MINUTES
    if minutes is None or reset.mode == "none":
        return daily
    last_ms = max(session.user_ms, session.started_ms)
    return daily or now_s - last_ms / 1000 > minutes * 60


def _rule(config: SessionConfig, session_key: str, channel: str) -> Reset:
    by_channel = {name.lower(): rule for name, rule in config.reset_by_channel.items()}
    if (rule := by_channel.get(channel.strip().lower())) is not None:
        return rule
    if any(mark in session_key for mark in _THREAD):
        by_type = config.reset_by_type.get("thread")
    elif any(mark in session_key for mark in _GROUP):
        by_type = config.reset_by_type.get("group")
    else:
        by_type = config.reset_by_type.get("direct")
    if by_type is None:
        return config.reset
    given = {name: getattr(by_type, name) for name in by_type.model_fields_set}
    return config.reset.model_copy(update=given)


def _last(hour: int, now_s: float, zone: tzinfo | None) -> float:
    now = (
        datetime.fromtimestamp(now_s, zone) if zone else datetime.fromtimestamp(now_s).astimezone()
    )
    at = datetime(now.year, now.month, now.day, hour, tzinfo=zone)
    if at.timestamp() > now_s:
        day = at.date() - timedelta(days=1)
        at = datetime(day.year, day.month, day.day, hour, tzinfo=zone)
    return at.timestamp()
