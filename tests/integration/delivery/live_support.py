"""Words for tests of what is seen of a run: begin one, let it speak, let time pass, end it."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import orjson

from openclaw_channels.base import Part, PermanentFailure, Receipt
from openclaw_common.contracts.delivery import DeliveryRequest, Destination
from openclaw_common.contracts.ids import new_run_id
from openclaw_common.contracts.run import RunRequest, RunResult, RunStatus, Turn
from openclaw_common.contracts.run_event import (
    MESSAGE_DELTA,
    RUN_CANCELLED,
    RUN_COMPLETED,
    RUN_FAILED,
    encode_delta,
)
from openclaw_common.queue.job_queue import DeliveryQueue, RunQueue
from openclaw_common.store.leases import Lease
from openclaw_common.store.live import PREVIEW, TYPING, Live
from openclaw_delivery.context import DeliveryContext
from openclaw_delivery.live.adoption import Adoption
from openclaw_delivery.live.context import LiveContext
from openclaw_delivery.live.preview import Preview
from openclaw_delivery.live.typing import Typing
from tests.fakes.scripted_channel import ScriptedChannel, Step, meet
from tests.integration.delivery.support import Office

THERE = Destination("fake", "42")
LONG = "A text that is long enough to be shown"


@dataclass
class LiveChannel(ScriptedChannel):
    """A platform with an indicator and messages that can be edited, unless they are `gone`."""

    typings: list[str] = field(default_factory=list)
    typing_script: deque[Step] = field(default_factory=deque)
    editing: deque[Step] = field(default_factory=deque)
    edits: list[str] = field(default_factory=list)
    gone: set[str] = field(default_factory=set)
    previews: bool = True
    typing_for_s: float = 5.0

    @property
    def typing_seconds(self) -> float:
        return self.typing_for_s

    async def show_typing(self, destination: Destination) -> None:
        await meet(self.typing_script)
        self.typings.append(destination.to)

    async def shows_previews(self, destination: Destination) -> bool:
        return self.previews

    async def edit(self, destination: Destination, message_id: str, part: Part) -> Receipt:
        await meet(self.editing)
        if message_id in self.gone:
            raise PermanentFailure("message to edit not found")
        self.edits.append(part.text)
        self.taken[int(message_id[1:])].text = part.text
        return Receipt(message_id, 200)


@dataclass
class LiveOffice(Office):
    """An office whose deliveries take previews over."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.live = Live(self.store.client, self.store.keys)

    @property
    def context(self) -> DeliveryContext:
        return replace(super().context, previews=Adoption(self.live, self._sleep))

    @property
    def live_context(self) -> LiveContext:
        store = self.store
        return LiveContext(
            self.live, self.limits, self.accounts, store.account_rest, store.pacing, store.streams
        )

    async def run(self, *sorts: str, attempt: int = 1) -> Lease:
        """Begin a run that is shown at THERE."""
        run_id = new_run_id()
        request = RunRequest("main", f"s:{run_id}", "chat", "openclaw", Turn("user", "x"))
        await RunQueue(self.store).submit(run_id, request)
        lease = await self.next_attempt()
        await self.begin(lease, *sorts)
        return lease

    async def next_attempt(self) -> Lease:
        leases = self.store.run_jobs.leases
        (job,) = (await leases.claim("worker", 1, idle=True)).jobs
        return Lease.of(leases, "worker", job)

    async def begin(self, lease: Lease, *sorts: str) -> None:
        await self.live.begin(lease, THERE, sorts, seconds=self.limits.live_seconds)

    async def say(self, lease: Lease, *texts: str) -> None:
        await lease.publish([(MESSAGE_DELTA, encode_delta(text)) for text in texts])

    async def end(self, lease: Lease, text: str, **fields: Any) -> str:
        """Complete a run with a delivery to THERE, or to where `fields` say; returns its id."""
        fields = {"destination": THERE, "run_id": lease.id, **fields}
        effect = DeliveryQueue(self.store).prepare(DeliveryRequest(text=text, **fields))
        await lease.finish(
            RunStatus.COMPLETED,
            events=[(RUN_COMPLETED, b'{"usage":{}}')],
            result=RunResult(text),
            effects=[effect],
        )
        return effect.id

    async def stop(self, lease: Lease, status: RunStatus) -> None:
        """End a run without a delivery."""
        types = {"cancelled": RUN_CANCELLED, "failed": RUN_FAILED, "completed": RUN_COMPLETED}
        await lease.finish(status, events=[(types[status], orjson.dumps({"reason": "user"}))])

    async def pass_live_time(self) -> None:
        """Let everything that is shown be due."""
        for member in await self.redis.zrange(self.store.keys.live, 0, -1):
            await self.redis.zadd(self.store.keys.live, {member: 1})

    async def tick(self, preview: Preview | None = None) -> Sequence[str]:
        """Show what is due, now and by one process; returns what it was."""
        await self.pass_live_time()
        context = self.live_context
        shows = {TYPING: Typing(context), PREVIEW: preview or Preview(context)}
        _, entries = await self.live.take(10, context.lease_s)
        for entry in entries:
            await shows[entry.sort].show(entry)
        return [entry.sort for entry in entries]

    async def due_in_ms(self, lease: Lease, sort: str) -> float | None:
        score = await self.redis.zscore(self.store.keys.live, f"{sort}:{lease.id}")
        if score is None:
            return None
        seconds, microseconds = await self.redis.time()
        return float(score) - (seconds * 1000 + microseconds / 1000)
