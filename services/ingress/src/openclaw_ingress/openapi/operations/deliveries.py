"""Deliveries and dead letters."""

from __future__ import annotations

from typing import Final

from openclaw_common.contracts.delivery import DeliveryStatus
from openclaw_common.store.all_dead_letters import KINDS
from openclaw_ingress.openapi.model import Body, Operation, Operations, Page, Parameter, answers
from openclaw_ingress.openapi.parameters import CURSOR, FILTER, TIME
from openclaw_ingress.openapi.shapes.common import Deleted
from openclaw_ingress.openapi.shapes.deliveries import (
    BulkReplay,
    DeadLetterObject,
    DeliveryObject,
    ReplayedLetter,
    ReplayJob,
)

_TAG: Final = "Deliveries"
_LETTERS: Final = "Dead letters"
_STATUSES: Final = {"enum": [*(each.value for each in DeliveryStatus), ""]}
_FILTERS: Final = (
    Parameter("status", "In this state only.", _STATUSES),
    Parameter("channel", "Over this channel only.", FILTER),
    Parameter("to", "To this address only.", FILTER),
    Parameter("created_after", "Unix seconds.", TIME),
)
_RUN: Final = Parameter("run_id", "Of this run only.", FILTER)

DELIVERIES: Final[Operations] = {
    ("GET", "/v1/deliveries"): Operation(
        "listDeliveries",
        _TAG,
        "List deliveries, the newest first",
        answers(Page(DeliveryObject)),
        parameters=(*_FILTERS, _RUN, *CURSOR),
    ),
    ("GET", "/v1/runs/{id}/deliveries"): Operation(
        "listRunDeliveries",
        _TAG,
        "List the deliveries that a run caused",
        answers(Page(DeliveryObject)),
        parameters=(*_FILTERS, *CURSOR),
        errors=(404,),
    ),
    ("GET", "/v1/deliveries/{id}"): Operation(
        "readDelivery", _TAG, "Read a delivery", answers(DeliveryObject), errors=(404,)
    ),
    ("POST", "/v1/deliveries/{id}/replay"): Operation(
        "replayDelivery",
        _TAG,
        "Try a delivery again",
        answers(DeliveryObject, status=202),
        errors=(404, 409),
    ),
    ("POST", "/v1/deliveries/{id}/cancel"): Operation(
        "cancelDelivery",
        _TAG,
        "Cancel a delivery",
        answers(DeliveryObject, status=202),
        errors=(404, 409),
    ),
    ("GET", "/v1/dead-letters"): Operation(
        "listDeadLetters",
        _LETTERS,
        "List dead letters, the newest first",
        answers(Page(DeadLetterObject)),
        parameters=(
            Parameter("kind", "Of this kind only.", {"enum": [*KINDS, ""]}),
            Parameter("channel", "Of this channel only.", FILTER),
            Parameter("error_code", "With this error only.", FILTER),
            Parameter("since", "Unix seconds.", TIME),
            Parameter("until", "Unix seconds.", TIME),
            *CURSOR,
        ),
    ),
    ("POST", "/v1/dead-letters/replay"): Operation(
        "replayDeadLetters",
        _LETTERS,
        "Replay the dead letters that match",
        answers(ReplayJob, status=202),
        body=Body(BulkReplay, required=False),
    ),
    ("GET", "/v1/dead-letters/{id}"): Operation(
        "readDeadLetter", _LETTERS, "Read a dead letter", answers(DeadLetterObject), errors=(404,)
    ),
    ("DELETE", "/v1/dead-letters/{id}"): Operation(
        "deleteDeadLetter",
        _LETTERS,
        "Take a dead letter off the list",
        answers(Deleted),
        errors=(404,),
    ),
    ("POST", "/v1/dead-letters/{id}/replay"): Operation(
        "replayDeadLetter",
        _LETTERS,
        "Replay a dead letter",
        answers(ReplayedLetter, status=202),
        errors=(404, 409),
    ),
}
