"""The composition root of the delivery service: one LaneWorker over the delivery queue.

The only file of this service that knows arq. `DeliveryService` runs inside any event loop (the
standalone process uses it); `serve` is the delivery process itself.
"""

from __future__ import annotations

import asyncio
import random
import socket
from collections.abc import Mapping
from dataclasses import replace

import aiohttp
from arq.worker import func

from openclaw_channels.base import ChannelContext, ChannelPlugin
from openclaw_channels.registry import load_channels
from openclaw_common.inbound.intake import Intake
from openclaw_common.queue.cell_workers import CellWorkers
from openclaw_common.queue.job_queue import DELIVER
from openclaw_common.queue.job_slots import JobSlots
from openclaw_common.queue.parts import Parts
from openclaw_common.queue.worker import LaneWorker
from openclaw_common.queue.worker_process import serve_worker
from openclaw_common.runtime.clock import SystemClock
from openclaw_common.runtime.config import Config
from openclaw_common.runtime.egress.fetch import Egress
from openclaw_common.runtime.http_client import client_session
from openclaw_common.runtime.metrics.recorder import Metrics
from openclaw_common.runtime.tracing import Tracer, beginning_traces
from openclaw_common.store.live import PREVIEW, TYPING
from openclaw_common.store.process import Process
from openclaw_common.store.store import Store
from openclaw_delivery.accounts import ConfiguredAccounts
from openclaw_delivery.backoff import Backoff
from openclaw_delivery.context import Accounts, DeliveryContext
from openclaw_delivery.jobs.deliver import CONTEXT, deliver
from openclaw_delivery.live.adoption import Adoption
from openclaw_delivery.live.context import LiveContext
from openclaw_delivery.live.loop import LiveLoop
from openclaw_delivery.live.preview import Preview
from openclaw_delivery.live.typing import Typing
from openclaw_delivery.measured import DeliveryCounts
from openclaw_delivery.pacing import Pacing
from openclaw_delivery.receivers.accounts import receiving_accounts
from openclaw_delivery.receivers.connection import ReceivingContext
from openclaw_delivery.receivers.keeper import ReceiverKeeper
from openclaw_delivery.slots import Slots


class DeliveryService:
    """Executes deliveries from `start` until `drain` and `stop`. The store stays the caller's.

    `environ` may hold credentials of accounts; `channels` replaces the installed channels,
    `accounts` those of the configuration: then nothing is received.
    """

    def __init__(
        self,
        config: Config,
        store: Store,
        *,
        worker_id: str,
        environ: Mapping[str, str],
        accounts: Accounts | None = None,
        channels: Mapping[str, ChannelPlugin] | None = None,
        metrics: Metrics | None = None,
        tracer: Tracer | None = None,
    ) -> None:
        self._config = config
        self._store = store
        self._worker_id = worker_id
        self._environ = environ
        self._metrics = metrics or Metrics()
        self._tracer = tracer
        self._accounts = accounts
        self._channels = channels
        self._http: aiohttp.ClientSession | None = None
        self._keeper: ReceiverKeeper | None = None
        self._parts = Parts()

    async def start(self) -> None:
        """Begin to take deliveries. Raises ChannelLoadError."""
        limits = self._config.deliveries
        accounts = self._accounts or self._configured()
        context, slots = self._context(accounts), JobSlots(limits.concurrency)
        workers = [
            LaneWorker(
                [func(deliver, name=DELIVER)],
                jobs=here.delivery_jobs,
                worker_id=self._worker_id,
                concurrency=limits.concurrency,
                renew_ms=limits.renew_ms,
                ctx={CONTEXT: replace(context, records=here.deliveries)},
                metrics=self._metrics,
                tracer=self._tracer,
                slots=slots,
            )
            for here in self._store.served
        ]
        self._parts.take_jobs(CellWorkers(workers))
        for here in self._store.served:
            self._parts.go_on(self._live_loop(accounts, here))
        if self._keeper is not None:
            with beginning_traces(self._tracer):
                self._parts.go_on(self._keeper)

    def _configured(self) -> Accounts:
        self._http = client_session()
        config, environ = self._config, self._environ
        context = ChannelContext(self._http, Egress(config.egress))
        channels = load_channels() if self._channels is None else self._channels
        self._keeper = ReceiverKeeper(
            ReceivingContext(
                self._worker_id,
                config.inbound,
                Intake(config, self._store, metrics=self._metrics),
                self._store.receivers,
                self._metrics,
            ),
            receiving_accounts(config, channels, environ, context),
            SystemClock().monotonic,
        )
        return ConfiguredAccounts(channels, config.channels, environ, context)

    def _context(self, accounts: Accounts) -> DeliveryContext:
        limits, store, clock = self._config.deliveries, self._store, SystemClock()
        return DeliveryContext(
            limits=limits,
            accounts=accounts,
            records=store.deliveries,
            rests=store.account_rest,
            pacing=Pacing(
                store.pacing, limits.pacing_hold_ms, limits.max_retry_after_seconds, asyncio.sleep
            ),
            backoff=Backoff(
                limits.retry_schedule_seconds,
                limits.max_retry_after_seconds,
                limits.max_rate_limits,
                random.random,
            ),
            clock=clock,
            slots=Slots(
                limits.concurrency,
                limits.slots_per_free_slot,
                limits.send_timeout_seconds,
                clock=clock,
                random=random.random,
            ),
            counts=DeliveryCounts(self._metrics),
            previews=Adoption(store.live, asyncio.sleep),
        )

    def _live_loop(self, accounts: Accounts, here: Store) -> LiveLoop:
        context = LiveContext(
            live=here.live,
            limits=self._config.deliveries,
            accounts=accounts,
            rests=self._store.account_rest,
            spare=self._store.pacing,
            streams=here.streams,
        )
        shows = {TYPING: Typing(context).show, PREVIEW: Preview(context).show}
        return LiveLoop(context, shows)

    @property
    def failing(self) -> list[str]:
        """What keeps it from taking deliveries."""
        return self._parts.failing

    async def wait(self) -> None:
        """Return once stopped; raises what ended the worker by itself."""
        await self._parts.wait()

    async def drain(self, timeout_s: float) -> None:
        """Take nothing new, let deliveries finish for `timeout_s` seconds, hand the rest back.

        Accounts are left to other processes at once.
        """
        await self._parts.drain(timeout_s)

    async def stop(self) -> None:
        """End; what is still sent is handed back. Raises what ended the worker by itself."""
        try:
            await self._parts.stop()
        finally:
            if self._http is not None:
                await self._http.close()


async def serve(
    config: Config, worker_id: str, environ: Mapping[str, str], relay: socket.socket | None = None
) -> None:
    """Run one delivery process until it is told to stop; see `serve_worker`.

    `environ` and `relay` are those of its Process.
    """

    def service(store: Store, metrics: Metrics, tracer: Tracer | None) -> DeliveryService:
        return DeliveryService(
            config, store, worker_id=worker_id, metrics=metrics, environ=environ, tracer=tracer
        )

    process = Process(config, environ, "delivery", worker_id, relay)
    await serve_worker(process, service, drain_s=config.deliveries.drain_seconds)
