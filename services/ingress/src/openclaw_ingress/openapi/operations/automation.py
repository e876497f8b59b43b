"""Cron jobs and hooks."""

from __future__ import annotations

from typing import Any, Final

from openclaw_common.runtime.config.cron import CronJob
from openclaw_ingress.openapi.model import (
    JSON,
    Answer,
    Body,
    Operation,
    Operations,
    Page,
    Parameter,
    answers,
)
from openclaw_ingress.openapi.parameters import CURSOR
from openclaw_ingress.openapi.shapes.automation import (
    CronChange,
    CronFired,
    CronJobObject,
    CronTick,
    HookAccepted,
    HookAgent,
    HookChallenge,
    HookWake,
    HookWoken,
)
from openclaw_ingress.openapi.shapes.common import Deleted

_CRON: Final = "Cron jobs"
_HOOKS: Final = "Hooks"
_PREFER: Final = Parameter(
    "Prefer", "`respond-async`, or `wait=` and seconds (RFC 7240).", {"type": "string"}, "header"
)
_KEYS: Final = tuple(
    Parameter(name, "Equal keys are one run.", {"type": "string"}, "header")
    for name in ("Idempotency-Key", "X-OpenClaw-Idempotency-Key")
)

CRON: Final[Operations] = {
    ("GET", "/v1/cron"): Operation(
        "listCronJobs", _CRON, "List jobs", answers(Page(CronJobObject)), parameters=CURSOR
    ),
    ("POST", "/v1/cron"): Operation(
        "createCronJob",
        _CRON,
        "Make a job",
        {
            201: Answer("The job, made.", {JSON: CronJobObject}, ("Location",)),
            200: Answer("The job, which was there.", {JSON: CronJobObject}, ("Location",)),
        },
        body=Body(CronJob),
        errors=(409,),
    ),
    ("GET", "/v1/cron/{id}"): Operation(
        "readCronJob", _CRON, "Read a job", answers(CronJobObject), errors=(404,)
    ),
    ("PATCH", "/v1/cron/{id}"): Operation(
        "changeCronJob",
        _CRON,
        "Pause a job, or let it go on",
        answers(CronJobObject),
        body=Body(CronChange, closed=True),
        errors=(404, 409),
    ),
    ("DELETE", "/v1/cron/{id}"): Operation(
        "deleteCronJob", _CRON, "Delete a job", answers(Deleted), errors=(404, 409)
    ),
    ("POST", "/v1/cron/{id}/run"): Operation(
        "runCronJob",
        _CRON,
        "Do now what a job does",
        answers(CronFired, status=202),
        errors=(404, 409),
    ),
    ("GET", "/v1/cron/{id}/runs"): Operation(
        "listCronJobRuns",
        _CRON,
        "List what a job did",
        answers(Page(CronTick)),
        parameters=CURSOR,
        errors=(404,),
    ),
}


def _accepted(shape: Any) -> dict[int, Answer]:
    return {
        200: Answer("Accepted.", {JSON: shape}),
        202: Answer("Accepted; it goes on.", {JSON: HookAccepted}, ("Location",)),
    }


def hook_operations(path: str) -> Operations:
    """Return the operations of the hooks, which live under `path`."""
    mapped = HookAccepted | HookWoken | HookChallenge
    return {
        ("POST", f"{path}/agent"): Operation(
            "hookAgent",
            _HOOKS,
            "Start a run from outside",
            _accepted(HookAccepted),
            parameters=(_PREFER, *_KEYS),
            body=Body(HookAgent),
            errors=(409,),
        ),
        ("POST", f"{path}/wake"): Operation(
            "hookWake",
            _HOOKS,
            "Tell a session something from outside",
            answers(HookWoken),
            body=Body(HookWake),
            errors=(409,),
        ),
        ("POST", f"{path}/{{name}}"): Operation(
            "hookMapped",
            _HOOKS,
            "A webhook, translated by its mapping",
            {**_accepted(mapped), 204: Answer("The mapping makes nothing of it.")},
            parameters=(_PREFER, *_KEYS),
            body=Body({}, required=False, forms=True),
            errors=(404, 409, 422, 500, 504),
            description="With the hook token, or the signature that its mapping asks for.",
        ),
    }
