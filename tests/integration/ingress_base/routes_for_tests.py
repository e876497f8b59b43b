"""Handlers that misbehave in the ways the tests need."""

from __future__ import annotations

import asyncio

from aiohttp import web

from openclaw_common.contracts.errors import InvalidRequest, QueueFull, StoreUnavailable
from openclaw_ingress.app_keys import DRAIN
from openclaw_ingress.json_body import read_body
from openclaw_ingress.responses import json_response
from openclaw_ingress.route import Route
from openclaw_ingress.routes import MODELS, PROBES

SECRET = "a secret of the inside"


async def echo(request: web.Request) -> web.Response:
    body = await read_body(request, max_bytes=1 << 20, timeout_s=20)
    return json_response({"bytes": len(body)})


async def crash(request: web.Request) -> web.Response:
    raise RuntimeError(SECRET)


async def upstream_gone(request: web.Request) -> web.Response:
    raise ConnectionResetError(SECRET)


async def invalid(request: web.Request) -> web.Response:
    raise InvalidRequest("messages: wrong", param="messages", code="invalid_role")


async def store_away(request: web.Request) -> web.Response:
    raise StoreUnavailable


async def queue_full(request: web.Request) -> web.Response:
    raise QueueFull(lane=False, retry_after_s=2.5)


async def crash_midway(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    await response.write(b"data: 1\n\n")
    raise RuntimeError(SECRET)


async def flood(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await response.prepare(request)
    while True:
        await response.write(b"data: " + b"x" * 8192 + b"\n\n")


async def large(request: web.Request) -> web.Response:
    return web.Response(body=b"x" * 4_000_000)


async def until_closing(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await response.prepare(request)
    await response.write(b"data: begun\n\n")
    await request.app[DRAIN].wait_closing()
    await response.write(b"retry: 500\n\n")
    return response


async def until_cancelled(request: web.Request) -> web.Response:
    await asyncio.Event().wait()
    raise AssertionError


ROUTES = (
    *PROBES,
    *MODELS,
    Route("POST", "/v1/echo", echo, "operator.write"),
    Route("GET", "/v1/crash", crash, "operator.read"),
    Route("GET", "/v1/upstream-gone", upstream_gone, "operator.read"),
    Route("GET", "/v1/invalid", invalid, "operator.read"),
    Route("GET", "/v1/store-away", store_away, "operator.read"),
    Route("GET", "/v1/queue-full", queue_full, "operator.read"),
    Route("GET", "/v1/crash-midway", crash_midway, "operator.read"),
    Route("GET", "/v1/flood", flood, "operator.read"),
    Route("GET", "/v1/large", large, "operator.read"),
    Route("GET", "/v1/until-closing", until_closing, "operator.read"),
    Route("GET", "/v1/until-cancelled", until_cancelled, "operator.read"),
)
