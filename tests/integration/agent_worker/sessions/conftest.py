"""Workers, one after another, on one store and one model with a small context."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.integration.agent_worker.sessions.talk import Talk, talking


@pytest.fixture
def sections() -> dict[str, Any]:
    """Sections of the configuration that a test replaces, by overriding this fixture."""
    return {}


@pytest.fixture
async def talk(valkey_url: str, sections: dict[str, Any]) -> AsyncIterator[Talk]:
    """A session without a worker yet."""
    async with talking(valkey_url, **sections) as talk:
        yield talk
