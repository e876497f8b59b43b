"""The bench as one process sees it: looked up once a second, and never in a run's way."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from openclaw_agent_worker.models.bench import LOOK_UP_S, MAX_STAY_S, ProviderBench
from openclaw_agent_worker.models.errors import UpstreamFailure
from openclaw_common.contracts.errors import RATE_LIMIT, ErrorBody, StoreUnavailable
from openclaw_common.store.provider_bench import Benched

LIMITED = ErrorBody(429, RATE_LIMIT, "slow down")


@dataclass
class Fleet:
    """The store, a clock, and one process's bench."""

    stay: Benched | None = None
    away: bool = False
    now: float = 100.0
    looked_up: int = 0
    put_for: list[float] = field(default_factory=list)

    @property
    def bench(self) -> ProviderBench:
        return ProviderBench(self, {429: 30.0, 401: 0.0}, lambda: self.now)

    async def put(self, credential_id: str, error: ErrorBody, seconds: float) -> None:
        if self.away:
            raise StoreUnavailable
        self.put_for.append(seconds)

    async def get(self, credential_id: str) -> Benched | None:
        self.looked_up += 1
        if self.away:
            raise StoreUnavailable
        return self.stay


async def test_a_request_costs_a_look_up_a_second() -> None:
    fleet = Fleet()
    bench = fleet.bench
    for _ in range(5):
        await bench.check("key")
    assert fleet.looked_up == 1
    fleet.now += LOOK_UP_S
    await bench.check("key")
    assert fleet.looked_up == 2


async def test_what_others_benched_fails_with_what_is_left_to_wait() -> None:
    fleet = Fleet(stay=Benched(LIMITED, 12.0))
    with pytest.raises(UpstreamFailure) as caught:
        await fleet.bench.check("key")
    assert (caught.value.body, caught.value.retry_after_s) == (LIMITED, 12.0)
    assert not caught.value.retryable


@pytest.mark.parametrize(
    ("asked", "stay"), [(None, 30.0), (7.0, 7.0), (10 * MAX_STAY_S, MAX_STAY_S)]
)
async def test_a_stay_is_what_the_provider_asks_for_or_the_configured_time(
    asked: float | None, stay: float
) -> None:
    fleet = Fleet()
    bench = fleet.bench
    await bench.note("key", UpstreamFailure(LIMITED, retry_after_s=asked))
    assert fleet.put_for == [stay]
    with pytest.raises(UpstreamFailure):
        await bench.check("key")
    fleet.now += stay
    await bench.check("key")


@pytest.mark.parametrize("status", [400, 401, 500])
async def test_other_failures_and_a_stay_of_nothing_bench_nobody(status: int) -> None:
    fleet = Fleet()
    await fleet.bench.note("key", UpstreamFailure(ErrorBody(status, "x", "y")))
    assert fleet.put_for == []


async def test_no_run_fails_because_the_bench_cannot_be_read_or_written() -> None:
    fleet = Fleet(away=True)
    bench = fleet.bench
    await bench.check("key")
    await bench.note("other", UpstreamFailure(LIMITED))
    with pytest.raises(UpstreamFailure):
        await bench.check("other")
