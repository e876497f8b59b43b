"""Any sequence of the atomic steps keeps lanes, leases and streams consistent."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

import pytest
import redis.asyncio
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from openclaw_common.contracts.run import TRANSITIONS, RunStatus
from openclaw_common.contracts.run_event import TERMINAL_TYPES
from openclaw_common.runtime.config.limits import Redis
from openclaw_common.store.keys import ARQ_JOB_PREFIX, RUN
from openclaw_common.store.leases import Lease, LeaseLost
from openclaw_common.store.runs import CancelOutcome
from openclaw_common.store.store import Store
from tests.integration.store.support import LONG_LEASE, Bench, complete, deltas

T = TypeVar("T")
LANES = ("a", "b", "c")
WORKERS = ("w1", "w2", "w3")
ACTIONS = (
    *("claim", "claim", "claim", "admit", "publish", "finish", "release"),
    *("lapse", "worker_dies", "renew", "cancel", "wait_too_long"),
)
LIMITS = LONG_LEASE.model_copy(update={"quarantine_after_crashes": 1, "max_crashes": 3})


class Lanes(RuleBasedStateMachine):
    """Steps of a few workers on a few lanes; the model is the order of admission.

    One rule chooses the step, because Hypothesis leaves whole rules out of most examples. It has no
    precondition: which job a claim gives depends on the clock, and the same must be drawn again.
    """

    url = ""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.admitted: list[str] = []
        self.lane_of: dict[str, str] = {}
        self.known: dict[str, RunStatus] = {}
        self.checked: set[str] = set()
        self.lapsed: set[str] = set()
        self.leases: list[Lease] = []
        self.bench = self.do(self._connect())

    def do(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(coroutine)

    async def _connect(self) -> Bench:
        client = redis.asyncio.Redis.from_url(self.url)
        await client.flushall()
        return Bench(await Store.connect(Redis(url=self.url), LIMITS, role="machine"), client)

    def open_runs(self) -> list[str]:
        return [run_id for run_id in self.admitted if not self.known[run_id].terminal]

    def in_state(self, status: RunStatus) -> list[str]:
        return [run_id for run_id in self.admitted if self.known[run_id] is status]

    async def attempt_of(self, run_id: str) -> tuple[str, str | None]:
        return await self.bench.status(run_id), await self.bench.field(run_id, "attempt")

    @initialize(lanes=st.lists(st.sampled_from(LANES), min_size=4, max_size=8))
    def begin(self, lanes: list[str]) -> None:
        for lane in lanes:
            self.admit(lane)

    @rule(
        action=st.sampled_from(ACTIONS),
        lane=st.sampled_from(LANES),
        worker=st.sampled_from(WORKERS),
        number=st.integers(0, 1000),
    )
    def step(self, action: str, lane: str, worker: str, number: int) -> None:
        match action:
            case "admit":
                self.admit(lane)
            case "worker_dies":
                self.do(self.bench.store.leases.release_worker(worker))
            case "renew":
                self.renew(worker)
            case "claim":
                self.do(self._claim(worker, limit=1 + number % 3, idle=number % 2 == 0))
            case "publish":
                self.write(number, lambda lease: lease.publish(deltas(*"abc"[: 1 + number % 3])))
            case "finish":
                self.write(number, complete)
            case "release":
                self.write(number, Lease.release)
            case _:
                getattr(self, action)(number)

    def admit(self, lane: str) -> None:
        run_id = self.do(self.bench.submit(lane))
        self.admitted.append(run_id)
        self.lane_of[run_id] = lane
        self.known[run_id] = RunStatus.QUEUED

    async def _claim(self, worker: str, limit: int, idle: bool) -> None:
        before = {run_id: await self.attempt_of(run_id) for run_id in self.open_runs()}
        claim = await self.bench.store.leases.claim(worker, limit, idle=idle)
        assert claim.unreadable == ()
        for job in claim.jobs:
            lease = Lease.of(self.bench.store.leases, worker, job)
            status, attempt = before[lease.id]
            assert lease.attempt == int(attempt or 0) + 1
            assert status == "queued" or lease.id in self.lapsed
            self.lapsed.discard(lease.id)
            self.leases.append(lease)

    def write(self, number: int, step: Any) -> None:
        """Write under some lease, past or present: the present one may, a past one may not.

        Two may besides: an attempt that ended its run may say so again, and one that was handed
        back may publish until the next begins.
        """
        if not self.leases:
            return
        lease = self.leases[number % len(self.leases)]
        lease.lost = lease.settled = False
        status, attempt = self.do(self.attempt_of(lease.id))
        settled = self.do(self.bench.field(lease.id, "settled_attempt"))
        latest = attempt == str(lease.attempt)
        try:
            self.do(step(lease))
        except LeaseLost:
            assert not (latest and status == "in_progress")
        else:
            said_again = step is complete and settled == str(lease.attempt)
            may = (
                {"in_progress"} if step in (complete, Lease.release) else {"in_progress", "queued"}
            )
            assert said_again or (latest and status in may)

    def lapse(self, number: int) -> None:
        if executing := self.in_state(RunStatus.IN_PROGRESS):
            run_id = executing[number % len(executing)]
            self.do(self.bench.lapse(run_id))
            self.lapsed.add(run_id)

    def renew(self, worker: str) -> None:
        held = [lease for lease in self.leases if lease.worker_id == worker]
        asked = [(lease.job_id, lease.attempt) for lease in held]
        for lease, code in zip(
            held, self.do(self.bench.store.leases.renew(worker, asked)), strict=True
        ):
            current = self.do(self.attempt_of(lease.id)) == ("in_progress", str(lease.attempt))
            assert (code == "lost") is not current
            if current:
                self.lapsed.discard(lease.id)

    def cancel(self, number: int) -> None:
        run_id = self.admitted[number % len(self.admitted)]
        outcome = self.do(self.bench.store.runs.cancel(run_id))
        match self.known[run_id]:
            case RunStatus.QUEUED:
                assert outcome is CancelOutcome.CANCELLED
            case RunStatus.IN_PROGRESS:
                assert outcome is CancelOutcome.CANCELLING
            case _:
                assert outcome is CancelOutcome.ALREADY_TERMINAL

    def wait_too_long(self, number: int) -> None:
        field = "expires_ms" if number % 2 else "abandon_ms"
        if waiting := self.in_state(RunStatus.QUEUED):
            self.do(self.bench.pass_deadline(waiting[number % len(waiting)], field))
            self.do(self.bench.store.run_jobs.expire_overdue())

    @invariant()
    def everything_fits(self) -> None:
        self.do(self._check())

    async def _check(self) -> None:
        bench, keys = self.bench, self.bench.store.keys
        unsettled = [one for one in self.admitted if one not in self.checked]
        await asyncio.gather(*map(self._check_run, unsettled))
        open_runs = self.open_runs()
        assert {one.decode() for one in await bench.redis.zrange(keys.open(RUN), 0, -1)} == set(
            open_runs
        )
        heads = set()
        for lane in LANES:
            waiting = [one for one in open_runs if self.lane_of[one] == lane]
            stored = await bench.redis.lrange(keys.lane(RUN, lane), 0, -1)
            assert [one.decode() for one in stored] == waiting
            assert all(self.known[one] is RunStatus.QUEUED for one in waiting[1:])
            heads |= set(waiting[:1])
        due = [
            one.decode()
            for key in (keys.queue(RUN), keys.quarantine(RUN))
            for one in await bench.redis.zrange(key, 0, -1)
        ]
        assert sorted(due) == sorted(keys.job_id(one) for one in heads)
        await self._check_books()

    async def _check_run(self, run_id: str) -> None:
        record = await self.bench.record(run_id)
        before, now = self.known[run_id], record.status
        # One step of a test may be two of a run: handed back and ended, claimed and ended.
        reachable = {before} | TRANSITIONS[before]
        reachable |= {after for between in reachable for after in TRANSITIONS[between]}
        assert now in reachable
        self.known[run_id] = now
        events = await self.bench.events(run_id)
        assert [sequence for _, sequence, _ in events] == list(range(1, len(events) + 1))
        ends = [kind for _, _, kind in events if kind in TERMINAL_TYPES]
        assert ends == ([events[-1][2]] if now.terminal else [])
        assert record.last_sequence == len(events)
        client, keys = self.bench.store.client, self.bench.store.keys
        has_job = await client.execute("EXISTS", ARQ_JOB_PREFIX + keys.job_id(run_id))
        assert bool(has_job) is not now.terminal
        if before.terminal:
            # Seen once more after its end; what may still come is refused by `write`.
            self.checked.add(run_id)

    async def _check_books(self) -> None:
        keys = self.bench.store.keys
        booked = set()
        for worker in WORKERS:
            for job_id, attempt in (
                await self.bench.redis.hgetall(keys.leases(RUN, worker))
            ).items():
                booked.add((worker, keys.record_id(job_id.decode()), attempt.decode()))
        held = set()
        for run_id in self.open_runs():
            if self.known[run_id] is RunStatus.IN_PROGRESS:
                owner = await self.bench.field(run_id, "owner")
                held.add((owner, run_id, await self.bench.field(run_id, "attempt")))
        assert booked == held

    def teardown(self) -> None:
        try:
            self.do(self._end_everything())
        finally:
            self.do(self.bench.store.close())
            self.do(self.bench.redis.aclose())
            self.runner.close()

    async def _end_everything(self) -> None:
        async with asyncio.timeout(10):
            while open_runs := self.open_runs():
                for run_id in open_runs:
                    await self.bench.store.runs.cancel(run_id)
                    await self.bench.lapse(run_id)
                for worker in WORKERS:
                    await self.bench.store.leases.claim(worker, 10, idle=True)
                await self._check()
        self.checked.clear()
        await self._check()
        assert await self.bench.endless() <= {"wake"}


@pytest.mark.timeout(60)
def test_any_sequence_of_steps_keeps_everything_consistent(valkey_url: str) -> None:
    machine = type("Machine", (Lanes,), {"url": valkey_url})
    run_state_machine_as_test(
        machine,
        settings=settings(max_examples=25, stateful_step_count=40, deadline=None),
    )
