"""The four auth modes (contract §0.3)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.ingress_base.running import BEARER, TOKEN, WRONG, make_config, running

MODELS = "/v1/models"
EXEMPT_OFF = {"rateLimit": {"exemptLoopback": False}}


@pytest.mark.parametrize("value", [f"Bearer {TOKEN}", f"bearer {TOKEN}", f"BEARER   {TOKEN} "])
async def test_the_token_lets_in_whatever_the_case_of_its_scheme(
    valkey_url: str, value: str
) -> None:
    async with running(make_config(valkey_url)) as ingress:
        response, _ = await ingress.ask(MODELS, headers={"Authorization": value})
        assert response.status == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": ""},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer  "},
        {"Authorization": f"Basic {TOKEN}"},
        {"Authorization": TOKEN},
    ],
)
async def test_no_credential_is_the_seeds_401(valkey_url: str, headers: dict[str, str]) -> None:
    async with running(make_config(valkey_url)) as ingress:
        response, body = await ingress.ask(MODELS, headers=headers)
        assert response.status == 401
        assert body["error"]["message"] == "Unauthorized"
        assert body["error"]["type"] == "authentication_error"
        assert body["error"]["request_id"] == response.headers["X-Request-Id"]
        assert "WWW-Authenticate" not in response.headers


@pytest.mark.parametrize(
    "credential", ["wrong", TOKEN[:-1], TOKEN + "x", TOKEN.upper(), f"{TOKEN} {TOKEN}", "\xff\xfe"]
)
async def test_a_wrong_token_is_the_same_401(valkey_url: str, credential: str) -> None:
    async with running(make_config(valkey_url, gateway={"auth": EXEMPT_OFF})) as ingress:
        response, body = await ingress.ask(
            MODELS, headers={"Authorization": f"Bearer {credential}"}
        )
        assert (response.status, body["error"]["message"]) == (401, "Unauthorized")


async def test_the_token_is_not_taken_from_the_query(valkey_url: str) -> None:
    async with running(make_config(valkey_url)) as ingress:
        response, _ = await ingress.ask(f"{MODELS}?token={TOKEN}")
        assert response.status == 401


async def test_401_is_called_unauthorized_under_compat_current(valkey_url: str) -> None:
    gateway = {"http": {"compat": "current"}}
    async with running(make_config(valkey_url, gateway=gateway)) as ingress:
        response, body = await ingress.ask(MODELS)
        assert (response.status, body["error"]["type"]) == (401, "unauthorized")


async def test_password_mode_takes_the_password_and_not_the_token(valkey_url: str) -> None:
    auth = {"mode": "password", "password": "open sesame", **EXEMPT_OFF}
    async with running(make_config(valkey_url, gateway={"auth": auth})) as ingress:
        right, _ = await ingress.ask(MODELS, headers={"Authorization": "Bearer open sesame"})
        assert right.status == 200
        wrong, _ = await ingress.ask(MODELS, headers=BEARER)
        assert wrong.status == 401


async def test_mode_none_asks_for_nothing(valkey_url: str) -> None:
    gateway = {"auth": {"mode": "none"}}
    async with running(make_config(valkey_url, gateway=gateway)) as ingress:
        for headers in ({}, WRONG):
            response, _ = await ingress.ask(MODELS, headers=headers)
            assert response.status == 200


@pytest.mark.parametrize(
    ("scopes", "status"),
    [
        ("operator.read", 200),
        ("operator.write", 200),
        ("operator.admin", 200),
        ("operator.pairing, operator.approvals", 403),
        ("", 403),
        ("made.up", 403),
    ],
)
async def test_scopes_narrow_a_caller_without_a_secret(
    valkey_url: str, scopes: str, status: int
) -> None:
    gateway = {"auth": {"mode": "none"}}
    async with running(make_config(valkey_url, gateway=gateway)) as ingress:
        response, body = await ingress.ask(MODELS, headers={"x-openclaw-scopes": scopes})
        assert response.status == status
        if status == 403:
            assert body["ok"] is False
            assert body["error"]["type"] == "forbidden"
            assert body["error"]["message"] == "missing scope: operator.read"


async def test_scopes_do_not_narrow_who_holds_the_secret(valkey_url: str) -> None:
    async with running(make_config(valkey_url)) as ingress:
        response, _ = await ingress.ask(MODELS, headers={**BEARER, "x-openclaw-scopes": ""})
        assert response.status == 200


@pytest.mark.parametrize(
    "header", ["Forwarded", "X-Forwarded-For", "X-Forwarded-Proto", "x-forwarded-user", "X-Real-IP"]
)
async def test_forwarded_headers_of_an_untrusted_peer_are_refused(
    valkey_url: str, header: str
) -> None:
    async with running(make_config(valkey_url)) as ingress:
        response, body = await ingress.ask(MODELS, headers={**BEARER, header: "203.0.113.9"})
        assert response.status == 403
        assert body["error"]["type"] == "proxy_attribution_required"
        assert body["error"]["message"].startswith("Proxy client attribution is required.")


@pytest.mark.parametrize("proxies", [["127.0.0.1"], ["127.0.0.0/8"], ["::ffff:127.0.0.1"]])
async def test_forwarded_headers_of_a_trusted_proxy_are_taken(
    valkey_url: str, proxies: list[str]
) -> None:
    async with running(make_config(valkey_url, gateway={"trustedProxies": proxies})) as ingress:
        response, _ = await ingress.ask(MODELS, headers={**BEARER, "X-Forwarded-For": "1.2.3.4"})
        assert response.status == 200


def _trusted_proxy(**more: Any) -> dict[str, Any]:
    vouching = {"userHeader": "x-auth-user", "allowLoopback": True, **more}
    return {
        "auth": {"mode": "trusted-proxy", "trustedProxy": vouching},
        "trustedProxies": ["127.0.0.1"],
    }


@pytest.mark.parametrize(
    ("settings", "headers", "status"),
    [
        ({}, {"x-auth-user": "ada"}, 200),
        ({}, {}, 401),
        ({}, {"x-auth-user": "  "}, 401),
        ({}, BEARER, 401),
        ({"allowUsers": ["ada"]}, {"x-auth-user": "ada"}, 200),
        ({"allowUsers": ["ada"]}, {"x-auth-user": "bob"}, 401),
        ({"requiredHeaders": ["x-auth-ok"]}, {"x-auth-user": "ada"}, 401),
        ({"requiredHeaders": ["x-auth-ok"]}, {"x-auth-user": "ada", "x-auth-ok": "1"}, 200),
        ({"allowLoopback": False}, {"x-auth-user": "ada"}, 401),
        ({}, {"x-auth-user": "ada", "x-openclaw-scopes": "operator.pairing"}, 403),
    ],
)
async def test_trusted_proxy_mode_believes_the_proxy_and_only_as_configured(
    valkey_url: str, settings: dict[str, Any], headers: dict[str, str], status: int
) -> None:
    config = make_config(valkey_url, gateway=_trusted_proxy(**settings))
    async with running(config) as ingress:
        response, _ = await ingress.ask(MODELS, headers=headers)
        assert response.status == status


async def test_a_user_header_from_elsewhere_than_the_proxy_counts_for_nothing(
    valkey_url: str,
) -> None:
    gateway = {**_trusted_proxy(), "trustedProxies": ["10.0.0.1"]}
    async with running(make_config(valkey_url, gateway=gateway)) as ingress:
        response, _ = await ingress.ask(MODELS, headers={"x-auth-user": "ada"})
        assert response.status == 401


async def test_a_method_that_is_not_allowed_comes_before_authentication(valkey_url: str) -> None:
    async with running(make_config(valkey_url)) as ingress:
        response, body = await ingress.ask(MODELS, "POST", data=b"{broken")
        assert response.status == 405
        assert response.headers["Allow"] == "GET"
        assert body["error"]["type"] == "invalid_request_error"
