"""Runs and their events."""

from __future__ import annotations

from typing import Final

from openclaw_common.contracts.run import RunStatus
from openclaw_ingress.openapi.model import (
    EVENTS,
    JSON,
    Answer,
    Body,
    Operation,
    Operations,
    Page,
    Parameter,
    answers,
)
from openclaw_ingress.openapi.operations.chat import STREAMED
from openclaw_ingress.openapi.parameters import (
    AGENT_ID,
    IDEMPOTENCY_KEY,
    LIMIT,
    ORDERED,
    RESUME,
    STREAM,
    TIME,
)
from openclaw_ingress.openapi.shapes.runs import RunCreation, RunEventObject
from openclaw_ingress.openapi.shapes.traces import RunTrace
from openclaw_ingress.schemas.run_object import RunObject

_TAG: Final = "Runs"
_ACCEPTED: Final = Answer("The run, accepted.", {JSON: RunObject}, ("x-run-id", "Location"))
_FILTERS: Final = (
    Parameter(
        "status",
        "Only runs in one of these states.",
        {
            "type": "array",
            "items": {"enum": [status.value for status in RunStatus]},
            "description": "Given once for each.",
        },
    ),
    AGENT_ID,
    Parameter("session_key", "Of this session only.", {"type": "string"}),
    Parameter("source", "Only runs from there: `chat`, `hook`, `api` …", {"type": "string"}),
    Parameter("created_after", "Unix seconds.", TIME),
    Parameter("created_before", "Unix seconds.", TIME),
    Parameter("trace_id", "Accepted in this trace: 32 hex digits.", {"type": "string"}),
)


def _cancel(name: str) -> Operation:
    return Operation(name, _TAG, "Cancel a run", {202: _ACCEPTED}, errors=(404, 409))


RUNS: Final[Operations] = {
    ("POST", "/v1/runs"): Operation(
        "createRun",
        _TAG,
        "Start a run",
        {
            202: _ACCEPTED,
            200: Answer("The run's events, as they come.", {EVENTS: STREAMED}),
            204: Answer("The client has every event of that run."),
        },
        parameters=(STREAM, IDEMPOTENCY_KEY, *RESUME),
        body=Body(RunCreation, closed=True),
        errors=(409, 410),
    ),
    ("GET", "/v1/runs"): Operation(
        "listRuns",
        _TAG,
        "List runs",
        answers(Page(RunObject)),
        parameters=(*_FILTERS, *ORDERED),
        description="`metadata[name]=value` wants runs with that pair.",
    ),
    ("GET", "/v1/runs/{id}"): Operation(
        "readRun",
        _TAG,
        "Read a run, if need be once it has ended",
        {
            200: Answer("The run.", {JSON: RunObject}, ("ETag", "x-run-id")),
            304: Answer("The run is as it was."),
        },
        parameters=(
            Parameter(
                "wait",
                "How long the run may take to end first, in seconds, up to"
                " `ingress.waitMaxSeconds`.",
                {"type": "string", "pattern": r"^[0-9]{1,4}(\.[0-9]{1,3})?$"},
            ),
            Parameter("If-None-Match", "The ETag that is known.", {"type": "string"}, "header"),
        ),
        errors=(404,),
    ),
    ("POST", "/v1/runs/{id}/cancel"): _cancel("cancelRun"),
    ("POST", "/v1/runs/{id}/stop"): _cancel("stopRun"),
    ("POST", "/v1/runs/{id}/retry"): Operation(
        "retryRun",
        _TAG,
        "Start a run with the request of one that has ended",
        {202: _ACCEPTED},
        parameters=(IDEMPOTENCY_KEY,),
        errors=(404, 409),
    ),
    ("GET", "/v1/runs/{id}/trace"): Operation(
        "readRunTrace",
        _TAG,
        "Read what is kept of a run's trace",
        {200: Answer("The spans.", {JSON: RunTrace}, ("x-run-id",))},
        errors=(404,),
    ),
    ("GET", "/v1/runs/{id}/events"): Operation(
        "followRunEvents",
        _TAG,
        "Follow a run's events, or read a page of them",
        {
            200: Answer(
                "The events, as they come or, with `Accept: application/json`, a page.",
                {EVENTS: STREAMED, JSON: Page(RunEventObject)},
                ("x-run-id",),
            ),
            204: Answer("The client has every event."),
        },
        parameters=(LIMIT, *RESUME),
        errors=(404, 410),
    ),
}
