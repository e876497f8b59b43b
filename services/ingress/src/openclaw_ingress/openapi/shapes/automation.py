"""Bodies of cron jobs and hooks. Times of cron jobs are Unix milliseconds."""

from __future__ import annotations

from typing import Annotated, Any, Literal, NotRequired, Required, TypedDict

from openclaw_common.contracts.run import RunStatus
from openclaw_ingress.openapi.model import Where
from openclaw_ingress.openapi.shapes.common import Count, Filled


class CronChange(TypedDict):
    """Whether a job is paused."""

    enabled: bool


class CronState(TypedDict):
    """Where a job stands."""

    nextRunAtMs: int | None
    lastRunAtMs: int | None
    lastOutcome: str | None
    lastReason: str | None
    lastRunId: str | None


class CronJobObject(TypedDict):
    """A job, with the members that it was made with."""

    id: str
    object: Literal["cron_job"]
    origin: str
    enabled: bool
    createdAtMs: int
    updatedAtMs: int
    schedule: dict[str, Any]
    payload: dict[str, Any]
    state: CronState


class CronFired(TypedDict):
    """What a job did when it was told to."""

    object: Literal["cron_run"]
    jobId: str
    outcome: str
    runId: str | None


class CronTick(TypedDict):
    """One time at which a job was due."""

    id: str
    object: Literal["cron_run"]
    jobId: str
    dueAtMs: int
    firedAtMs: int
    outcome: str
    reason: str | None
    missed: bool | Count
    manual: bool
    runId: str | None
    runStatus: Annotated[str, Where({"enum": [status.value for status in RunStatus]})] | None


class HookAgent(TypedDict, total=False):
    """A run that a webhook asks for (contract §3.4)."""

    message: Required[Filled]
    name: Any
    agentId: Filled | None
    sessionKey: Any
    sessionMode: Literal["isolated", "persistent"] | None
    wakeMode: Any
    deliver: Any
    channel: str | None
    to: Filled | None
    accountId: Filled | None
    model: Filled | None
    thinking: Any
    timeoutSeconds: Any
    waitForCompletion: bool
    idempotencyKey: Any


class HookWake(TypedDict, total=False):
    """Something that a session's agent is to hear of (contract §3.3)."""

    text: Required[Filled]
    mode: Any
    agentId: Filled | None
    sessionKey: Any


class HookAccepted(TypedDict):
    """The run that a webhook became; `completion` tells how it ended, where that was waited for."""

    ok: Literal[True]
    runId: str
    runIds: NotRequired[list[str]]
    dispatched: NotRequired[Count]
    completion: NotRequired[dict[str, Any]]


class HookWoken(TypedDict):
    """What became of a system event."""

    ok: Literal[True]
    mode: Literal["now", "next-heartbeat"]
    eventOutcome: str
    dispatched: NotRequired[Count]


class HookChallenge(TypedDict):
    """What Slack wants to hear of an address before it sends events there."""

    challenge: str
