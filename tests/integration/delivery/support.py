"""Words for tests of deliveries: submit one, make one attempt at it, look at what is left."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import redis.asyncio

from openclaw_channels.base import PermanentFailure
from openclaw_common.contracts.delivery import DeliveryRequest, DeliveryStatus, Destination
from openclaw_common.contracts.errors import API_ERROR, ErrorBody
from openclaw_common.contracts.ids import new_run_id
from openclaw_common.contracts.run import RunRequest, Turn
from openclaw_common.queue.job_queue import Admitted, DeliveryQueue, RunQueue
from openclaw_common.queue.replays import Replays
from openclaw_common.runtime.config.limits import Deliveries
from openclaw_common.store.deliveries import DeliveryRecord
from openclaw_common.store.keys import DELIVERY
from openclaw_common.store.leases import Lease
from openclaw_common.store.store import Store
from openclaw_delivery.backoff import Backoff
from openclaw_delivery.context import DeliveryContext
from openclaw_delivery.dispatch import dispatch
from openclaw_delivery.pacing import Pacing
from openclaw_delivery.slots import Slots
from tests.fakes.scripted_channel import OneChannel, ScriptedChannel

WORKER = "delivery-test"
GONE = PermanentFailure("chat not found", http_status=400, code="chat_not_found")
LIMITS = Deliveries(
    lease_ms=60_000, retry_schedule_seconds=(1, 5, 30), account_rest_seconds=300, max_rate_limits=2
)


def request(text: str = "one", to: str = "42", **fields: Any) -> DeliveryRequest:
    """A message to `to`; other fields as given."""
    channel = fields.pop("channel", "fake")
    return DeliveryRequest(Destination(channel, to), text, **fields)


class StoppedClock:
    """A clock that goes on when it is told to."""

    def __init__(self) -> None:
        self.now_s = 1_000_000.0

    def monotonic(self) -> float:
        return self.now_s

    def wall(self) -> float:
        return self.now_s


@dataclass
class Office:
    """One delivery process's worth of collaborators, and a second pair of eyes on its Redis."""

    store: Store
    redis: redis.asyncio.Redis
    channel: ScriptedChannel = field(default_factory=ScriptedChannel)
    limits: Deliveries = LIMITS
    clock: StoppedClock = field(default_factory=StoppedClock)
    slept: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.accounts = OneChannel(self.channel)

    async def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)

    @property
    def context(self) -> DeliveryContext:
        limits, store = self.limits, self.store
        longest = limits.max_retry_after_seconds
        return DeliveryContext(
            limits=limits,
            accounts=self.accounts,
            records=store.deliveries,
            rests=store.account_rest,
            pacing=Pacing(store.pacing, limits.pacing_hold_ms, longest, self._sleep),
            backoff=Backoff(
                limits.retry_schedule_seconds, longest, limits.max_rate_limits, lambda: 0.5
            ),
            clock=self.clock,
            slots=Slots(64, 3, limits.send_timeout_seconds, clock=self.clock, random=lambda: 0.5),
        )

    async def submit(self, text: str = "one", **fields: Any) -> str:
        """Admit a delivery; return its id."""
        admitted = await DeliveryQueue(self.store).submit(request(text, **fields))
        assert isinstance(admitted, Admitted)
        return admitted.id

    async def claim(self, limit: int = 10) -> list[Lease]:
        leases = self.store.delivery_jobs.leases
        claim = await leases.claim(WORKER, limit, idle=True)
        return [Lease.of(leases, WORKER, job) for job in claim.jobs]

    async def attempt(self, context: DeliveryContext | None = None) -> str:
        """Claim the one delivery that is due and make one attempt at it."""
        (lease,) = await self.claim()
        return await dispatch(context or self.context, lease)

    async def due_in_s(self, delivery_id: str) -> float:
        """Seconds until a delivery that waits may be claimed."""
        keys = self.store.keys
        score = await self.redis.zscore(keys.queue(DELIVERY), keys.job_id(delivery_id))
        assert score is not None
        seconds, microseconds = await self.redis.time()
        return score / 1000 - (seconds + microseconds / 1e6)

    async def pass_time(self, delivery_id: str, seconds: float) -> None:
        """Let `seconds` go by on this host's clock, and the delivery be due."""
        self.clock.now_s += seconds
        keys = self.store.keys
        await self.redis.zadd(keys.queue(DELIVERY), {keys.job_id(delivery_id): 1}, xx=True)

    async def crash(self) -> None:
        """Let the process be known to be dead."""
        await self.store.delivery_jobs.leases.release_worker(WORKER)

    async def record(self, delivery_id: str) -> DeliveryRecord:
        record = await self.store.deliveries.get(delivery_id)
        assert record is not None
        return record

    async def status(self, delivery_id: str) -> DeliveryStatus:
        return (await self.record(delivery_id)).status

    async def events(self, delivery_id: str) -> list[str]:
        """The types of the delivery's events."""
        events = await self.store.delivery_streams.read(delivery_id)
        return [event.type.removeprefix("delivery.") for event in events]

    async def replay(self, delivery_id: str) -> str:
        return await Replays(self.store).delivery(delivery_id)

    async def dead(self) -> Sequence[str]:
        return [letter for letter, _ in await self.store.delivery_jobs.dead_letters.newest()]


async def dead_delivery(office: Office, text: str = "one\ntwo", **fields: str) -> str:
    """Submit a delivery whose last part the platform refuses for good."""
    delivery_id = await office.submit(text, **fields)
    office.channel.script.extend([None, GONE] if "\n" in text else [GONE])
    assert await office.attempt() == "failed"
    return delivery_id


async def dead_run(office: Office, source: str = "hook") -> str:
    """Submit a run that fails for good."""
    run_id = new_run_id()
    await RunQueue(office.store).submit(
        run_id, RunRequest("main", "s", source, "openclaw", Turn("user", "do it"))
    )
    leases = office.store.run_jobs.leases
    (job,) = (await leases.claim("w", 1, idle=True)).jobs
    error = ErrorBody(500, API_ERROR, "broken", "provider_error")
    await Lease.of(leases, "w", job).finish(
        "failed", events=[("run.failed", b"{}")], error=error, dead=True
    )
    return run_id
