"""Every test of this folder runs against every provider family."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.integration.agent_worker.providers.families import FAMILIES, Bench, bench_of


@pytest.fixture(params=sorted(FAMILIES))
async def family_bench(request: pytest.FixtureRequest) -> AsyncIterator[Bench]:
    """A fake provider and the models of one family."""
    async with bench_of(FAMILIES[request.param]) as bench:
        yield bench
