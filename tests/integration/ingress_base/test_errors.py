"""Errors are the seed's JSON on every path (contract §0.1, §0.6, §2 rows 1 to 5; run-api §4.8)."""

from __future__ import annotations

import io
import json
import logging
from typing import Any

import aiohttp
import pytest

from tests.integration.ingress_base.routes_for_tests import ROUTES, SECRET
from tests.integration.ingress_base.running import BEARER, make_config, running

NOT_FOUND = {"message": "Not Found", "type": "not_found"}


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/"), ("GET", "/nowhere"), ("POST", "/v1/nowhere"), ("DELETE", "/v1"), ("GET", "//")],
)
async def test_an_unknown_path_is_a_json_404(valkey_url: str, method: str, path: str) -> None:
    async with running(make_config(valkey_url)) as ingress:
        response, body = await ingress.ask(path, method)
        assert response.status == 404
        assert body["error"] == {**NOT_FOUND, "request_id": response.headers["X-Request-Id"]}
        assert response.headers["Content-Type"] == "application/json; charset=utf-8"


async def test_an_endpoint_that_is_off_is_an_unknown_path(valkey_url: str) -> None:
    off = {"http": {"endpoints": {"chatCompletions": {"enabled": False}}}}
    async with running(make_config(valkey_url, gateway=off)) as ingress:
        response, _ = await ingress.ask("/v1/models", headers=BEARER)
        assert response.status == 404


async def test_a_wrong_method_is_a_json_405_that_names_the_right_ones(valkey_url: str) -> None:
    async with running(make_config(valkey_url), routes=ROUTES) as ingress:
        response, body = await ingress.ask("/v1/echo", "GET")
        assert (response.status, response.headers["Allow"]) == (405, "POST")
        assert body["error"]["message"] == "Method Not Allowed"
        assert body["error"]["type"] == "invalid_request_error"


@pytest.mark.parametrize(
    "request_line",
    [
        b"GET http://[::1 HTTP/1.1",
        b"GET nowhere HTTP/1.1",
        b"GET /\xff HTTP/1.1",
        b"BAD",
        b"GET / HTTP/9.9",
        b"G\x00T / HTTP/1.1",
    ],
)
async def test_a_malformed_request_is_a_json_400_and_ends_the_connection(
    valkey_url: str, request_line: bytes
) -> None:
    async with running(make_config(valkey_url)) as ingress:
        head, body = _split(await ingress.raw(request_line + b"\r\nHost: x\r\n\r\n"))
        assert head.split()[1] == "400"
        assert body["error"]["message"] == "Bad Request"
        assert body["error"]["type"] == "invalid_request_error"
        assert "X-Content-Type-Options: nosniff" in head
        assert "Server:" not in head


@pytest.mark.parametrize(
    "lines",
    [
        b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        b"Content-Length: 5\r\nContent-Length: 6\r\n",
        b"Content-Length: +5\r\n",
        b"X-Folded: a\r\n b\r\n",
        b"".join(b"X-%d: a\r\n" % n for n in range(2000)),
    ],
)
async def test_headers_that_could_smuggle_or_swamp_are_a_json_400(
    valkey_url: str, lines: bytes
) -> None:
    async with running(make_config(valkey_url), routes=ROUTES) as ingress:
        head, body = _split(
            await ingress.raw(b"POST /v1/echo HTTP/1.1\r\nHost: x\r\n" + lines + b"\r\n")
        )
        assert (head.split()[1], body["error"]["message"]) == ("400", "Bad Request")


@pytest.mark.parametrize(
    "head",
    [
        b"GET / HTTP/1.1\r\nX: " + b"a" * 100_000 + b"\r\n",
        b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\n",
    ],
)
async def test_a_head_that_is_too_long_is_a_json_431_that_says_so(
    valkey_url: str, head: bytes
) -> None:
    async with running(make_config(valkey_url)) as ingress:
        answer, body = _split(await ingress.raw(head + b"Host: x\r\n\r\n"))
        assert answer.split()[1] == "431"
        assert "too long" in body["error"]["message"]
        assert body["error"]["type"] == "invalid_request_error"


