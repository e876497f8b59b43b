"""What a conversation on any fake platform is, for the tests in which processes die."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

from tests.fakes.channels.platform import FakePlatform
from tests.harness.fleet import Fleet

OPEN: Final = {"dmPolicy": "open", "allowFrom": ["*"], "groupPolicy": "open"}
SWIFT: Final = 1000
Place = tuple[str, str | None]


@dataclass
class Conversation:
    """A platform with its section of the configuration, and how to write there.

    `say` writes a text to the n-th place, in turn, and returns the place.
    """

    name: str
    platform: FakePlatform
    section: dict[str, Any]
    say: Callable[[int, str], Awaitable[Place]]
    begin: Callable[[Fleet], Awaitable[None]]
    noticed: Callable[[], Awaitable[None]]
    """Waits until the platform has seen that whoever was connected is gone: what signal-cli writes
    before is lost (docs/channels.md)."""


async def nothing(*_: object) -> None:
    """Do nothing."""
