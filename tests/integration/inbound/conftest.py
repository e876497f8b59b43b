"""A fake platform, and its gateway."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.fakes.channels.parrot import FakeParrot
from tests.harness.chats import Chats, parrot_config


@pytest.fixture
async def parrot() -> AsyncIterator[FakeParrot]:
    """The platform."""
    async with FakeParrot() as platform:
        yield platform


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
