"""When a cron expression is due: ticks in Unix ms, over time zones and their clock changes.

A job of certain hours (`30 2 * * *`) runs once on every day: a time that the clock leaps over is
made up when the leap is over, one that comes twice counts the first time. A job whose minute or
hour begins with `*` goes by elapsed time, through both. The rules are those of Debian's cron, by
cronsim (https://github.com/cuu508/cronsim).
"""

from __future__ import annotations

from datetime import UTC, datetime
from types import MappingProxyType
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError

FIRST_WINDOW_MS: Final = 60_000
MOST_CHARS: Final = 256
"""Length of an expression; it is read anew for every tick."""
NICKNAMES: Final = MappingProxyType(
    {
        "@yearly": "0 0 1 1 *",
        "@annually": "0 0 1 1 *",
        "@monthly": "0 0 1 * *",
        "@weekly": "0 0 * * 0",
        "@daily": "0 0 * * *",
        "@midnight": "0 0 * * *",
        "@hourly": "0 * * * *",
    }
)


def time_zone(name: str) -> ZoneInfo:
    """Return the IANA time zone `name`. Raises ValueError."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(
            f'"{name}" is no IANA time zone such as "Europe/Berlin" or "UTC"'
        ) from None


def check_expression(expression: str) -> None:
    """Raise ValueError unless `expression` has five or six fields that can come true."""
    if len(expression) > MOST_CHARS:
        raise ValueError(f"a cron expression has at most {MOST_CHARS} characters")
    try:
        next(iter(CronSim(_fields(expression), datetime(2000, 1, 1, tzinfo=UTC))))
    except CronSimError as error:
        raise ValueError(
            f'"{expression}" is no cron expression of five fields, or six with seconds: {error}'
        ) from None
    except StopIteration:
        raise ValueError(f'"{expression}" never comes true') from None


def _fields(expression: str) -> str:
    return NICKNAMES.get(expression.strip().lower(), expression)


def next_cron_ms(expression: str, zone: str, after_ms: int) -> int | None:
    """Return the first tick later than `after_ms`, None where none comes within 50 years."""
    tz = time_zone(zone)
    start = datetime.fromtimestamp(after_ms // 1000, UTC).astimezone(tz)
    try:
        for tick in CronSim(_fields(expression), start):
            tick_ms = int(tick.timestamp()) * 1000
            # Within an hour that comes twice, cronsim counts from its first time.
            if tick_ms > after_ms:
                return tick_ms
    except (StopIteration, OverflowError):
        return None
    return None


def last_crons_ms(
    expression: str, zone: str, after_ms: int, until_ms: int, most: int
) -> tuple[int, ...]:
    """Return the last `most` ticks in (`after_ms`, `until_ms`], oldest first."""
    window_ms = FIRST_WINDOW_MS
    while True:
        start_ms = max(after_ms, until_ms - window_ms)
        ticks = _ticks_ms(expression, zone, start_ms, until_ms)
        if len(ticks) >= most or start_ms == after_ms:
            return tuple(ticks[-most:])
        window_ms *= 2


def _ticks_ms(expression: str, zone: str, after_ms: int, until_ms: int) -> list[int]:
    ticks: list[int] = []
    tick_ms = next_cron_ms(expression, zone, after_ms)
    while tick_ms is not None and tick_ms <= until_ms:
        ticks.append(tick_ms)
        tick_ms = next_cron_ms(expression, zone, tick_ms)
    return ticks
