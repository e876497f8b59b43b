"""The composition of the standalone gateway: embedded parts, one store, the services, one loop.

What can be in the way is found out first. Then start-up takes its time in loading the model, which
another process does, and in importing the agent worker, so both happen together. Shutting down
goes backwards.
"""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Final, Protocol

from openclaw_channels.registry import ChannelLoadError
from openclaw_common.contracts.errors import StoreUnavailable
from openclaw_common.contracts.ids import new_process_id
from openclaw_common.runtime.health import SidePortTaken
from openclaw_common.runtime.metrics.recorder import Metrics
from openclaw_common.runtime.observation import STARTING, Observation
from openclaw_common.store.fleet_watch import FleetWatch
from openclaw_common.store.process import Process, at_store
from openclaw_common.store.store import Store
from openclaw_standalone.embedded_model import PROVIDER, REFERENCE, EmbeddedModel
from openclaw_standalone.embedded_valkey import EmbeddedValkey
from openclaw_standalone.errors import StartError
from openclaw_standalone.setup import Setup
from openclaw_standalone.state_folder import StateFolder

if TYPE_CHECKING:
    from openclaw_agent_worker.worker import AgentWorkerService
    from openclaw_delivery.worker import DeliveryService
    from openclaw_ingress.service import IngressService

    Services = tuple[type[AgentWorkerService], type[DeliveryService], type[IngressService]]

REACHED_AT: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}
"""Addresses to listen on that are none to connect to, and what reaches them from here."""


class Part(Protocol):
    """What runs until it is stopped."""

    async def wait(self) -> str | None:
        """Return, if possible with what happened, once it has ended."""
        ...


class StandaloneGateway:
    """A running gateway. Made by `start`; then `drain`, then `stop`."""

    def __init__(
        self,
        url: str,
        ingress: IngressService,
        worker: AgentWorkerService,
        delivery: DeliveryService,
        *,
        drain_s: float,
        parts: Sequence[Part],
        cleanup: AsyncExitStack,
    ) -> None:
        self.url = url
        self._ingress = ingress
        self._worker = worker
        self._delivery = delivery
        self._drain_s = drain_s
        self._parts = parts
        self._cleanup = cleanup

    @classmethod
    async def start(
        cls, setup: Setup, state: StateFolder, environ: Mapping[str, str]
    ) -> StandaloneGateway:
        """Bring everything up and return the gateway once it answers. Raises StartError.

        `environ` may hold credentials of chat accounts.
        """
        async with AsyncExitStack() as stack:
            valkey = None
            if setup.embedded_store:
                valkey = await EmbeddedValkey.start(state.valkey)
                stack.push_async_callback(valkey.stop)
                setup = setup.with_store(valkey.url)
            config = setup.config
            process = Process(config, environ, "standalone", new_process_id("standalone"))
            store, tracer = await stack.enter_async_context(at_store(process))
            await _ping(store)
            model, services = await _prepare(setup, state, stack)
            worker_type, delivery_type, ingress_type = services
            if model is not None:
                setup = setup.with_model(PROVIDER, model.provider(), REFERENCE)
            config = setup.config
            metrics = Metrics()
            fleet = FleetWatch(store.all_jobs, metrics)
            up = _Up()
            observation = Observation(
                config.health,
                environ,
                metrics,
                service="openclaw-standalone",
                failing=up.failing,
                watches=[fleet],
            )
            stack.push_async_callback(observation.stop)
            await _observe(observation)
            worker = worker_type(
                config,
                store,
                worker_id=new_process_id("worker"),
                environ=environ,
                metrics=metrics,
                tracer=tracer,
            )
            stack.push_async_callback(worker.stop)
            await worker.start()
            delivery = delivery_type(
                config,
                store,
                worker_id=new_process_id("delivery"),
                environ=environ,
                metrics=metrics,
                tracer=tracer,
            )
            stack.push_async_callback(delivery.stop)
            await _start_delivery(delivery)
            ingress = ingress_type(config, store, environ=environ, metrics=metrics, tracer=tracer)
            stack.push_async_callback(ingress.stop)
            url = await _listen(ingress, setup)
            up.services = (ingress, worker, delivery)
            observation.started()
            state.announce(url)
            stack.callback(state.withdraw)
            return cls(
                url,
                ingress,
                worker,
                delivery,
                drain_s=config.ingress.drain_seconds,
                parts=[part for part in (valkey, model, worker, delivery) if part is not None],
                cleanup=stack.pop_all(),
            )

    async def wait(self) -> str:
        """Return what happened once a part has ended, which none does by itself."""
        ends = [asyncio.create_task(part.wait()) for part in self._parts]
        try:
            done, _ = await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            return next(iter(done)).result() or "a worker ended"
        finally:
            for end in ends:
                end.cancel()

    async def drain(self) -> None:
        """Refuse new work and let what is under way finish.

        What takes longer than `ingress.drainSeconds` is handed back and goes on at the next start.
        """
        await asyncio.gather(
            self._ingress.drain(),
            self._worker.drain(self._drain_s),
            self._delivery.drain(self._drain_s),
        )

    async def stop(self) -> None:
        """End every part, in the opposite order of their start."""
        await self._cleanup.aclose()


class _Up:
    """What readiness asks, once there is something to ask."""

    def __init__(self) -> None:
        self.services: tuple[IngressService, AgentWorkerService, DeliveryService] | None = None

    async def failing(self) -> Sequence[str]:
        """Return what keeps one of the services from working, each reason once."""
        if self.services is None:
            return [STARTING]
        ingress, worker, delivery = self.services
        found = (*await ingress.failing(), *worker.failing, *delivery.failing)
        return list(dict.fromkeys(found))


async def _observe(observation: Observation) -> None:
    try:
        await observation.start()
    except SidePortTaken as error:
        raise StartError(str(error)) from error


async def _prepare(
    setup: Setup, state: StateFolder, stack: AsyncExitStack
) -> tuple[EmbeddedModel | None, Services]:
    """Start the model if it is wanted, and import the services meanwhile."""
    services = asyncio.create_task(asyncio.to_thread(_import_services))
    if not setup.embedded_model:
        return None, await services
    starting = asyncio.create_task(EmbeddedModel.start(state.model_log))
    await asyncio.wait([services, starting])
    model = starting.result()
    stack.push_async_callback(model.stop)
    return model, services.result()


def _import_services() -> Services:
    from openclaw_agent_worker.worker import AgentWorkerService
    from openclaw_delivery.worker import DeliveryService
    from openclaw_ingress.service import IngressService

    return AgentWorkerService, DeliveryService, IngressService


async def _start_delivery(delivery: DeliveryService) -> None:
    try:
        await delivery.start()
    except ChannelLoadError as error:
        raise StartError(str(error)) from error


async def _ping(store: Store) -> None:
    try:
        await store.ping()
    except StoreUnavailable as error:
        raise StartError(
            "the Redis of redis.url or OPENCLAW_REDIS_URL does not answer; start it, correct the "
            "URL, or set none to use the embedded Valkey"
        ) from error


async def _listen(ingress: IngressService, setup: Setup) -> str:
    gateway = setup.config.gateway
    host = gateway.bind_host()
    try:
        port = await ingress.start()
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise StartError(
                f"{host}:{gateway.port} cannot be listened on: {error.strerror}; choose another "
                "with gateway.bind and --port"
            ) from error
        raise StartError(
            f"port {gateway.port} of {host} is taken, perhaps by a gateway that runs already; "
            "stop that, or choose another with --port (0: any free one)"
        ) from error
    host = REACHED_AT.get(host, host)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
