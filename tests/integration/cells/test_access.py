"""Who may come in is known while a cell is away, whichever it is."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from openclaw_common.contracts.api_key import ApiKey
from openclaw_common.contracts.errors import ErrorBody, StoreUnavailable
from openclaw_common.queue.forwarder import Forwarder
from openclaw_common.runtime.config import RateLimit
from tests.integration.cells.support import Fleet

KEY = ApiKey("key_1", "ci", "sk-…", "a" * 64, ("operator.write",), created_ms=1)
LIMIT = RateLimit(max_attempts=3, window_ms=60_000, lockout_ms=60_000)


@pytest.mark.parametrize("away", [0, 1])
async def test_a_named_key_is_known_while_a_cell_is_away(fleet: Fleet, away: int) -> None:
    whole, key = await fleet.store(), KEY
    assert await whole.api_keys.add(key, most=10)
    store = await fleet.without(away)
    found = await store.api_keys.find(key.digest)
    assert found == key


async def test_a_key_that_has_no_copy_is_not_called_wrong_while_the_first_cell_is_away(
    fleet: Fleet,
) -> None:
    alone, key = await fleet.store(fleet.urls[0]), KEY
    await alone.api_keys.add(key, most=10)
    assert (await (await fleet.store()).api_keys.find(key.digest)) == key
    store = await fleet.without(0)
    with pytest.raises(StoreUnavailable):
        await store.api_keys.find(key.digest)


async def test_the_keys_of_a_cell_that_stands_in_are_not_taken_for_those_of_the_first(
    fleet: Fleet,
) -> None:
    """Else a revocation that only it was told would be missed where both count as many changes."""
    whole = await fleet.store()
    assert await whole.api_keys.revision() != await (await fleet.without(0)).api_keys.revision()


async def test_a_revoked_key_is_revoked_in_all_cells(fleet: Fleet) -> None:
    whole, key = await fleet.store(), KEY
    await whole.api_keys.add(key, most=10)
    assert await whole.api_keys.revoke(key, 1)
    for store in whole.all:
        assert await store.api_keys.find(key.digest) is None


@pytest.mark.parametrize("away", [0, 1])
async def test_a_revocation_that_a_cell_was_not_told_holds_elsewhere_and_is_made_up_for(
    fleet: Fleet, away: int
) -> None:
    whole, key = await fleet.store(), KEY
    await whole.api_keys.add(key, most=10)
    with pytest.raises(StoreUnavailable):
        await (await fleet.without(away)).api_keys.revoke(key, 1)
    assert await whole.all[1 - away].api_keys.find(key.digest) is None
    assert await whole.api_keys.revoke(key, 2)
    assert await whole.all[away].api_keys.find(key.digest) is None


@pytest.mark.parametrize("away", [0, 1])
async def test_a_cell_that_was_away_is_told_of_a_revocation_when_it_is_back(
    fleet: Fleet, away: int
) -> None:
    whole, key = await fleet.store(), KEY
    await whole.api_keys.add(key, most=10)
    with pytest.raises(StoreUnavailable):
        await (await fleet.without(away)).api_keys.revoke(key, 7)
    revision = await whole.all[away].api_keys.revision()
    for _ in range(2):
        await Forwarder(whole, whole.all[1 - away]).look()
        assert await whole.all[away].api_keys.find(key.digest) is None
        assert await whole.all[away].api_keys.get(key.id) == replace(key, revoked_ms=7)
        assert await whole.all[away].api_keys.revision() == revision + 1


@pytest.mark.parametrize("away", [0, 1])
async def test_wrong_credentials_lock_a_client_out_while_a_cell_is_away(
    fleet: Fleet, away: int
) -> None:
    store = await fleet.without(away)
    for _ in range(LIMIT.max_attempts):
        left = await store.limits.auth_failed("gateway", "192.0.2.1", LIMIT)
    assert left
    assert await store.limits.auth_locked("gateway", "192.0.2.1")
    locks = await store.limits.locks()
    assert locks["gateway:192.0.2.1"] > time.monotonic()


async def test_a_cell_that_does_not_answer_is_not_waited_for_each_time(fleet: Fleet) -> None:
    store = await fleet.without(1)
    await store.limits.locks()
    begun = time.monotonic()
    for _ in range(50):
        await store.limits.locks()
    assert time.monotonic() - begun < 1.0


@pytest.mark.parametrize("away", [0, 1])
async def test_a_provider_credential_is_benched_while_a_cell_is_away(
    fleet: Fleet, away: int
) -> None:
    store = await fleet.without(away)
    await store.provider_bench.put(
        "credential", ErrorBody(429, "rate_limit_error", "slow down"), 60
    )
    benched = await store.provider_bench.get("credential")
    assert benched is not None
    assert benched.error.message == "slow down"
