"""Receives over the gateway: what people write in servers and directly to the bot.

    READY ─▶ direct channels asked for what was missed
    GUILD_CREATE ─▶ its channels asked for what was missed
    MESSAGE_CREATE … ─▶ read ─▶ accept (messages, cursor)
    INTERACTION_CREATE ─▶ read ─▶ accept ─▶ answered

Frames are taken in in the order in which they came, so what was missed comes before what is new.
"""

from __future__ import annotations

import asyncio
import importlib.util
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from openclaw_channels.base import (
    Account,
    ChannelContext,
    CredentialsRevoked,
    RateLimited,
    SendFailure,
)
from openclaw_channels.discord.api import DiscordApi
from openclaw_channels.discord.backfill import Backfill
from openclaw_channels.discord.cursor import Cursor
from openclaw_channels.discord.interactions import Interactions
from openclaw_channels.discord.messages import (
    DIRECT,
    Place,
    message_of,
    reaction_of,
    snowflake,
    snowflake_at,
)
from openclaw_channels.discord.places import Places
from openclaw_channels.discord.settings import DiscordInboundSettings, DiscordSettings
from openclaw_channels.inbound import Accept, NotUnderstood, ReceiverFailure
from openclaw_channels.payloads import Object, json_object, objects, part, string, whole
from openclaw_channels.settings import read_settings
from openclaw_common.contracts.inbound import InboundMessage
from openclaw_common.runtime.clock import SystemClock
from openclaw_common.runtime.waiting import first_to_end

INSTALL: Final = (
    "Messages come over Discord's gateway, which takes discord.py: install"
    " openclaw-channels[discord] (requirements/discord.txt) where the delivery service runs, or set"
    " channels.discord.gateway to false and publicKey for interactions alone."
)
_FLUSH: Final = 50
logger = logging.getLogger(__name__)


class GatewayReceiver:
    """Holds one account's connection."""

    def __init__(
        self, account: Account, context: ChannelContext, now_s: Callable[[], float] = time.time
    ) -> None:
        self._account = account
        self._context = context
        self._settings = read_settings(DiscordSettings, account)
        self._inbound = read_settings(DiscordInboundSettings, account)
        self._now_s = now_s

    async def receive(self, cursor: str | None, accept: Accept) -> None:
        """Receive until cancelled; raises ReceiverFailure, and what `accept` raises."""
        if importlib.util.find_spec("discord") is None:
            raise ReceiverFailure(INSTALL, permanent=True)
        from openclaw_channels.discord import gateway

        api = DiscordApi(self._settings, self._context.http, SystemClock())
        inbox: asyncio.Queue[str] = asyncio.Queue(self._inbound.buffer_messages)
        connection = gateway.listen(
            token=self._settings.token.get_secret_value(),
            api_root=self._settings.api_root,
            gateway=await _gateway(api),
            message_content=self._inbound.message_content,
            on_event=lambda frame: _put(inbox, frame),
        )
        intake = _Intake(
            self._account.account_id,
            self._inbound,
            api,
            Cursor(self._inbound.cursor_channels, cursor),
            accept,
            self._now_s,
        )
        await first_to_end(connection, intake.take_from(inbox))


async def _gateway(api: DiscordApi) -> str:
    """Ask where the gateway is, and whether a session may be started."""
    try:
        told = await api.look_up("/gateway/bot")
    except CredentialsRevoked as revoked:
        raise ReceiverFailure(revoked.message, permanent=True) from None
    except RateLimited as limited:
        raise ReceiverFailure(limited.message, retry_after_s=limited.retry_after_s) from None
    except SendFailure as failure:
        raise ReceiverFailure(failure.message) from None
    told = told if isinstance(told, dict) else {}
    limit, url = part(told, "session_start_limit"), string(told, "url")
    if not url:
        raise ReceiverFailure("Discord does not say where its gateway is.")
    if limit.get("remaining") == 0:
        wait_ms = limit.get("reset_after")
        raise ReceiverFailure(
            "Discord allows no more sessions today.",
            retry_after_s=wait_ms / 1000 if isinstance(wait_ms, int) else None,
        )
    return url


def _put(inbox: asyncio.Queue[str], frame: str) -> None:
    try:
        inbox.put_nowait(frame)
    except asyncio.QueueFull:
        raise ReceiverFailure(
            "More came from Discord than could be taken in; what is missing is asked for again."
        ) from None


