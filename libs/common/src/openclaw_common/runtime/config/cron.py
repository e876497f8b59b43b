"""`cron`: jobs that start runs or tell sessions something at their times.

`CronJob` is one job in OpenClaw's field names, as the configuration and `/v1/cron` take it and as
Redis keeps it.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, model_validator
from pydantic_core import PydanticCustomError

from openclaw_common.runtime.config import openclaw_keys
from openclaw_common.runtime.config.base import Flag, NonNegative, Positive, Section
from openclaw_common.runtime.config.heartbeat import Zone
from openclaw_common.runtime.cron_times import check_expression, time_zone

CRON: Final = "cron"
EVERY: Final = "every"
AT: Final = "at"
MAIN: Final = "main"
ISOLATED: Final = "isolated"
SESSION_PREFIX: Final = "session:"
SYSTEM_EVENT: Final = "systemEvent"
AGENT_TURN: Final = "agentTurn"
ANNOUNCE: Final = "announce"
_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}\Z")
MOST_WHOLE: Final = 2**53 - 1
"""The largest number that Redis' scripts and JSON's readers keep whole."""
LAST_MS: Final = 253_402_300_799_999
"""The end of the year 9999, Unix ms."""
_NEEDS: Final = {CRON: "expr", EVERY: "every_ms", AT: "at"}


def _id(value: str) -> str:
    if not _ID.match(value):
        raise PydanticCustomError(
            "job_id",
            "a job id is 1 to 64 of letters, digits, `_`, `.` and `-`, and starts with a letter or"
            " digit",
        )
    return value


def _expression(value: str) -> str:
    try:
        check_expression(value)
    except ValueError as error:
        raise PydanticCustomError("cron_expression", "{reason}", {"reason": str(error)}) from None
    return value


def _text(value: Any) -> Any:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _filled(value: str) -> str:
    if not value.strip():
        raise PydanticCustomError("blank", "must not be blank")
    return value


Filled = Annotated[str, AfterValidator(_filled)]


class CronSchedule(Section):
    """When a job is due."""

    accepted_keys = openclaw_keys.CRON_SCHEDULE

    kind: Literal["cron", "every", "at"]
    expr: Annotated[str, AfterValidator(_expression)] | None = None
    """For `cron`: five fields, or six with seconds in front."""
    tz: Zone | None = None
    """For `cron` and an `at` without offset: IANA name of the time zone; without it UTC."""
    every_ms: Annotated[Positive, Field(le=MOST_WHOLE)] | None = None
    """For `every`: time between two ticks, in milliseconds."""
    anchor_ms: Annotated[NonNegative, Field(le=MOST_WHOLE)] | None = None
    """For `every`: a time that is a tick, Unix ms; without it the job's creation."""
    at: Annotated[str, BeforeValidator(_text)] | None = None
    """For `at`: ISO 8601, or Unix ms."""

    @model_validator(mode="after")
    def _whole(self) -> CronSchedule:
        if getattr(self, _NEEDS[self.kind]) is None:
            key = type(self).model_fields[_NEEDS[self.kind]].alias or ""
            raise PydanticCustomError(
                "schedule",
                'a schedule of kind "{kind}" needs {key}',
                {"kind": self.kind, "key": key},
            )
        if self.at is not None:
            self.at_ms()
        return self

    def at_ms(self) -> int:
        """Return `at` in Unix ms."""
        text = self.at or ""
        try:
            if text.isascii() and text.isdigit():
                return _within_time(int(text))
            moment = datetime.fromisoformat(text)
            if moment.tzinfo is None:
                moment = moment.replace(tzinfo=time_zone(self.tz or "UTC"))
            return round(moment.timestamp() * 1000)
        except (ValueError, OverflowError):
            raise PydanticCustomError(
                "moment", 'at must be a time such as "2026-02-01T16:00:00Z", or Unix ms'
            ) from None


def _within_time(moment_ms: int) -> int:
    if moment_ms > LAST_MS:
        raise OverflowError
    return moment_ms


class CronPayload(Section):
    """What a job does."""

    accepted_keys = openclaw_keys.CRON_PAYLOAD

    kind: Literal["systemEvent", "agentTurn"]
    text: Filled | None = None
    """For `systemEvent`: what the session's agent is told at its next turn."""
    message: Filled | None = None
    """For `agentTurn`: what the agent is asked."""
    model: str | None = None
    """For `agentTurn`: `provider/model`; without it the agent's."""
    thinking: str | None = None
    """For `agentTurn`: how hard the model is to think."""
    timeout_seconds: Annotated[Positive, Field(le=MOST_WHOLE)] | None = None
    """For `agentTurn`: how long an attempt may take, in seconds; without it the agent's."""

    @model_validator(mode="after")
    def _whole(self) -> CronPayload:
        key = "text" if self.kind == SYSTEM_EVENT else "message"
        if getattr(self, key) is None:
            raise PydanticCustomError(
                "payload", 'a payload of kind "{kind}" needs {key}', {"kind": self.kind, "key": key}
            )
        return self


