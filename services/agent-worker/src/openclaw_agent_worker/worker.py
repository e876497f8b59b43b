"""The composition root of the agent worker: a LaneWorker over the run queue, and the scheduler.

The only file of this service that knows arq. `AgentWorkerService` runs inside any event loop (the
standalone process uses it); `serve` is the worker process itself.
"""

from __future__ import annotations

import asyncio
import random
import socket
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace

import aiohttp
from arq.worker import func

from openclaw_agent_worker.agent.loop import LoopRunner
from openclaw_agent_worker.backoff import Backoff
from openclaw_agent_worker.channel_files import ChannelImages
from openclaw_agent_worker.context import WorkerContext
from openclaw_agent_worker.documents import DocumentFiles
from openclaw_agent_worker.embeddings_run import Embedder
from openclaw_agent_worker.image_urls import ImageUrls
from openclaw_agent_worker.jobs.execute_run import CONTEXT, execute_run
from openclaw_agent_worker.measured import WorkerCounts
from openclaw_agent_worker.media import Media
from openclaw_agent_worker.models.bench import ProviderBench
from openclaw_agent_worker.models.registry import ModelRegistry
from openclaw_agent_worker.models.selection import ModelSelector
from openclaw_agent_worker.outbox import QueuedMessages
from openclaw_agent_worker.scheduler import Scheduler
from openclaw_agent_worker.tool_services import QueuedRuns, StoredSessions
from openclaw_agent_worker.tools.builtin import builtin_tools
from openclaw_agent_worker.tools.catalog import ToolCatalog
from openclaw_agent_worker.tools.mcp import McpServers
from openclaw_agent_worker.tools.registry import load_tools
from openclaw_agent_worker.tools.services import ToolServices
from openclaw_channels.base import ChannelContext, ChannelPlugin
from openclaw_channels.registry import load_channels
from openclaw_common.queue.cell_workers import CellWorkers
from openclaw_common.queue.forwarder import Forwarder
from openclaw_common.queue.job_queue import EXECUTE_RUN, DeliveryQueue
from openclaw_common.queue.job_slots import JobSlots
from openclaw_common.queue.parts import Parts
from openclaw_common.queue.worker import LaneWorker
from openclaw_common.queue.worker_process import serve_worker
from openclaw_common.runtime.clock import Clock, SystemClock
from openclaw_common.runtime.config import Config
from openclaw_common.runtime.egress.fetch import Egress
from openclaw_common.runtime.http_client import client_session
from openclaw_common.runtime.metrics.recorder import Metrics
from openclaw_common.runtime.tracing import Tracer, beginning_traces
from openclaw_common.store.process import Process
from openclaw_common.store.store import Store


