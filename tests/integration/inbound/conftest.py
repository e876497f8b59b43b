"""Fake platforms, and the gateway of the parrot."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.fakes.channels.fixtures import discord, signal, slack, telegram
from tests.fakes.channels.parrot import FakeParrot
from tests.harness.chats import Chats, parrot_config

__all__ = ["discord", "signal", "slack", "telegram"]


@pytest.fixture
async def parrot() -> AsyncIterator[FakeParrot]:
    """The platform."""
    async with FakeParrot() as platform:
        yield platform


@pytest.fixture
def way(request: pytest.FixtureRequest) -> str:
    """How what people write comes from the platform."""
    return str(getattr(request, "param", "posted"))


@pytest.fixture
def account() -> dict[str, Any]:
    """Further settings of the account."""
    return {}


@pytest.fixture
def settings() -> dict[str, Any]:
    """Further sections of the configuration."""
    return {}


@pytest.fixture
def answers() -> bool:
    """Whether runs are executed."""
    return True


@pytest.fixture
async def chats(
    valkey_url: str,
    parrot: FakeParrot,
    account: dict[str, Any],
    settings: dict[str, Any],
    answers: bool,
) -> AsyncIterator[Chats]:
    """The gateway."""
    section = parrot_config(parrot.base_url, **account)
    async with Chats(valkey_url, section, answers=answers, config=settings) as gateway:
        yield gateway
