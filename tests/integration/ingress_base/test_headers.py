"""Headers on every answer (contract §0.2, run-api §4.7)."""

from __future__ import annotations

import re

import pytest

from tests.integration.ingress_base.routes_for_tests import ROUTES
from tests.integration.ingress_base.running import BEARER, make_config, running

EVERYWHERE = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), microphone=(self), geolocation=()",
}


@pytest.mark.parametrize(
    "path", ["/health", "/nowhere", "/v1/models", "/v1/crash", "/v1/until-closing"]
)
async def test_every_answer_carries_the_security_headers_and_no_server(
    valkey_url: str, path: str
) -> None:
    async with (
        running(make_config(valkey_url), routes=ROUTES) as ingress,
        ingress.client.get(ingress.url + path, headers=BEARER) as response,
    ):
        assert response.headers.items() >= EVERYWHERE.items()
        assert re.fullmatch(r"req_[0-9a-f]{32}", response.headers["X-Request-Id"])
        assert "Server" not in response.headers
        assert "Strict-Transport-Security" not in response.headers


async def test_strict_transport_security_is_sent_where_it_is_configured(valkey_url: str) -> None:
    value = "max-age=31536000; includeSubDomains"
    gateway = {"http": {"securityHeaders": {"strictTransportSecurity": value}}}
    async with running(make_config(valkey_url, gateway=gateway)) as ingress:
        for path in ("/health", "/nowhere"):
            response, _ = await ingress.ask(path)
            assert response.headers["Strict-Transport-Security"] == value


async def test_a_sane_request_id_is_taken_over(valkey_url: str) -> None:
    async with running(make_config(valkey_url)) as ingress:
        response, body = await ingress.ask("/nowhere", headers={"X-Request-Id": "mine-1/2:3"})
        assert response.headers["X-Request-Id"] == "mine-1/2:3"
        assert body["error"]["request_id"] == "mine-1/2:3"


@pytest.mark.parametrize("given", ["", "two words", "x" * 129, "sch\xf6n", "tab\there"])
async def test_any_other_request_id_is_replaced(valkey_url: str, given: str) -> None:
    async with running(make_config(valkey_url)) as ingress:
        response, _ = await ingress.ask("/health", headers={"X-Request-Id": given})
        assert response.headers["X-Request-Id"].startswith("req_")


async def test_json_answers_tell_their_processing_time_and_streams_do_not(
    valkey_url: str,
) -> None:
    async with running(make_config(valkey_url), routes=ROUTES) as ingress:
        response, _ = await ingress.ask("/v1/models", headers=BEARER)
        assert int(response.headers["openai-processing-ms"]) >= 0
        async with ingress.client.get(ingress.url + "/v1/until-closing", headers=BEARER) as stream:
            assert "openai-processing-ms" not in stream.headers
