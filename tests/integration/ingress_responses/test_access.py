"""Who reaches `/v1/responses`: nobody where it is off, and each user their own (contract §1.4)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.ingress_base.running import BEARER, Ingress, make_config, running

PATH = "/v1/responses"
UNKNOWN = f"{PATH}/resp_00000000-0000-4000-8000-000000000000"
ENDPOINTS = (
    ("POST", PATH),
    ("GET", UNKNOWN),
    ("DELETE", UNKNOWN),
    ("POST", f"{UNKNOWN}/cancel"),
    ("GET", f"{UNKNOWN}/input_items"),
)
ON = {"http": {"endpoints": {"responses": {"enabled": True, "maxBodyBytes": 4096}}}}
VOUCHING = {
    "auth": {
        "mode": "trusted-proxy",
        "trustedProxy": {"userHeader": "x-auth-user", "allowLoopback": True},
    },
    "trustedProxies": ["127.0.0.1"],
}


@pytest.mark.parametrize(("method", "path"), ENDPOINTS)
async def test_what_is_off_is_not_found(valkey_url: str, method: str, path: str) -> None:
    async with running(make_config(valkey_url)) as ingress:
        response, _ = await ingress.ask(path, method, headers=BEARER)
        assert response.status == 404


@pytest.mark.parametrize(("method", "path"), ENDPOINTS)
async def test_what_is_on_asks_for_a_key(valkey_url: str, method: str, path: str) -> None:
    async with running(make_config(valkey_url, gateway=ON)) as ingress:
        response, body = await ingress.ask(path, method)
        assert (response.status, body["error"]["message"]) == (401, "Unauthorized")


@pytest.mark.parametrize(
    ("method", "path", "allow"), [("GET", PATH, "POST"), ("PATCH", UNKNOWN, "DELETE, GET")]
)
async def test_another_method_is_told_which_there_are(
    valkey_url: str, method: str, path: str, allow: str
) -> None:
    async with running(make_config(valkey_url, gateway=ON)) as ingress:
        response, _ = await ingress.ask(path, method, headers=BEARER)
        assert (response.status, response.headers["Allow"]) == (405, allow)


@pytest.mark.parametrize(
    ("data", "status", "message"),
    [
        (b"{", 400, "Invalid request body"),
        (b"[]", 400, "Invalid request body"),
        (b"", 400, "model: Invalid input: expected string, received undefined"),
        (b'{"model":"openclaw","input":"' + b"x" * 5000 + b'"}', 413, "Payload too large"),
    ],
)
async def test_a_body_is_read_within_its_limits(
    valkey_url: str, data: bytes, status: int, message: str
) -> None:
    async with running(make_config(valkey_url, gateway=ON)) as ingress:
        response, body = await ingress.ask(PATH, "POST", headers=BEARER, data=data)
        assert (response.status, body["error"]["message"]) == (status, message)


async def as_user(ingress: Ingress, user: str, method: str, path: str, body: Any = None) -> Any:
    """Return what a user is answered."""
    response, answer = await ingress.ask(path, method, headers={"x-auth-user": user}, json=body)
    return response.status, answer


async def test_another_users_response_does_not_exist(valkey_url: str) -> None:
    async with running(make_config(valkey_url, gateway={**ON, **VOUCHING})) as ingress:
        asked = {"model": "openclaw", "input": "hi", "background": True}
        status, body = await as_user(ingress, "ada", "POST", PATH, asked)
        assert (status, body["status"]) == (200, "queued")
        name = f"{PATH}/{body['id']}"
        for method, path in (
            ("GET", name),
            ("GET", f"{name}?stream=true"),
            ("GET", f"{name}/input_items"),
            ("POST", f"{name}/cancel"),
            ("DELETE", name),
        ):
            assert (await as_user(ingress, "bob", method, path))[0] == 404
        follow_up = {"model": "openclaw", "input": "hi", "previous_response_id": body["id"]}
        status, refused = await as_user(ingress, "bob", "POST", PATH, follow_up)
        assert (status, refused["error"]["code"]) == (400, "previous_response_not_found")
        status, cancelled = await as_user(ingress, "ada", "POST", f"{name}/cancel")
        assert (status, cancelled["status"]) == (200, "cancelled")
