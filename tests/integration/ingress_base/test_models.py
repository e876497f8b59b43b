"""`GET /v1/models` and `/v1/models/{id}` (contract §1.2)."""

from __future__ import annotations

import pytest

from tests.integration.ingress_base.running import BEARER, make_config, running

AGENTS = {"entries": {"main": {"default": True}, "beta": {}, "default": {}}}


def _model(model_id: str) -> dict[str, object]:
    return {
        "id": model_id,
        "object": "model",
        "created": 0,
        "owned_by": "openclaw",
        "permission": [],
    }


async def test_the_list_names_the_default_first_and_every_agent_once(valkey_url: str) -> None:
    async with running(make_config(valkey_url, agents=AGENTS)) as ingress:
        response, body = await ingress.ask("/v1/models", headers=BEARER)
        assert response.status == 200
        ids = ["openclaw", "openclaw/default", "openclaw/main", "openclaw/beta"]
        assert body == {"object": "list", "data": [_model(model_id) for model_id in ids]}


async def test_models_are_there_when_only_responses_is_on(valkey_url: str) -> None:
    endpoints = {"chatCompletions": {"enabled": False}, "responses": {"enabled": True}}
    config = make_config(valkey_url, gateway={"http": {"endpoints": endpoints}})
    async with running(config) as ingress:
        response, _ = await ingress.ask("/v1/models", headers=BEARER)
        assert response.status == 200


@pytest.mark.parametrize(
    ("path", "model_id"),
    [
        ("openclaw", "openclaw"),
        ("openclaw/default", "openclaw/default"),
        ("openclaw%2Fdefault", "openclaw/default"),
        ("openclaw%2fbeta", "openclaw/beta"),
        ("%6Fpenclaw/main", "openclaw/main"),
    ],
)
async def test_one_model_is_found_by_its_decoded_id(
    valkey_url: str, path: str, model_id: str
) -> None:
    async with running(make_config(valkey_url, agents=AGENTS)) as ingress:
        raw = await ingress.raw(
            f"GET /v1/models/{path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
            f"Authorization: {BEARER['Authorization']}\r\n\r\n".encode()
        )
        assert raw.startswith(b"HTTP/1.1 200")
        assert f'"id":"{model_id}"'.encode() in raw


@pytest.mark.parametrize(
    ("path", "status", "message"),
    [
        ("", 400, "Missing model id."),
        ("%ZZ", 400, "Invalid model id encoding."),
        ("openclaw%2", 400, "Invalid model id encoding."),
        ("%ff", 400, "Invalid model id encoding."),
        ("gpt-4", 400, "Invalid model id."),
        ("openclaw/", 400, "Invalid model id."),
        ("openclaw%252Fdefault", 400, "Invalid model id."),
        ("openclaw/main/more", 400, "Invalid model id."),
        ("agent:main", 404, "Model 'agent:main' not found."),
        ("openclaw:main", 404, "Model 'openclaw:main' not found."),
        ("openclaw/gamma", 404, "Model 'openclaw/gamma' not found."),
        ("OpenClaw", 404, "Model 'OpenClaw' not found."),
    ],
)
async def test_any_other_id_is_refused_with_its_reason(
    valkey_url: str, path: str, status: int, message: str
) -> None:
    async with running(make_config(valkey_url, agents=AGENTS)) as ingress:
        raw = await ingress.raw(
            f"GET /v1/models/{path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
            f"Authorization: {BEARER['Authorization']}\r\n\r\n".encode()
        )
        assert raw.startswith(f"HTTP/1.1 {status}".encode())
        assert f'{{"message":"{message}","type":"invalid_request_error"'.encode() in raw


@pytest.mark.parametrize("path", ["/v1/models", "/v1/models/openclaw", "/v1/models/"])
async def test_models_take_get_only(valkey_url: str, path: str) -> None:
    async with running(make_config(valkey_url)) as ingress:
        for method in ("POST", "HEAD", "DELETE"):
            response, _ = await ingress.ask(path, method)
            assert (response.status, response.headers["Allow"]) == (405, "GET")
