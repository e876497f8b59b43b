"""The platforms as fixtures; a conftest that wants them imports them."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.fakes.channels.discord import FakeDiscord
from tests.fakes.channels.signal import FakeSignal
from tests.fakes.channels.signal_kinds import KINDS
from tests.fakes.channels.slack import FakeSlack
from tests.fakes.channels.telegram import FakeTelegram


@pytest.fixture
async def discord() -> AsyncIterator[FakeDiscord]:
    async with FakeDiscord() as discord:
        yield discord


@pytest.fixture
async def slack() -> AsyncIterator[FakeSlack]:
    async with FakeSlack() as slack:
        yield slack


@pytest.fixture
async def telegram() -> AsyncIterator[FakeTelegram]:
    async with FakeTelegram() as telegram:
        yield telegram
        assert telegram.violations == []


@pytest.fixture(params=list(KINDS))
async def signal(request: pytest.FixtureRequest) -> AsyncIterator[FakeSignal]:
    async with KINDS[request.param]() as signal:
        yield signal
        assert signal.violations == []
