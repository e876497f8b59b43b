"""What was written while no connection was held, asked for channel by channel.

https://docs.discord.com/developers/resources/message#get-channel-messages.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Final

from openclaw_channels.base import PermanentFailure, RateLimited
from openclaw_channels.discord.api import DiscordApi
from openclaw_channels.payloads import Object, string

_PAGE: Final = 100
_AT_ONCE: Final = 5
logger = logging.getLogger(__name__)


class Backfill:
    """Asks for at most `most` messages of a channel."""

    def __init__(self, api: DiscordApi, most: int) -> None:
        self._api = api
        self._most = most
        self._slots = asyncio.Semaphore(_AT_ONCE)

    async def missed(self, channel: str, after: int) -> list[Object]:
        """Return the messages behind an id, oldest first; raises a SendFailure."""
        async with self._slots:
            found: list[Object] = []
            while len(found) < self._most:
                page = await self._page(channel, after, min(_PAGE, self._most - len(found)))
                found += page
                if len(page) < _PAGE:
                    return found
                after = _id(page[-1])
        logger.warning("discord_backfill_cut", extra={"messages": len(found)})
        return found

    async def _page(self, channel: str, after: int, limit: int) -> list[Object]:
        path = f"/channels/{channel}/messages?after={after}&limit={limit}"
        while True:
            try:
                page = await self._api.look_up(path)
            except RateLimited as limited:
                await asyncio.sleep(limited.retry_after_s)
            except PermanentFailure:
                # The channel is gone, or is no longer shown to us.
                return []
            else:
                break
        told = [m for m in page if isinstance(m, dict) and _id(m)] if isinstance(page, list) else []
        return sorted(told, key=_id)


def _id(message: Object) -> int:
    text = string(message, "id")
    return int(text) if text.isascii() and text.isdigit() else 0
