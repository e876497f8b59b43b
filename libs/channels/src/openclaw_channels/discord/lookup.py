"""What Discord has to be asked before a message can go: names, direct channels, forum posts."""

from __future__ import annotations

from typing import Any, Final

from openclaw_channels.base import PermanentFailure
from openclaw_channels.discord.api import DiscordApi
from openclaw_channels.discord.settings import DiscordSettings
from openclaw_channels.remembered import Remembered
from openclaw_common.runtime.clock import Clock

FORUMS: Final = frozenset({15, 16})
"""Channel types that hold posts and no messages: forum and media."""
_TEXT: Final = frozenset({0, 5, *FORUMS})
_PAGE: Final = 200
_MAX_PAGES: Final = 50


class Lookup:
    """Asks once and remembers for `lookupCacheSeconds`."""

    def __init__(self, api: DiscordApi, settings: DiscordSettings, clock: Clock) -> None:
        self._api = api
        self._guild = settings.guild_id
        seconds, entries = settings.lookup_cache_seconds, settings.lookup_cache_entries
        self._direct: Remembered[str] = Remembered(clock, seconds, entries)
        self._names: Remembered[dict[str, list[str]]] = Remembered(clock, seconds, 1)
        self._forums: Remembered[str] = Remembered(clock, seconds, entries)
        self._posts: Remembered[str] = Remembered(clock, seconds, entries)

    async def direct_channel(self, user: str) -> str:
        """Return the id of the direct channel with a user."""
        known = self._direct.get(user)
        if known is None:
            opened = await self._api.open("/users/@me/channels", {"recipient_id": user})
            known = _id(opened, "Discord opened no direct channel with this user.")
            self._direct.put(user, known)
        return known

    async def channel_named(self, name: str) -> str:
        """Return the id of the one channel `name` (without `#`); raises PermanentFailure."""
        names = self._names.get("")
        if names is None:
            names = await self._all_names()
            self._names.put("", names)
        found = names.get(name.lower(), [])
        if not found:
            raise PermanentFailure(
                f"The bot sees no channel #{name}; check its name and the bot's permissions,"
                " or write channel:<id>."
            )
        if len(found) > 1:
            raise PermanentFailure(
                f"There are {len(found)} channels #{name}; write channel:<id>, or set"
                " channels.discord.guildId."
            )
        return found[0]

    async def _all_names(self) -> dict[str, list[str]]:
        names: dict[str, list[str]] = {}
        for guild in [self._guild] if self._guild else await self._guilds():
            for channel in _objects(await self._api.look_up(f"/guilds/{guild}/channels")):
                if channel.get("type") in _TEXT:
                    names.setdefault(str(channel.get("name")).lower(), []).append(
                        str(channel.get("id"))
                    )
        return names

    async def _guilds(self) -> list[str]:
        guilds: list[str] = []
        for _ in range(_MAX_PAGES):
            after = f"&after={guilds[-1]}" if guilds else ""
            page = _objects(await self._api.look_up(f"/users/@me/guilds?limit={_PAGE}{after}"))
            guilds += [str(guild.get("id")) for guild in page]
            if len(page) < _PAGE:
                break
        return guilds

    def known_forum(self, channel: str) -> bool:
        """Whether the channel was found to be a forum."""
        return self._forums.get(channel) is not None

    async def is_forum(self, channel: str) -> bool:
        """Ask whether the channel holds posts."""
        found = await self._api.look_up(f"/channels/{channel}")
        if not isinstance(found, dict) or found.get("type") not in FORUMS:
            return False
        self._forums.put(channel, str(found.get("guild_id")))
        return True

    def remember_post(self, forum: str, title: str, thread: str) -> None:
        """Remember a post, for the parts that come after its first."""
        self._posts.put(f"{forum}\n{title}", thread)

    async def post(self, forum: str, title: str) -> str | None:
        """Return the newest post of this title, whichever process made it."""
        known = self._posts.get(f"{forum}\n{title}")
        if known is not None:
            return known
        guild = self._forums.get(forum)
        active = await self._api.look_up(f"/guilds/{guild}/threads/active")
        threads = _objects(active.get("threads")) if isinstance(active, dict) else []
        found = [
            int(thread["id"])
            for thread in threads
            if (thread.get("parent_id"), thread.get("name")) == (forum, title)
        ]
        return str(max(found)) if found else None


def _objects(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _id(value: Any, otherwise: str) -> str:
    found = value.get("id") if isinstance(value, dict) else None
    if not isinstance(found, str):
        raise PermanentFailure(otherwise)
    return found
