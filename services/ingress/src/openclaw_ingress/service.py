"""The ingress of one process: an application on a guarded listener, started, drained, stopped."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Mapping, Sequence
from typing import Final

from aiohttp import web

from openclaw_channels.base import ChannelPlugin
from openclaw_common.contracts.ids import new_process_id
from openclaw_common.queue.job_queue import RunQueue
from openclaw_common.runtime import heap
from openclaw_common.runtime.clock import SystemClock
from openclaw_common.runtime.config import Config
from openclaw_common.runtime.lifecycle import (
    Drain,
    raise_open_files_limit,
    wait_for_stop_signal,
)
from openclaw_common.runtime.metrics.instruments import CONNECTIONS
from openclaw_common.runtime.metrics.recorder import Metrics, one
from openclaw_common.runtime.observation import Observation
from openclaw_common.runtime.tracing import Tracer
from openclaw_common.store.cell_readers import stream_reader
from openclaw_common.store.fleet_watch import FleetWatch
from openclaw_common.store.process import Process, at_store
from openclaw_common.store.store import Store
from openclaw_ingress.app import create_app
from openclaw_ingress.app_keys import READINESS
from openclaw_ingress.auth.client_address import ClientAddresses
from openclaw_ingress.connection.census import ConnectionCensus
from openclaw_ingress.connection.limits import ConnectionLimits, Guard
from openclaw_ingress.connection.listener import BACKLOG, open_listener
from openclaw_ingress.connection.server import GuardedRunner
from openclaw_ingress.early_answers import EarlyAnswers
from openclaw_ingress.middleware.response_headers import ResponseHeaders
from openclaw_ingress.route import Route

_logger: Final = logging.getLogger(__name__)

CLOSING_S: Final = 2.0
"""How long streams may take to end themselves once the drain time is used up, in seconds."""
SPARE_FILES: Final = 128
"""Open files kept back from client connections, for Redis, logs and the like."""
SHUTDOWN_S: Final = 0.5
"""How long aiohttp waits, twice, for handlers that did not, before it cancels them."""


class IngressService:
    """`start`, then `drain`, then `stop`; the last alone when there is no time to be polite.

    Uses `store` but does not close it. `host` and `port` replace the configuration's; port 0 lets
    the system choose. `reuse_port` lets several processes of one host share the port. `routes`
    replaces the route table of the configuration, `channels` the installed channels; `environ` may
    hold credentials of accounts. Raises the process's limit of open files, and holds its
    connections to it.
    """

    def __init__(
        self,
        config: Config,
        store: Store,
        *,
        host: str | None = None,
        port: int | None = None,
        reuse_port: bool = False,
        routes: Sequence[Route] | None = None,
        channels: Mapping[str, ChannelPlugin] | None = None,
        environ: Mapping[str, str] | None = None,
        metrics: Metrics | None = None,
        tracer: Tracer | None = None,
    ) -> None:
        self._config = config
        self._host = config.gateway.bind_host() if host is None else host
        self._port = config.gateway.port if port is None else port
        self._reuse_port = reuse_port
        self._drain = Drain()
        self._census = _census(config, open_files=raise_open_files_limit(_files_wanted(config)))
        ingress = config.ingress
        reader = stream_reader(
            store, block_ms=ingress.reader_block_ms, buffer_bytes=ingress.stream_buffer_bytes
        )
        self._app = create_app(
            config,
            store,
            RunQueue(store),
            reader,
            drain=self._drain,
            routes=routes,
            channels=channels,
            environ=environ,
            metrics=metrics,
            tracer=tracer,
        )
        guard = Guard(ConnectionLimits.of(ingress), self._census, _early_answers(config))
        census = self._census
        if metrics is not None:
            metrics.observe(CONNECTIONS, one(lambda: census.connections))
        self._runner = GuardedRunner(self._app, guard, shutdown_s=SHUTDOWN_S)

    @property
    def census(self) -> ConnectionCensus:
        """What is open now."""
        return self._census

    async def failing(self) -> Sequence[str]:
        """Return what keeps it from taking requests."""
        return (await self._app[READINESS].report()).failing

    async def start(self) -> int:
        """Listen and return the bound port. Raises OSError when the address cannot be had."""
        listener = open_listener(
            self._host,
            self._port,
            send_buffer_bytes=self._config.ingress.socket_send_buffer_bytes,
            reuse_port=self._reuse_port,
        )
        try:
            await self._runner.setup()
            await web.SockSite(self._runner, listener, backlog=BACKLOG).start()
        except BaseException:
            listener.close()
            raise
        host, port = listener.getsockname()[:2]
        _logger.info("ingress.listening", extra={"host": host, "port": port})
        return int(port)

    async def drain(self) -> None:
        """Refuse new work, give what is open `ingress.drain_seconds`, then ask it to end.

        Returns as soon as nothing is open. The listener stays, to tell clients and probes so.
        """
        self._drain.begin()
        _logger.info("ingress.draining", extra={"requests": self._census.requests})
        await self._idle_within(self._config.ingress.drain_seconds)
        self._drain.close()
        await self._idle_within(CLOSING_S)

    async def stop(self) -> None:
        """Close the listener and every connection, and stop the reader."""
        self._drain.close()
        await self._runner.cleanup()
        _logger.info("ingress.stopped")

    async def _idle_within(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._census.wait_idle()


async def serve(
    config: Config,
    environ: Mapping[str, str],
    host: str | None = None,
    port: int | None = None,
    *,
    reuse_port: bool = False,
) -> None:
    """Run the ingress until SIGTERM or SIGINT; a second signal ends the process at once.

    `environ` says where metrics and traces are sent, and may hold credentials of accounts. Raises
    OSError, SidePortTaken among them.
    """
    process = Process(config, environ, "ingress", new_process_id("ingress"))
    async with at_store(process) as (store, tracer):
        await _serve(config, store, environ, host, port, reuse_port=reuse_port, tracer=tracer)


async def _serve(
    config: Config,
    store: Store,
    environ: Mapping[str, str],
    host: str | None,
    port: int | None,
    *,
    reuse_port: bool,
    tracer: Tracer | None,
) -> None:
    metrics = Metrics()
    service = IngressService(
        config,
        store,
        host=host,
        port=port,
        reuse_port=reuse_port,
        environ=environ,
        metrics=metrics,
        tracer=tracer,
    )
    observation = Observation(
        config.health,
        environ,
        metrics,
        service="openclaw-ingress",
        failing=service.failing,
        watches=[FleetWatch(store.all_jobs, metrics)],
    )
    stop_signal = asyncio.create_task(wait_for_stop_signal())
    try:
        await observation.start()
        await service.start()
        observation.started()
        heap.settle()
        received = await stop_signal
        _logger.info("ingress.stopping", extra={"signal": received.name})
        await service.drain()
    finally:
        await service.stop()
        await observation.stop()


def _files_wanted(config: Config) -> int:
    return config.ingress.max_connections + SPARE_FILES


def _census(config: Config, *, open_files: int) -> ConnectionCensus:
    gateway, ingress = config.gateway, config.ingress
    proxies = ClientAddresses(gateway.trusted_proxies, real_ip_fallback=False)
    possible = max(1, open_files - SPARE_FILES)
    if possible < ingress.max_connections:
        _logger.info(
            "ingress.fewer_connections",
            extra={"possible": possible, "max_connections": ingress.max_connections},
        )
    return ConnectionCensus(
        max_connections=min(ingress.max_connections, possible),
        max_per_client=ingress.max_connections_per_client,
        counts_alone=lambda address: not proxies.trusts(address),
    )


def _early_answers(config: Config) -> EarlyAnswers:
    http = config.gateway.http
    headers = ResponseHeaders(http.security_headers.strict_transport_security, SystemClock())
    return EarlyAnswers(headers, compat=http.compat)