class CronDelivery(Section):
    """Where the result of a job's run goes."""

    accepted_keys = openclaw_keys.CRON_DELIVERY

    mode: Literal["announce", "none"] = ANNOUNCE
    channel: str = "last"
    """A channel's id, or `last`: where the agent's main session was heard from last."""
    to: str | None = None
    """Who on that channel; without it the channel's `defaultTo`."""
    account_id: str | None = None
    """Which account of that channel."""
    thread_id: Annotated[str, BeforeValidator(_text)] | None = None
    """Which thread or topic there."""


class CronJob(Section):
    """One job."""

    accepted_keys = openclaw_keys.CRON_JOB

    id: Annotated[str, AfterValidator(_id)] | None = None
    """Required in the configuration; the API makes one where none is given."""
    name: str | None = None
    schedule: CronSchedule
    agent_id: str | None = None
    """Who does it; without it the default agent."""
    session_target: str = ISOLATED
    """`main`, `isolated` (each run by itself) or `session:<key>`."""
    session_key: str | None = None
    """The same as `session:<key>`."""
    wake_mode: Literal["now", "next-heartbeat"] = "now"
    """For `systemEvent`: whether the agent is to look at it at once."""
    payload: CronPayload
    delivery: CronDelivery = CronDelivery()
    enabled: Flag = True
    delete_after_run: Flag = False
    """Whether the job goes with its first tick; its history stays. Not for configured jobs."""
    missed: Literal["skip", "once", "all"] = "once"
    """What happens to ticks that nobody could fire in time."""

    @model_validator(mode="before")
    @classmethod
    def _default_target(cls, data: Any) -> Any:
        if not isinstance(data, dict) or "sessionTarget" in data or "session_target" in data:
            return data
        payload = data.get("payload")
        if isinstance(payload, dict) and payload.get("kind") == SYSTEM_EVENT:
            return {**data, "sessionTarget": MAIN}
        return data

    @model_validator(mode="after")
    def _consistent(self) -> CronJob:
        target, named = self.session_target, self.session_target.startswith(SESSION_PREFIX)
        if target not in (MAIN, ISOLATED) and not (named and self.session_name):
            raise PydanticCustomError(
                "session_target",
                'sessionTarget must be "main", "isolated" or "session:<key>"',
            )
        if self.payload.kind == SYSTEM_EVENT and target == ISOLATED and not self.session_name:
            raise PydanticCustomError(
                "session_target", 'a systemEvent needs sessionTarget "main" or a sessionKey'
            )
        if self.payload.kind == AGENT_TURN and target == MAIN:
            raise PydanticCustomError(
                "session_target",
                'an agentTurn needs sessionTarget "isolated" or a sessionKey; use a systemEvent for'
                ' "main"',
            )
        return self

    @property
    def session_name(self) -> str | None:
        """The session that the job names, None for the main or an isolated one."""
        if self.session_key:
            return self.session_key
        _, prefix, name = self.session_target.partition(SESSION_PREFIX)
        return name.strip() or None if prefix else None


class Cron(Section):
    """Jobs, and the limits of all of them."""

    accepted_keys = openclaw_keys.CRON

    enabled: Flag = True
    """Whether jobs are fired and `/v1/cron` is served."""
    jobs: tuple[CronJob, ...] = ()
    """Jobs that stand in the configuration; others are made through `/v1/cron`."""
    max_jobs: Positive = 1000
    """Jobs of both sorts."""
    max_job_bytes: Positive = 65_536
    """Size of a job that `/v1/cron` takes, in bytes."""
    min_interval_ms: Positive = 1000
    """Least time between two ticks of a job of kind `every`, in milliseconds."""
    missed_grace_ms: NonNegative = 60_000
    """How late a tick may be fired before it counts as missed, in milliseconds."""
    max_missed_ticks: Positive = 10
    """Missed ticks that `missed: "all"` makes up for; older ones are skipped."""
    max_run_history: Positive = 200
    """Ticks that the history of one job or heartbeat keeps."""
    run_history_retention_seconds: Positive = 2_592_000
    """How long a history is kept after its last tick, in seconds."""
    webhook_token: SecretStr | None = None
    webhook_ssrf_policy: dict[str, Any] = Field(default_factory=dict)
    session_retention: Any = "24h"
    """A duration as text, or false for ever."""
