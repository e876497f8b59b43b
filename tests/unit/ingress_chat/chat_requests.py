"""Chat bodies for tests, parsed as the handler does it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from openclaw_common.contracts.errors import InvalidRequest
from openclaw_common.contracts.run import RunRequest
from openclaw_common.runtime.config import Config
from openclaw_ingress.schemas.chat_completion import (
    ChatCompletionRequest,
    RoutingHeaders,
    parse_chat_completion,
)

HELLO: list[dict[str, Any]] = [{"role": "user", "content": "hello"}]


def config(**gateway_http: Any) -> Config:
    """Two agents, `main` the default; one provider `acme`."""
    return Config.model_validate(
        {
            "gateway": {"http": gateway_http},
            "agents": {
                "entries": {
                    "main": {"default": True, "model": {"primary": "acme/small"}},
                    "beta": {"allowed_models": ["acme/large", "other/tiny"]},
                }
            },
            "models": {"providers": {"acme": {"baseUrl": "http://127.0.0.1:1", "models": []}}},
        }
    )


def parse(
    body: dict[str, Any],
    headers: dict[str, str] | None = None,
    *,
    using: Config | None = None,
    fingerprint: bool = False,
) -> ChatCompletionRequest:
    """Parse `body` with `model` and `messages` filled in where it does not name them."""
    whole = {"model": "openclaw", "messages": HELLO, **body}
    return parse_chat_completion(
        json.dumps({key: value for key, value in whole.items() if value is not ...}).encode(),
        RoutingHeaders.read(headers or {}),
        using or config(),
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
