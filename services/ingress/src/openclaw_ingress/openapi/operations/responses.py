"""Responses."""

from __future__ import annotations

from typing import Final

from openclaw_ingress.openapi.model import (
    EVENTS,
    JSON,
    Answer,
    Body,
    Operation,
    Operations,
    Page,
    answers,
)
from openclaw_ingress.openapi.operations.chat import STREAMED
from openclaw_ingress.openapi.parameters import (
    AFTER,
    IDEMPOTENCY_KEY,
    LIMIT,
    ON_DISCONNECT,
    ORDER,
    RESUME,
    ROUTING,
    STREAM,
)
from openclaw_ingress.openapi.shapes.common import Deleted
from openclaw_ingress.openapi.shapes.responses import (
    ResponseCreate,
    ResponseInputItem,
    ResponseObject,
)

_TAG: Final = "Responses"
_RESPONSE: Final = {
    200: Answer(
        "The response; with `stream` its events.",
        {JSON: ResponseObject, EVENTS: STREAMED},
        ("x-run-id",),
    )
}

RESPONSES: Final[Operations] = {
    ("POST", "/v1/responses"): Operation(
        "createResponse",
        _TAG,
        "Ask an agent",
        _RESPONSE,
        parameters=(*ROUTING, IDEMPOTENCY_KEY, ON_DISCONNECT, *RESUME),
        body=Body(ResponseCreate, closed=True),
        errors=(404, 409, 410, 422, 502, 504),
        description="A response that failed is answered with the status of its error.",
    ),
    ("GET", "/v1/responses/{id}"): Operation(
        "readResponse",
        _TAG,
        "Read a response, or go on with its stream",
        _RESPONSE,
        parameters=(STREAM, *RESUME),
        errors=(404, 410),
    ),
    ("DELETE", "/v1/responses/{id}"): Operation(
        "deleteResponse", _TAG, "Forget a response", answers(Deleted), errors=(404,)
    ),
    ("POST", "/v1/responses/{id}/cancel"): Operation(
        "cancelResponse", _TAG, "End a response", answers(ResponseObject), errors=(404,)
    ),
    ("GET", "/v1/responses/{id}/input_items"): Operation(
        "listInputItems",
        _TAG,
        "List what a response was asked with",
        answers(Page(ResponseInputItem)),
        parameters=(LIMIT, ORDER, AFTER),
        errors=(404,),
    ),
}
