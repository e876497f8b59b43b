"""The connection to Discord's gateway, which is discord.py's: heartbeats, compression, resumes.

Only this module imports discord.py, which is an extra. Of it only the socket is used: what it says
is read by `messages`, and everything else is asked over REST by `api`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any, Final

import aiohttp
import discord
import yarl
from discord.gateway import DiscordWebSocket, ReconnectWebSocket
from discord.http import HTTPClient, Route

from openclaw_channels.inbound import ReceiverFailure

_CONNECT_SECONDS: Final = 60.0
_ADVICE: Final = {
    4004: "Discord does not accept the bot token; set channels.discord.token to a valid one.",
    4010: "Discord refuses the shard.",
    4011: "The bot is in more than 2,500 servers, which takes several connections; one is held.",
    4012: "Discord no longer speaks this version of its gateway; update discord.py.",
    4013: "Discord does not know the intents that are asked for; update discord.py.",
    4014: "Discord does not allow the application to read messages: switch on Message Content"
    " Intent under Bot at discord.com/developers, or set channels.discord.messageContent to false"
    " (then only direct messages and mentions are read).",
}
"""Close codes after which trying again is useless
(https://docs.discord.com/developers/topics/opcodes-and-status-codes#gateway)."""


def intents(*, message_content: bool) -> discord.Intents:
    """Return what the gateway is asked to tell of."""
    return discord.Intents(
        guilds=True,
        guild_messages=True,
        guild_reactions=True,
        dm_messages=True,
        dm_reactions=True,
        message_content=message_content,
    )


async def listen(
    *,
    token: str,
    api_root: str,
    gateway: str,
    message_content: bool,
    on_event: Callable[[str], None],
) -> None:
    """Hold a connection to `gateway` until it is lost for good; raises ReceiverFailure.

    `on_event` is given every frame in order, as JSON, and may raise.
    """
    # At DEBUG it logs what people write.
    logging.getLogger("discord").setLevel(logging.INFO)
    client = _Client(on_event, api_root, message_content=message_content)
    try:
        async with client:
            await client.http.static_login(token)
            await client.hold(yarl.URL(gateway))
    except discord.LoginFailure:
        failure = ReceiverFailure(_ADVICE[4004], permanent=True)
    except discord.ConnectionClosed as closed:
        failure = _closed(closed.code)
    except (discord.HTTPException, aiohttp.ClientError, OSError, TimeoutError):
        failure = ReceiverFailure("Discord's gateway cannot be reached.")
    raise failure


def _closed(code: int) -> ReceiverFailure:
    advice = _ADVICE.get(code)
    if advice is not None:
        return ReceiverFailure(advice, permanent=True)
    return ReceiverFailure(f"Discord closed the gateway's connection with {code}.")


class _Http(HTTPClient):
    """Asks at `channels.discord.apiRoot`."""

    def __init__(self, api_root: str) -> None:
        super().__init__(asyncio.get_running_loop())
        self._root = api_root

    async def request(self, route: Route, **options: Any) -> Any:
        route.url = self._root + route.url.removeprefix(Route.BASE)
        return await super().request(route, **options)


class _Client(discord.Client):
    def __init__(
        self, on_event: Callable[[str], None], api_root: str, *, message_content: bool
    ) -> None:
        super().__init__(
            intents=intents(message_content=message_content),
            enable_debug_events=True,
            max_messages=None,
            chunk_guilds_at_startup=False,
            member_cache_flags=discord.MemberCacheFlags.none(),
        )
        self._on_event = on_event
        self.http = _Http(api_root)
        self._connection.http = self.http
        # It would keep every server's channels, roles and members, and fail on what is new to it.
        self._connection.parsers = {}

    def dispatch(self, event: str, /, *args: Any, **kwargs: Any) -> None:
        """Take each frame as it comes; the library's own events would be a task each."""
        if event == "socket_raw_receive":
            self._on_event(args[0])

    async def hold(self, gateway: yarl.URL) -> None:
        """Hold the connection, and resume it as Discord asks.

        In place of `connect`, which tries for ever and says nothing.
        """
        wanted: dict[str, Any] = {"gateway": gateway, "initial": True}
        while True:
            try:
                async with asyncio.timeout(_CONNECT_SECONDS):
                    self.ws = await DiscordWebSocket.from_client(self, **wanted)
                while True:
                    await self.ws.poll_event()
            except ReconnectWebSocket as again:
                wanted = {"gateway": gateway}
                if again.resume:
                    wanted = {
                        "gateway": self.ws.gateway,
                        "session": self.ws.session_id,
                        "sequence": self.ws.sequence,
                        "resume": True,
                    }
