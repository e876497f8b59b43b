"""Clients that speak HTTP by hand, well and badly."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from openclaw_ingress.route import Route
from tests.integration.ingress_base.routes_for_tests import ROUTES
from tests.integration.ingress_base.running import BEARER, Ingress, make_config, running

PATIENT = {
    "header_timeout_seconds": 30,
    "body_timeout_seconds": 30,
    "keep_alive_seconds": 30,
    "write_timeout_seconds": 30,
}
AUTH = f"Authorization: {BEARER['Authorization']}\r\n".encode()


@asynccontextmanager
async def guarded(valkey_url: str, *more: Route, **limits: Any) -> AsyncIterator[Ingress]:
    config = make_config(valkey_url, ingress={**PATIENT, **limits})
    async with running(config, routes=(*ROUTES, *more)) as ingress:
        yield ingress


def request(method: str, path: str, *lines: bytes) -> bytes:
    head = f"{method} {path} HTTP/1.1\r\nHost: x\r\n".encode()
    return head + AUTH + b"".join(line + b"\r\n" for line in lines) + b"\r\n"


async def closed_after(reader: asyncio.StreamReader) -> float:
    """Wait for the end of a connection; returns the seconds it took."""
    began = time.monotonic()
    async with asyncio.timeout(10):
        with suppress(ConnectionError):
            await reader.read()
    return time.monotonic() - began


async def trickle(writer: asyncio.StreamWriter, data: bytes, pause_s: float) -> None:
    """Send a byte at a time, for as long as the server takes them."""
    for byte in data:
        if writer.is_closing():
            return
        writer.write(bytes([byte]))
        await asyncio.sleep(pause_s)


async def answer(reader: asyncio.StreamReader) -> tuple[int, Any]:
    """The status and JSON body of one response."""
    async with asyncio.timeout(10):
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = int(head.partition("content-length: ")[2].partition("\r\n")[0])
        return int(head.split()[1]), json.loads(await reader.readexactly(length))


def deaf_client(port: int) -> socket.socket:
    """A connected socket that takes as little as it can."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.connect(("127.0.0.1", port))
    return client


async def until_nothing_is_open(ingress: Ingress, *, at_first: bool = False) -> None:
    census = ingress.service.census
    async with asyncio.timeout(5):
        while at_first and census.connections == 0:
            await asyncio.sleep(0)
        while census.connections > 0:
            await asyncio.sleep(0)
