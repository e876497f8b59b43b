"""The servers and channels of a fake Discord, and how its gateway tells of them."""

from __future__ import annotations

import time
from collections import defaultdict, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from tests.fakes.channels.discord_people import user

BOT_ID: Final = "900"
TEXT, FORUM = 0, 15
Written = Sequence[Mapping[str, Any]]


@dataclass
class Place:
    """A channel: `kind` is Discord's channel type."""

    id: str
    name: str
    guild: str | None = "1"
    kind: int = TEXT
    parent: str | None = None


@dataclass
class Window:
    """How often one channel may be sent to: `limit` times in `seconds`."""

    limit: int = 1_000_000
    seconds: float = 5.0
    sent: dict[str, deque[float]] = field(default_factory=lambda: defaultdict(deque))

    def enter(self, channel: str) -> tuple[int, float]:
        """Return how many are left and when the window ends; fewer than 0 is a refusal."""
        times, now = self.sent[channel], time.monotonic()
        if times and now - times[0] >= self.seconds:
            times.clear()
        reset = self.seconds - (now - times[0]) if times else self.seconds
        if len(times) >= self.limit:
            return -1, reset
        times.append(now)
        return self.limit - len(times), reset


def described(place: Place) -> dict[str, Any]:
    """Return a channel object."""
    return {
        "id": place.id,
        "name": place.name,
        "type": place.kind,
        "guild_id": place.guild,
        "parent_id": place.parent,
    }


def ready(
    places: Sequence[Place], written: Written, application: str
) -> list[tuple[str, dict[str, Any]]]:
    """Return what follows IDENTIFY: READY, then each guild."""
    guilds = sorted({p.guild for p in places if p.guild}, key=int)
    ready = {
        "v": 10,
        "user": user(BOT_ID, bot=True),
        "guilds": [{"id": guild, "unavailable": True} for guild in guilds],
        "application": {"id": application, "flags": 0},
    }
    return [
        ("READY", ready),
        *(("GUILD_CREATE", _guild(guild, places, written)) for guild in guilds),
    ]


def _guild(guild: str, places: Sequence[Place], written: Written) -> dict[str, Any]:
    own = [p for p in places if p.guild == guild]
    everybody = {"id": guild, "name": "@everyone", "permissions": "0", "position": 0}
    role = {"id": "77", "name": "bot", "permissions": "0", "position": 1}
    return {
        "id": guild,
        "name": f"guild {guild}",
        "owner_id": "42",
        "roles": [everybody, {**role, "tags": {"bot_id": BOT_ID}, "managed": True}],
        "members": [{"user": user(BOT_ID, bot=True), "roles": ["77"]}],
        "channels": [_with_last(p, written) for p in own if p.parent is None],
        "threads": [_with_last(p, written) for p in own if p.parent is not None],
        "member_count": 2,
    }


def _with_last(place: Place, written: Written) -> dict[str, Any]:
    ids = [said["id"] for said in written if said["channel_id"] == place.id]
    return {
        **described(place),
        "position": 0,
        "permission_overwrites": [],
        "last_message_id": ids[-1] if ids else None,
        "owner_id": "42",
        "message_count": 0,
        "member_count": 1,
        "thread_metadata": {
            "archived": False,
            "auto_archive_duration": 60,
            "archive_timestamp": "2026-01-01T00:00:00+00:00",
        },
    }
