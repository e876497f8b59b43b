"""What the failure limiter of one replica remembers and asks."""

from __future__ import annotations

import pytest

from openclaw_common.contracts.errors import StoreUnavailable
from openclaw_common.runtime.config import RateLimit
from openclaw_ingress.auth import failure_limiter
from openclaw_ingress.auth.client_address import ClientAddress
from openclaw_ingress.auth.failure_limiter import FailureLimiter
from openclaw_ingress.errors import TooManyFailures


class Hand:
    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now

    def wall(self) -> float:
        return self.now


class Limits:
    """Records what was asked; says what it was told to say."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.table: dict[str, float] = {}
        self.lock_of: dict[str, float] = {}
        self.caused: float | None = None
        self.away = False

    async def auth_locked(self, scope: str, client_ip: str) -> float | None:
        self._note("locked")
        return self.lock_of.get(client_ip)

    async def auth_failed(self, scope: str, client_ip: str, rate_limit: object) -> float | None:
        self._note("failed")
        return self.caused

    async def auth_succeeded(self, scope: str, client_ip: str) -> None:
        self._note("succeeded")

    async def locks(self) -> dict[str, float]:
        self._note("locks")
        return self.table

    def _note(self, call: str) -> None:
        self.asked.append(call)
        if self.away:
            raise StoreUnavailable


def client(ip: str) -> ClientAddress:
    return ClientAddress(peer=ip, client=ip, trusted=False, forwarded=False, loopback=False)


@pytest.fixture
def limits() -> Limits:
    return Limits()


@pytest.fixture
def hand() -> Hand:
    return Hand()


@pytest.fixture
def limiter(limits: Limits, hand: Hand) -> FailureLimiter:
    return FailureLimiter(limits, RateLimit(), hand)


async def test_a_good_client_costs_one_question_of_each_kind_a_second(
    limiter: FailureLimiter, limits: Limits, hand: Hand
) -> None:
    for _ in range(50):
        await limiter.check(client("1.1.1.1"))
        await limiter.succeeded(client("1.1.1.1"))
    assert limits.asked == ["locks", "succeeded"]
    hand.now += 1.1
    await limiter.check(client("1.1.1.1"))
    await limiter.succeeded(client("1.1.1.1"))
    assert limits.asked == ["locks", "succeeded"] * 2


async def test_a_client_that_failed_is_asked_about_every_time(
    limiter: FailureLimiter, limits: Limits
) -> None:
    await limiter.failed(client("1.1.1.1"))
    for _ in range(3):
        await limiter.check(client("1.1.1.1"))
    assert limits.asked == ["failed", "locked", "locked", "locked"]


async def test_a_lock_is_known_here_at_once_and_until_its_end(
    limiter: FailureLimiter, limits: Limits, hand: Hand
) -> None:
    limits.caused = 300.0
    await limiter.failed(client("1.1.1.1"))
    limits.away = True
    with pytest.raises(TooManyFailures) as refused:
        await limiter.check(client("1.1.1.1"))
    assert refused.value.retry_after_s == 300.0
    hand.now += 301
    limits.away = False
    await limiter.check(client("1.1.1.1"))


async def test_a_failure_behind_the_one_that_locked_is_refused_even_if_it_locks_again(
    limiter: FailureLimiter, limits: Limits
) -> None:
    limits.caused = 300.0
    await limiter.failed(client("198.51.100.1"))
    for caused in (None, 300.0):
        limits.caused = caused
        with pytest.raises(TooManyFailures):
            await limiter.failed(client("198.51.100.1"))


async def test_a_lock_found_by_another_replica_holds_here(
    limiter: FailureLimiter, limits: Limits, hand: Hand
) -> None:
    limits.table = {"gateway:1.1.1.1": hand.now + 10, "hooks:2.2.2.2": hand.now + 10}
    with pytest.raises(TooManyFailures):
        await limiter.check(client("1.1.1.1"))
    await limiter.check(client("2.2.2.2"))


async def test_a_lock_of_a_suspect_is_kept_without_asking_again(
    limiter: FailureLimiter, limits: Limits
) -> None:
    await limiter.failed(client("1.1.1.1"))
    limits.lock_of = {"1.1.1.1": 5.0}
    for _ in range(3):
        with pytest.raises(TooManyFailures):
            await limiter.check(client("1.1.1.1"))
    assert limits.asked == ["failed", "locked"]


async def test_clients_are_forgotten_before_they_fill_the_memory(
    limiter: FailureLimiter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(failure_limiter, "MAX_CLIENTS", 3)
    for last in range(10):
        await limiter.failed(client(f"1.1.1.{last}"))
    assert limiter.remembered == 3


async def test_without_redis_nobody_can_be_let_in(limiter: FailureLimiter, limits: Limits) -> None:
    limits.away = True
    with pytest.raises(StoreUnavailable):
        await limiter.check(client("1.1.1.1"))
