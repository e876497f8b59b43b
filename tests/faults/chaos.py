"""Random faults on every process and link of a fleet, repeatable by their seed."""

from __future__ import annotations

import asyncio
import os
import random
import signal
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress

from tests.harness.fleet import Fleet, Ingress, Worker
from tests.harness.proxy import Proxy

PAUSE_S = 0.6
"""Mean time between two faults."""


class Chaos:
    """Breaks one thing after another; each target is left alone until it has recovered.

    `links` are proxies before Valkey, one for each of the first workers; `faults` counts what was
    done. `unexpected` is what ended without having been told to.
    """

    def __init__(self, fleet: Fleet, links: list[Proxy], seed: int) -> None:
        self.faults: Counter[str] = Counter()
        self.unexpected: list[str] = []
        self._fleet = fleet
        self._links = links
        self._random = random.Random(seed)
        self._busy: set[object] = set()
        self._under_way: set[asyncio.Task[None]] = set()

    async def run(self, seconds: float) -> None:
        """Break things for this long, then wait until everything runs again."""
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        while loop.time() < until:
            self._strike()
            await asyncio.sleep(self._random.uniform(0.2, 1.8) * PAUSE_S)
        await asyncio.gather(*self._under_way)

    def _strike(self) -> None:
        fleet = self._fleet
        kinds: list[tuple[Callable[..., Awaitable[None]], list[object]]] = [
            (self.kill_worker, list(fleet.workers)),
            (self.kill_supervisor, [w for w in fleet.workers if w.supervised]),
            (self.pause_worker, list(fleet.workers)),
            (self.drain_worker, list(fleet.workers)),
            (self.kill_ingress, list(fleet.ingresses)),
            (self.pause_ingress, list(fleet.ingresses)),
            (self.drain_ingress, list(fleet.ingresses)),
            (self.kill_valkey, [fleet]),
            (self.pause_valkey, [fleet]),
            (self.hold_link, list(self._links)),
            (self.lose_link, list(self._links)),
            (self.reset_link, list(self._links)),
            (self.delay_link, list(self._links)),
        ]
        fault, targets = self._random.choice(kinds)
        target = self._random.choice(targets) if targets else None
        if target is None or target in self._busy:
            return
        self._busy.add(target)
        self.faults[fault.__name__] += 1
        task = asyncio.create_task(self._do(fault, target))
        self._under_way.add(task)

    async def _do(self, fault: Callable[..., Awaitable[None]], target: object) -> None:
        try:
            await fault(target)
        finally:
            self._busy.discard(target)

    async def _some_time(self, low: float, high: float) -> None:
        await asyncio.sleep(self._random.uniform(low, high))

    def _noted(self, name: str, status: int | None, tail: str) -> None:
        if status is not None:
            self.unexpected.append(f"{name} had ended with {status}:\n{tail}")

    async def _child(self, worker: Worker) -> int | None:
        """The process that executes runs, unless its supervisor is about to start it."""
        with suppress(IndexError, AssertionError):
            await self._fleet.until(lambda: _has_child(worker), "the worker has a child", 10)
            return worker.pid
        return None

    async def kill_worker(self, worker: Worker) -> None:
        pid = await self._child(worker)
        self._noted(worker.process.name, worker.process.popen.poll(), worker.process.tail())
        if pid is None:
            return
        os.kill(pid, signal.SIGKILL)
        if not worker.supervised:
            await worker.process.wait()
            self._fleet.restart_worker(worker)

    async def kill_supervisor(self, worker: Worker) -> None:
        self._noted(worker.process.name, worker.process.popen.poll(), worker.process.tail())
        worker.process.popen.kill()
        await worker.process.wait()
        self._fleet.restart_worker(worker)

    async def drain_worker(self, worker: Worker) -> None:
        self._noted(worker.process.name, worker.process.popen.poll(), worker.process.tail())
        worker.process.send(signal.SIGTERM)
        try:
            status = await worker.process.wait(30)
        except TimeoutError:
            status = -1
        # Told to stop before it had begun: it held nothing.
        young = status in (-signal.SIGTERM, 128 + signal.SIGTERM)
        if status and not (young and "jobs=0" in (worker.process.tail(120) or "jobs=0")):
            self.unexpected.append(
                f"{worker.process.name} drained with {status}:\n{worker.process.tail(3000)}"
            )
        self._fleet.restart_worker(worker)

    async def pause_worker(self, worker: Worker) -> None:
        pid = await self._child(worker)
        if pid is None:
            return
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGSTOP)
            await self._some_time(0.5, 5)
            os.kill(pid, signal.SIGCONT)

    async def kill_ingress(self, ingress: Ingress) -> None:
        self._noted(ingress.process.name, ingress.process.popen.poll(), ingress.process.tail())
        ingress.process.popen.kill()
        await ingress.process.wait()
        await self._fleet.restart_ingress(ingress)

    async def drain_ingress(self, ingress: Ingress) -> None:
        self._noted(ingress.process.name, ingress.process.popen.poll(), ingress.process.tail())
        ingress.process.send(signal.SIGTERM)
        status = await ingress.process.wait(30)
        if status:
            tail = ingress.process.tail()
            self.unexpected.append(f"{ingress.process.name} drained with {status}:\n{tail}")
        await self._fleet.restart_ingress(ingress)

    async def pause_ingress(self, ingress: Ingress) -> None:
        ingress.process.send(signal.SIGSTOP)
        await self._some_time(0.5, 3)
        ingress.process.send(signal.SIGCONT)

    async def kill_valkey(self, fleet: Fleet) -> None:
        await fleet.kill_valkey()
        await self._some_time(0, 3)
        await fleet.start_valkey()

    async def pause_valkey(self, fleet: Fleet) -> None:
        pid = fleet.valkey_pid
        os.kill(pid, signal.SIGSTOP)
        await self._some_time(0.5, 5)
        os.kill(pid, signal.SIGCONT)

    async def hold_link(self, link: Proxy) -> None:
        link.hold()
        await self._some_time(1, 8)
        link.heal()

    async def lose_link(self, link: Proxy) -> None:
        link.lose()
        await self._some_time(1, 8)
        link.heal()

    async def reset_link(self, link: Proxy) -> None:
        link.reset()

    async def delay_link(self, link: Proxy) -> None:
        link.delay_s = self._random.uniform(0.05, 1.5)
        await self._some_time(1, 8)
        link.heal()


async def _has_child(worker: Worker) -> bool:
    return not worker.supervised or bool(worker.process.children())