class _Intake:
    """Takes frames in, one after another."""

    def __init__(
        self,
        account_id: str,
        settings: DiscordInboundSettings,
        api: DiscordApi,
        cursor: Cursor,
        accept: Accept,
        now_s: Callable[[], float],
    ) -> None:
        self._account_id = account_id
        self._settings = settings
        self._api = api
        self._cursor = cursor
        self._accept = accept
        self._now_s = now_s
        self._places = Places(api, SystemClock(), settings.lookup_cache_entries)
        self._backfill = Backfill(api, settings.backfill_messages)
        self._interactions = Interactions(account_id)
        self._awaited: set[str] = set()
        self._read: list[InboundMessage] = []

    async def take_from(self, inbox: asyncio.Queue[str]) -> None:
        """Take frames for ever; raises ReceiverFailure, and what `accept` raises."""
        while True:
            await self._take(await inbox.get())
            if inbox.empty() or len(self._read) >= _FLUSH:
                await self._flush()

    async def _flush(self) -> None:
        if self._read:
            messages, self._read = tuple(self._read), []
            await self._accept(messages, self._cursor.encode())

    async def _take(self, frame: str) -> None:
        try:
            event = json_object(frame)
            handler = _HANDLERS.get(string(event, "t"))
            if handler is not None:
                await handler(self, part(event, "d"))
        except NotUnderstood:
            logger.warning("discord_event_not_understood")
        except SendFailure as failure:
            raise ReceiverFailure(failure.message) from None

    async def _ready(self, data: Object) -> None:
        self._places.me = snowflake(part(data, "user"), "id")
        self._awaited = {string(guild, "id") for guild in objects(data, "guilds")}
        self._cursor.caught_up = False
        if self._settings.backfill_seconds:
            await self._missed(self._cursor.direct, guild=None)
        await self._catch_up()

    async def _guild(self, data: Object) -> None:
        guild = snowflake(data, "id")
        last = self._places.learn_guild(data)
        if guild in self._awaited and self._settings.backfill_seconds:
            behind = [c for c, message in last if self._is_behind(c, message)]
            await self._missed(behind, guild=guild)
        self._awaited.discard(guild)
        await self._catch_up()

    async def _catch_up(self) -> None:
        """Say that nothing is missing once all guilds have told of their channels."""
        if self._awaited or self._cursor.caught_up:
            return
        messages, self._read = tuple(self._read), []
        self._cursor.catch_up(snowflake_at(int(self._now_s() * 1000)))
        await self._accept(messages, self._cursor.encode())

    async def _guild_gone(self, data: Object) -> None:
        """Wait no longer for a guild that is out of order, or that we were put out of."""
        self._awaited.discard(string(data, "id"))
        await self._catch_up()

    def _is_behind(self, channel: str, last: int) -> bool:
        after = self._cursor.after(channel)
        return after is not None and last > max(after, self._oldest())

    def _oldest(self) -> int:
        return snowflake_at(int((self._now_s() - self._settings.backfill_seconds) * 1000))

    async def _missed(self, channels: list[str], guild: str | None) -> None:
        """Take in what was written in channels since they were last heard of."""
        asked = [
            self._backfill.missed(channel, max(self._cursor.after(channel) or 0, self._oldest()))
            for channel in channels
        ]
        for messages in await asyncio.gather(*asked):
            for message in messages:
                await self._read_message({"guild_id": guild, **message})
                if len(self._read) >= _FLUSH:
                    await self._flush()

    async def _message(self, data: Object) -> None:
        await self._read_message(data)

    async def _edited(self, data: Object) -> None:
        await self._read_message(data, edited=True)

    async def _read_message(self, data: Object, *, edited: bool = False) -> None:
        channel, message_id = snowflake(data, "channel_id"), snowflake(data, "id")
        guild = string(data, "guild_id") or None
        direct = Place(channel, whole(data, "channel_type") or DIRECT)
        place = await self._places.of(channel, guild) if guild else direct
        if not edited:
            self._cursor.saw(channel, int(message_id), direct=place.guild is None)
        me = self._places.identity(place.guild)
        message = message_of(data, place, me, self._account_id, edited=edited)
        if message is not None:
            self._read.append(message)

    async def _reaction(self, data: Object) -> None:
        channel, guild = snowflake(data, "channel_id"), string(data, "guild_id") or None
        place = await self._places.of(channel, guild) if guild else Place(channel, DIRECT)
        me = self._places.identity(place.guild)
        reaction = reaction_of(data, place, me, self._account_id, int(self._now_s() * 1000))
        if reaction is not None:
            self._read.append(reaction)

    async def _interaction(self, data: Object) -> None:
        """Read an interaction of an application that has no endpoint; answer once it is durable."""
        inbound = self._interactions.read(data)
        self._read += inbound.messages
        await self._flush()
        path = f"/interactions/{snowflake(data, 'id')}/{string(data, 'token')}/callback"
        try:
            await self._api.open(path, dict(json_object(inbound.answer.body)))
        except SendFailure as failure:
            # The reply then goes to the channel.
            logger.warning("discord_interaction_not_answered", extra={"reason": failure.code})

    async def _channel(self, data: Object) -> None:
        self._places.learn(data)


_HANDLERS: Final[Mapping[str, Callable[[_Intake, Object], Awaitable[Any]]]] = {
    "READY": _Intake._ready,
    "GUILD_CREATE": _Intake._guild,
    "GUILD_DELETE": _Intake._guild_gone,
    "MESSAGE_CREATE": _Intake._message,
    "MESSAGE_UPDATE": _Intake._edited,
    "MESSAGE_REACTION_ADD": _Intake._reaction,
    "INTERACTION_CREATE": _Intake._interaction,
    "CHANNEL_CREATE": _Intake._channel,
    "CHANNEL_UPDATE": _Intake._channel,
    "THREAD_CREATE": _Intake._channel,
    "THREAD_UPDATE": _Intake._channel,
}
