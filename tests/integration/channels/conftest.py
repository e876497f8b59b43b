"""Platforms that run on this host, and a context to speak to them."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from openclaw_channels.base import ChannelContext
from tests.fakes.channels.fixtures import discord, signal, slack, telegram
from tests.fakes.channels.signal_container import FakeSignalContainer
from tests.integration.channels.trials import channel_context

__all__ = ["discord", "signal", "slack", "telegram"]


@pytest.fixture
async def context() -> AsyncIterator[ChannelContext]:
    async with channel_context() as context:
        yield context


@pytest.fixture
async def container() -> AsyncIterator[FakeSignalContainer]:
    async with FakeSignalContainer() as container:
        yield container
