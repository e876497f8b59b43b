"""Named API keys."""

from __future__ import annotations

from typing import Final

from openclaw_ingress.openapi.model import JSON, Answer, Body, Operation, Operations, Page, answers
from openclaw_ingress.openapi.parameters import CURSOR
from openclaw_ingress.openapi.shapes.keys import KeyCreate
from openclaw_ingress.schemas.api_key import ApiKeyObject

_TAG: Final = "Keys"

KEYS: Final[Operations] = {
    ("POST", "/v1/keys"): Operation(
        "createKey",
        _TAG,
        "Make an API key, which is shown this once",
        {201: Answer("The key.", {JSON: ApiKeyObject}, ("Location",))},
        body=Body(KeyCreate, closed=True),
        errors=(409,),
    ),
    ("GET", "/v1/keys"): Operation(
        "listKeys",
        _TAG,
        "List API keys, the newest first",
        answers(Page(ApiKeyObject)),
        parameters=CURSOR,
    ),
    ("GET", "/v1/keys/{id}"): Operation(
        "readKey", _TAG, "Read an API key", answers(ApiKeyObject), errors=(404,)
    ),
    ("DELETE", "/v1/keys/{id}"): Operation(
        "revokeKey", _TAG, "Revoke an API key", answers(ApiKeyObject), errors=(404,)
    ),
}
