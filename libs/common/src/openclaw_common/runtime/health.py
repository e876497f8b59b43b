"""The side port of a process: whether it lives, is ready, has started, and what it measured.

    GET /livez     200 while the event loop runs; nothing else is asked, so a Redis that is away
                   does not restart the fleet
    GET /readyz    200, or 503 with what fails: whether the process should get work
                   `?once=redis`: what is named counts until the process has been ready once
    GET /startupz  200 once the process has started, 503 before
    GET /metrics   what the process measured, for Prometheus

It is answered by the event loop that does the process's work: one that stalls does not answer.
Nothing here asks for a key, and nothing tells more than names of what fails, and numbers.
"""

from __future__ import annotations

import errno
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson
from aiohttp import web

from openclaw_common.runtime.config.health import Health

LIVE: Final = "/livez"
READY: Final = "/readyz"
STARTED: Final = "/startupz"
METRICS: Final = "/metrics"
ONCE: Final = "once"

_logger: Final = logging.getLogger(__name__)


class SidePortTaken(OSError):
    """The side port cannot be listened on; the text says what to do."""


@dataclass(frozen=True, slots=True)
class Probes:
    """What the side port asks the process.

    `failing` names what keeps it from taking work, nothing when it is ready; `started` says whether
    it has come up; `scrape` returns body and content type of the metrics, given `Accept`.
    """

    failing: Callable[[], Awaitable[Sequence[str]]]
    started: Callable[[], bool]
    scrape: Callable[[str], Awaitable[tuple[bytes, str]]]


class SidePort:
    """Listens from `start` to `stop`."""

    def __init__(self, settings: Health, probes: Probes) -> None:
        self._settings = settings
        self._probes = probes
        self._has_been_ready = False
        app = web.Application()
        for path, handler in (
            (LIVE, self._live),
            (READY, self._ready),
            (STARTED, self._started),
            (METRICS, self._metrics),
        ):
            app.router.add_get(path, handler)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)

    async def start(self) -> int:
        """Listen and return the port. Raises SidePortTaken."""
        host, port = self._settings.host, self._settings.port
        await self._runner.setup()
        site = web.TCPSite(self._runner, host, port)
        try:
            await site.start()
        except OSError as error:
            await self._runner.cleanup()
            raise SidePortTaken(_advice(host, port, error)) from None
        _logger.info("health.listening", extra={"host": host, "port": port})
        return port

    async def stop(self) -> None:
        """Close it."""
        await self._runner.cleanup()

    async def _live(self, request: web.Request) -> web.Response:
        return _answer({"live": True}, ok=True)

    async def _ready(self, request: web.Request) -> web.Response:
        failing = list(await self._probes.failing())
        if not failing:
            self._has_been_ready = True
        elif self._has_been_ready:
            # What all replicas lose at once takes none of them out: each of them says it better.
            let_pass = request.query.getall(ONCE, [])
            failing = [each for each in failing if each not in let_pass]
        return _answer({"ready": not failing, "failing": failing}, ok=not failing)

    async def _started(self, request: web.Request) -> web.Response:
        started = self._probes.started()
        return _answer({"started": started}, ok=started)

    async def _metrics(self, request: web.Request) -> web.Response:
        body, content_type = await self._probes.scrape(request.headers.get("Accept", ""))
        return web.Response(body=body, headers={"Content-Type": content_type})


def _answer(body: dict[str, Any], *, ok: bool) -> web.Response:
    return web.Response(
        body=orjson.dumps(body),
        status=200 if ok else 503,
        headers={"Content-Type": "application/json", "Cache-Control": "no-store"},
    )


def _advice(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            f"port {port} of {host} is taken, perhaps by the side port of another process of the "
            "gateway; each process on one host needs its own: set OPENCLAW_HEALTH_PORT (0: none)"
        )
    return (
        f"the side port cannot listen on {host}:{port}: {error.strerror}; correct health.host and "
        "health.port (OPENCLAW_HEALTH_PORT)"
    )
