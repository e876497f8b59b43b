"""Responses bodies for tests, parsed as the handler does it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from openclaw_common.contracts.errors import InvalidRequest
from openclaw_common.contracts.run import RunRequest
from openclaw_common.runtime.config import Config
from openclaw_ingress.json_body import parse_object
from openclaw_ingress.schemas.chat_completion import RoutingHeaders
from openclaw_ingress.schemas.response_request import (
    PreviousResponse,
    ResponseRequest,
    parse_response,
)
from tests.unit.ingress_chat.chat_requests import config

PNG = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5E"
    "rkJggg=="
)


def responses_config(**responses: Any) -> Config:
    return config(endpoints={"responses": {"enabled": True, **responses}})


def parse(
    body: dict[str, Any],
    headers: dict[str, str] | None = None,
    *,
    using: Config | None = None,
    previous: PreviousResponse | None = None,
    fingerprint: bool = False,
) -> ResponseRequest:
    """Parse `body` with `model` and `input` filled in where it does not name them."""
    whole = {"model": "openclaw", "input": "hello", **body}
    raw = json.dumps({key: value for key, value in whole.items() if value is not ...}).encode()
    return parse_response(
        parse_object(raw, max_depth=64),
        RoutingHeaders.read(headers or {}),
        using or responses_config(),
        previous=previous,
        fingerprint=fingerprint,
    )


def run_of(body: dict[str, Any], headers: dict[str, str] | None = None, **more: Any) -> RunRequest:
    """Return the run that a body asks for."""
    return parse(body, headers, **more).run


def refusal(body: dict[str, Any], headers: dict[str, str] | None = None, **more: Any) -> str:
    """Return the text with which a body is refused."""
    with pytest.raises(InvalidRequest) as refused:
        parse(body, headers, **more)
    error = refused.value.body
    assert (error.status, error.type) == (400, "invalid_request_error")
    return error.message


def saying(*parts: dict[str, Any], role: str = "user") -> dict[str, Any]:
    """Return a body whose one message has these parts."""
    return {"input": [{"type": "message", "role": role, "content": list(parts)}]}