class AgentWorkerService:
    """Executes runs from `start` until `drain` and `stop`. The store stays the caller's.

    `sleep` waits between tries of a provider request, seconds. `channels` replaces the installed
    channels; `environ` may hold credentials of their accounts.
    """

    def __init__(
        self,
        config: Config,
        store: Store,
        *,
        worker_id: str,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        metrics: Metrics | None = None,
        channels: Mapping[str, ChannelPlugin] | None = None,
        environ: Mapping[str, str] | None = None,
        tracer: Tracer | None = None,
    ) -> None:
        self._config = config
        self._store = store
        self._worker_id = worker_id
        self._sleep = sleep
        self._metrics = metrics or Metrics()
        self._tracer = tracer
        self._channels = channels
        self._environ = environ or {}
        self._http: aiohttp.ClientSession | None = None
        self._mcp: McpServers | None = None
        self._parts = Parts()

    async def start(self) -> None:
        """Begin to take runs and to fire what is due."""
        self._http = client_session()
        config, clock = self._config, SystemClock()
        if config.mcp.servers:
            self._mcp = McpServers(config.mcp.servers, clock.monotonic)
        egress = Egress(config.egress)
        services = ToolServices(
            config=config,
            sessions=StoredSessions(self._store),
            runs=QueuedRuns(self._store),
            outbox=QueuedMessages(config, self._store, self._load_channels),
            clock=clock,
            egress=egress,
            http=self._http,
        )
        tools = load_tools(services, builtin_tools(services), config.tools.modules)
        counts = WorkerCounts(self._metrics, config)
        models = ModelRegistry(config.models.providers, self._http, counts)
        backoff = Backoff(config.runs.max_tries, self._sleep, random.random)
        bench = self._bench(clock)
        shared = WorkerContext(
            config=config,
            sessions=self._store.sessions,
            other_sessions=self._store.sessions,
            streams=self._store.streams,
            system_events=self._store.system_events,
            deliveries=DeliveryQueue(self._store),
            live=self._store.live,
            runner=LoopRunner(ModelSelector(models, backoff, bench).select),
            tools=ToolCatalog(tools, config, self._mcp, counts),
            history=self._store.inbound,
            media=self._media(egress, self._http),
            embedder=Embedder(models, backoff, bench, counts),
            clock=clock,
            counts=counts,
        )
        slots = JobSlots(config.worker.concurrency)
        self._parts.take_jobs(
            CellWorkers([self._worker_of(here, shared, slots) for here in self._store.served])
        )
        with beginning_traces(self._tracer):
            for here in self._store.served:
                self._parts.go_on(Scheduler(config, self._store, here))
                if len(self._store.all) > 1:
                    self._parts.go_on(Forwarder(self._store, here))

    def _worker_of(self, here: Store, shared: WorkerContext, slots: JobSlots) -> LaneWorker:
        """Return the worker of one cell: what its runs are about is asked there."""
        context = replace(
            shared,
            sessions=here.sessions,
            streams=here.streams,
            system_events=here.system_events,
            live=here.live,
            history=here.inbound,
        )
        return LaneWorker(
            [func(execute_run, name=EXECUTE_RUN)],
            jobs=here.run_jobs,
            worker_id=self._worker_id,
            concurrency=self._config.worker.concurrency,
            renew_ms=self._config.runs.renew_ms,
            ctx={CONTEXT: context},
            metrics=self._metrics,
            tracer=self._tracer,
            slots=slots,
        )

    def _bench(self, clock: Clock) -> ProviderBench:
        worker = self._config.worker
        stays_s = {
            401: worker.provider_bench_unauthorized_seconds,
            402: worker.provider_bench_payment_seconds,
            429: worker.provider_bench_rate_limit_seconds,
        }
        return ProviderBench(self._store.provider_bench, stays_s, clock.monotonic)

    def _load_channels(self) -> Mapping[str, ChannelPlugin]:
        return load_channels() if self._channels is None else self._channels

    def _media(self, egress: Egress, http: aiohttp.ClientSession) -> Media:
        endpoints = self._config.gateway.http.endpoints
        responses = endpoints.responses
        return Media(
            images=ImageUrls(egress, endpoints.chat_completions.images),
            response_images=ImageUrls(egress, responses.images, "invalid request", "input"),
            documents=DocumentFiles(egress, responses.files),
            channel_images=ChannelImages(
                self._config, self._load_channels, ChannelContext(http, egress), self._environ
            ),
        )

    @property
    def failing(self) -> list[str]:
        """What keeps it from taking runs."""
        return self._parts.failing

    async def wait(self) -> None:
        """Return once stopped; raises what ended the worker by itself."""
        await self._parts.wait()

    async def drain(self, timeout_s: float) -> None:
        """Take nothing new, let runs finish for `timeout_s` seconds, then hand the rest back."""
        await self._parts.drain(timeout_s)

    async def stop(self) -> None:
        """End; what still runs is handed back. Raises what ended the worker by itself."""
        try:
            await self._parts.stop()
        finally:
            if self._mcp is not None:
                await self._mcp.close()
            if self._http is not None:
                await self._http.close()


async def serve(
    config: Config, worker_id: str, environ: Mapping[str, str], relay: socket.socket | None = None
) -> None:
    """Run one worker process until it is told to stop; see `serve_worker`.

    `environ` and `relay` are those of its Process.
    """

    def service(store: Store, metrics: Metrics, tracer: Tracer | None) -> AgentWorkerService:
        return AgentWorkerService(
            config, store, worker_id=worker_id, metrics=metrics, environ=environ, tracer=tracer
        )

    process = Process(config, environ, "agent-worker", worker_id, relay)
    await serve_worker(process, service, drain_s=config.worker.drain_seconds)
