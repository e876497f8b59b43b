"""What Slack has to be asked before a message can go: names and direct conversations."""

from __future__ import annotations

from typing import Final

from openclaw_channels.base import PermanentFailure
from openclaw_channels.remembered import Remembered
from openclaw_channels.slack.api import SlackApi
from openclaw_channels.slack.settings import SlackSettings
from openclaw_common.runtime.clock import Clock

_PAGE: Final = 200
_MAX_PAGES: Final = 50


class Lookup:
    """Asks once and remembers for `lookupCacheSeconds`."""

    def __init__(self, api: SlackApi, settings: SlackSettings, clock: Clock) -> None:
        self._api = api
        seconds, entries = settings.lookup_cache_seconds, settings.lookup_cache_entries
        self._direct: Remembered[str] = Remembered(clock, seconds, entries)
        self._names: Remembered[dict[str, str]] = Remembered(clock, seconds, 1)

    async def direct_channel(self, user: str) -> str:
        """Return the id of the direct conversation with a user."""
        known = self._direct.get(user)
        if known is None:
            opened = await self._api.ask(self._api.web.conversations_open, users=[user])
            channel = opened.get("channel") or {}
            known = channel.get("id")
            if not isinstance(known, str):
                raise PermanentFailure("Slack opened no direct conversation with this user.")
            self._direct.put(user, known)
        return known

    async def channel_named(self, name: str) -> str:
        """Return the id of the channel `name` (without `#`); raises PermanentFailure."""
        names = self._names.get("")
        if names is None:
            names = await self._all_names()
            self._names.put("", names)
        if name not in names:
            raise PermanentFailure(
                f"The app sees no channel #{name}; check its name, invite the app, or write"
                " channel:<id>."
            )
        return names[name]

    async def _all_names(self) -> dict[str, str]:
        names: dict[str, str] = {}
        cursor = ""
        for _ in range(_MAX_PAGES):
            page = await self._api.ask(
                self._api.web.conversations_list,
                types="public_channel,private_channel",
                exclude_archived=True,
                limit=_PAGE,
                **({"cursor": cursor} if cursor else {}),
            )
            for channel in page.get("channels") or ():
                names[str(channel.get("name"))] = str(channel.get("id"))
            cursor = (page.get("response_metadata") or {}).get("next_cursor") or ""
            if not cursor:
                break
        return names
