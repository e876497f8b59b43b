"""The channels and guilds that a connection has been told of, and what it has to ask for."""

from __future__ import annotations

from math import inf
from typing import Final

from openclaw_channels.base import PermanentFailure
from openclaw_channels.discord.api import DiscordApi
from openclaw_channels.discord.messages import Identity, Place, place_of
from openclaw_channels.inbound import NotUnderstood
from openclaw_channels.payloads import Object, objects, part, string, strings
from openclaw_channels.remembered import Remembered
from openclaw_common.runtime.clock import Clock

_WITHOUT_MESSAGES: Final = frozenset({4, 14, 15, 16})
"""Channel types: categories, directories, forums and media, whose posts are threads."""


class Places:
    """Remembers for one connection; past `entries` it asks again."""

    def __init__(self, api: DiscordApi, clock: Clock, entries: int) -> None:
        self._api = api
        self._places: Remembered[Place] = Remembered(clock, inf, entries)
        self._roles: Remembered[frozenset[str]] = Remembered(clock, inf, entries)
        self.me = ""

    def learn(self, channel: Object, guild: str | None = None) -> None:
        """Remember a channel or a thread."""
        place = place_of(channel, guild)
        self._places.put(place.id, place)

    def learn_guild(self, guild: Object) -> list[tuple[str, int]]:
        """Remember a guild's channels and our roles in it.

        Returns the channels that have messages, each with the last one's id.
        """
        guild_id = string(guild, "id")
        told = [*objects(guild, "channels"), *objects(guild, "threads")]
        last = []
        for channel in told:
            self.learn(channel, guild_id)
            message = string(channel, "last_message_id")
            if channel.get("type") not in _WITHOUT_MESSAGES and message.isascii():
                last.append((string(channel, "id"), int(message) if message.isdigit() else 0))
        self._roles.put(guild_id, self._own_roles(guild))
        return last

    def _own_roles(self, guild: Object) -> frozenset[str]:
        """Return the roles whose mention means us: those that we have, but not everybody's."""
        own = [m for m in objects(guild, "members") if string(part(m, "user"), "id") == self.me]
        managed = [
            string(role, "id")
            for role in objects(guild, "roles")
            if string(part(role, "tags"), "bot_id") == self.me
        ]
        return frozenset([*managed, *(role for m in own for role in strings(m, "roles"))])

    def identity(self, guild: str | None) -> Identity:
        """Return who we are in a guild."""
        return Identity(self.me, self._roles.get(guild or "") or frozenset())

    async def of(self, channel: str, guild: str | None) -> Place:
        """Return a channel's place, asked for where it is not known.

        Raises a SendFailure; of a channel that we may not look at, no more is known than its id.
        """
        known = self._places.get(channel)
        if known is None:
            try:
                known = place_of(await self._asked(channel), guild)
            except PermanentFailure:
                known = Place(channel, None, guild)
            self._places.put(channel, known)
        return known

    async def _asked(self, channel: str) -> Object:
        found = await self._api.look_up(f"/channels/{channel}")
        if not isinstance(found, dict):
            raise NotUnderstood("Discord described no channel.")
        return found
