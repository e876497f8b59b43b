"""`heartbeat`: an agent's periodic turn, and what wakes of that agent share with it."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, Final

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_core import PydanticCustomError

from openclaw_common.runtime.config import openclaw_keys
from openclaw_common.runtime.config.base import Flag, NonNegative, Positive, Section
from openclaw_common.runtime.cron_times import time_zone
from openclaw_common.runtime.durations import parse_duration_ms

OWNER: Final = "owner"
NOWHERE: Final = "none"
MAIN_SESSION: Final = "main"
DAY_MINUTES: Final = 1440
PROMPT: Final = (
    "This is a heartbeat: a turn that nobody asked for just now. Look at the system events, if"
    " there are any, and at what you have promised to come back to; do what is due. Do not repeat"
    " what was said before. If nothing needs attention, reply NO_REPLY."
)
_TIME: Final = re.compile(r"([01][0-9]|2[0-4]):([0-5][0-9])\Z")


def _duration(value: object) -> str:
    text = str(value)
    try:
        parse_duration_ms(text)
    except ValueError as error:
        raise PydanticCustomError("duration", "{reason}", {"reason": str(error)}) from None
    return text


def _zone(value: str) -> str:
    try:
        time_zone(value)
    except ValueError as error:
        raise PydanticCustomError("time_zone", "{reason}", {"reason": str(error)}) from None
    return value


def _time_of_day(value: str) -> str:
    match = _TIME.match(value)
    if match is None or _minutes(value) > DAY_MINUTES:
        raise PydanticCustomError("time_of_day", 'expected a time such as "08:00", up to "24:00"')
    return value


def _minutes(time_of_day: str) -> int:
    hours, _, minutes = time_of_day.partition(":")
    return 60 * int(hours) + int(minutes)


Duration = Annotated[str, BeforeValidator(_duration)]
Zone = Annotated[str, AfterValidator(_zone)]
TimeOfDay = Annotated[str, AfterValidator(_time_of_day)]


class ActiveHours(Section):
    """The part of the day in which heartbeats happen; one whose end is before its start lasts
    over midnight."""

    start: TimeOfDay = "00:00"
    """Local time from which on they happen."""
    end: TimeOfDay = "24:00"
    """Local time from which on they do not; equal to `start` they never do."""
    timezone: Zone = "UTC"
    """IANA name of the time zone."""

    def contain(self, at_ms: int) -> bool:
        """Whether heartbeats happen at `at_ms`, Unix ms."""
        local = datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(time_zone(self.timezone))
        now, start, end = 60 * local.hour + local.minute, _minutes(self.start), _minutes(self.end)
        if start <= end:
            return start <= now < end
        return now >= start or now < end


class Heartbeat(Section):
    """When an agent takes a turn by itself, and where the result goes."""

    accepted_keys = openclaw_keys.HEARTBEAT

    every: Duration = "30m"
    """Time between two; `0m` for none, wakes go on."""
    active_hours: ActiveHours = ActiveHours()
    target: Annotated[str, Field(min_length=1)] = OWNER
    """`owner` and `last`: where the session was heard from last; `none`; or a channel's id."""
    to: str | None = None
    """Who on that channel; without it the channel's `defaultTo`."""
    account_id: str | None = None
    """Which account of that channel."""
    prompt: str = PROMPT
    """What the agent is asked."""
    session: str = MAIN_SESSION
    """The session whose turn it is: `main` or a key."""
    model: str | None = None
    """`provider/model`; without it the agent's."""
    timeout_seconds: Positive | None = None
    """How long an attempt may take, in seconds; without it the agent's `timeoutSeconds`."""
    isolated_session: Flag = False
    """Whether the turn neither sees nor joins the session's transcript."""
    light_context: Flag = False
    """Whether the agent is told only HEARTBEAT.md of its instruction files."""
    ack_max_chars: NonNegative = 300
    """Characters beside HEARTBEAT_OK up to which a reply counts as silence."""

    @property
    def every_ms(self) -> int:
        """`every` in milliseconds; 0 for no cadence."""
        return parse_duration_ms(self.every)