async def test_an_expectation_that_cannot_be_met_is_a_json_417(valkey_url: str) -> None:
    async with running(make_config(valkey_url), routes=ROUTES) as ingress:
        for path in ("/v1/echo", "/nowhere"):
            response, body = await ingress.ask(path, "POST", headers={"Expect": "the-unexpected"})
            assert (response.status, body["error"]["type"]) == (417, "invalid_request_error")
            assert response.headers["X-Content-Type-Options"] == "nosniff"


async def test_the_body_is_asked_for_only_after_the_credential_was_seen(valkey_url: str) -> None:
    head = b"POST /v1/echo HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\n"
    async with running(make_config(valkey_url), routes=ROUTES) as ingress:
        async with ingress.connected() as (reader, writer):
            writer.write(head + b"\r\n")
            assert (await reader.readuntil(b"\r\n")).startswith(b"HTTP/1.1 401")
        async with ingress.connected() as (reader, writer):
            writer.write(head + f"Authorization: {BEARER['Authorization']}\r\n\r\n".encode())
            assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
            writer.write(b"{}")
            assert (await reader.readuntil(b"\r\n")).startswith(b"HTTP/1.1 200")


async def test_an_upgrade_to_anything_but_a_websocket_is_a_400_and_closes(
    valkey_url: str,
) -> None:
    async with running(make_config(valkey_url)) as ingress:
        head, body = _split(
            await ingress.raw(
                b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"
            )
        )
        assert (head.split()[1], body["error"]["message"]) == ("400", "Bad Request")
        assert "Connection: close" in head


@pytest.mark.parametrize("path", ["/v1/crash", "/v1/upstream-gone"])
async def test_a_crash_is_the_seeds_500_and_tells_nothing(
    valkey_url: str, caplog: pytest.LogCaptureFixture, path: str
) -> None:
    async with running(make_config(valkey_url), routes=ROUTES) as ingress:
        with caplog.at_level(logging.ERROR):
            response, body = await ingress.ask(path, headers=BEARER)
        assert response.status == 500
        request_id = response.headers["X-Request-Id"]
        assert body == {
            "error": {"message": "Internal error", "type": "api_error", "request_id": request_id}
        }
        assert response.headers["Cache-Control"] == "no-store"
        logged = [record for record in caplog.records if record.message == "request.failed"]
        assert [vars(record)["request_id"] for record in logged] == [request_id]
        assert SECRET in caplog.text
        assert SECRET not in str(body)
        after, _ = await ingress.ask("/v1/models", headers=BEARER)
        assert after.status == 200


async def test_a_crash_after_the_first_byte_breaks_the_response_off(valkey_url: str) -> None:
    async with running(make_config(valkey_url), routes=ROUTES) as ingress:
        with pytest.raises(aiohttp.ClientError):
            await ingress.ask("/v1/crash-midway", headers=BEARER)


@pytest.mark.parametrize(
    ("path", "status", "error", "retry"),
    [
        (
            "/v1/invalid",
            400,
            {
                "message": "messages: wrong",
                "type": "invalid_request_error",
                "param": "messages",
                "code": "invalid_role",
            },
            None,
        ),
        ("/v1/store-away", 503, {"type": "api_error", "code": "store_unavailable"}, ("1", "1000")),
        ("/v1/queue-full", 503, {"type": "api_error", "code": "queue_full"}, ("3", "2500")),
    ],
)
async def test_our_own_errors_keep_their_status_members_and_retry_after(
    valkey_url: str, path: str, status: int, error: dict[str, str], retry: Any
) -> None:
    async with running(make_config(valkey_url), routes=ROUTES) as ingress:
        response, body = await ingress.ask(path, headers=BEARER)
        assert response.status == status
        assert body["error"].items() >= error.items()
        headers = response.headers
        assert (headers.get("Retry-After"), headers.get("Retry-After-Ms")) == (retry or (None,) * 2)


async def test_a_body_over_the_limit_is_413_and_ends_the_connection(valkey_url: str) -> None:
    async with running(make_config(valkey_url), routes=ROUTES) as ingress:
        response, body = await ingress.ask(
            "/v1/echo", "POST", headers=BEARER, data=io.BytesIO(b"x" * ((1 << 20) + 1))
        )
        assert response.status == 413
        assert body["error"]["message"] == "Payload too large"
        assert response.headers["Connection"] == "close"


def _split(raw: bytes) -> tuple[str, Any]:
    head, _, body = raw.partition(b"\r\n\r\n")
    return head.decode(), json.loads(body)
