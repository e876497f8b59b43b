"""Sends to Discord: channels, threads, direct messages, forum posts, answers to interactions."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from functools import partial
from math import inf
from typing import Any, Final

from openclaw_channels.attachments import (
    Attachment,
    AttachmentRules,
    AttachmentTooLarge,
    load,
    too_large,
)
from openclaw_channels.base import (
    AnswerLost,
    Bucket,
    ChannelContext,
    ChannelError,
    Message,
    Part,
    PermanentFailure,
    Receipt,
)
from openclaw_channels.discord import markup
from openclaw_channels.discord.api import (
    DiscordApi,
    InteractionOver,
    NoPlainChannel,
    RequestTooLarge,
)
from openclaw_channels.discord.lookup import Lookup
from openclaw_channels.discord.settings import DiscordSettings
from openclaw_channels.discord.targets import Interaction, interaction, parse_target
from openclaw_channels.remembered import Remembered
from openclaw_channels.settings import MEBIBYTE
from openclaw_common.contracts.delivery import Destination
from openclaw_common.runtime.clock import Clock, SystemClock

TYPING_SECONDS: Final = 10.0
"""How long Discord shows the indicator."""
UNTITLED: Final = "Message"
"""The title of a forum post whose text gives none."""

INTERACTION_SECONDS: Final = 15 * 60.0
"""How long an interaction can be answered."""
_UNKNOWN_MESSAGE: Final = "10008"

Deliver = Callable[[str, Attachment | None], Awaitable[Receipt]]


class DiscordOutbound:
    """One bot's way out."""

    def __init__(
        self,
        settings: DiscordSettings,
        context: ChannelContext,
        clock: Clock | None = None,
    ) -> None:
        clock = clock or SystemClock()
        self._settings = settings
        self._egress = context.egress
        self._api = DiscordApi(settings, context.http, clock)
        self._lookup = Lookup(self._api, settings, clock)
        self._over: Remembered[bool] = Remembered(
            clock, INTERACTION_SECONDS, settings.lookup_cache_entries
        )
        self._media = AttachmentRules(
            max_bytes=int(settings.media_max_mb * MEBIBYTE),
            timeout_s=settings.request_timeout_ms / 1000,
        )

    @property
    def typing_seconds(self) -> float:
        """How long one indicator lasts."""
        return TYPING_SECONDS

    def parts(self, message: Message) -> Sequence[Part]:
        """Cut a message into parts."""
        return markup.parts(message, self._settings)

    def buckets(self, destination: Destination) -> Sequence[Bucket]:
        """Return the bot's bucket and the channel's; interactions do not count to the bot's.

        Discord counts in windows, so what goes at once is taken off what follows.
        """
        own = self._settings
        hook = interaction(destination.to)
        name = hook.bucket if hook else f"channel:{destination.thread_id or destination.to}"
        rate = (own.channel_messages - own.channel_burst) / own.channel_window_seconds
        place = Bucket(name, rate, own.channel_burst)
        bot = Bucket("bot", own.bot_per_second - own.bot_burst, own.bot_burst)
        return (place,) if hook else (bot, place)

    async def resolve(self, destination: Destination) -> Destination:
        """Return the channel of a name or a user; raises a SendFailure."""
        try:
            to, _ = parse_target(destination.to)
        except ChannelError as malformed:
            raise PermanentFailure(str(malformed)) from None
        if destination.thread_id is not None and not _is_id(destination.thread_id):
            raise PermanentFailure("A Discord thread is given by its id, a number.")
        kind, _, rest = to.partition(":")
        if to.startswith("#"):
            to = f"channel:{await self._lookup.channel_named(to[1:])}"
        elif kind == "user":
            to = f"channel:{await self._lookup.direct_channel(rest)}"
        return replace(destination, to=to)

    async def send(self, destination: Destination, part: Part, *, send_key: str) -> Receipt:
        """Send one part; an attachment that is too large becomes text."""
        hook = self._open(destination)
        if hook is not None:
            try:
                return await self._deliver(part, partial(self._follow_up, hook, part))
            except InteractionOver:
                if hook.channel is None:
                    raise
                self._over.put(hook.bucket, True)
        channel = _channel(destination)
        if not self._lookup.known_forum(channel):
            try:
                return await self._deliver(part, partial(self._to_channel, channel, part, send_key))
            except NoPlainChannel:
                if not await self._lookup.is_forum(channel):
                    raise
        return await self._to_forum(channel, part, send_key)

    def _open(self, destination: Destination) -> Interaction | None:
        """Return the interaction that is answered; None where it is over, and a message goes."""
        hook = interaction(destination.to)
        return None if hook is None or (hook.channel and self._over.get(hook.bucket)) else hook

    async def _deliver(self, part: Part, deliver: Deliver) -> Receipt:
        if part.media is None:
            return await deliver(part.text, None)
        try:
            return await deliver(part.text, await load(part.media, self._egress, self._media))
        except (AttachmentTooLarge, RequestTooLarge):
            return await deliver(too_large(part.media, "Discord"), None)

    async def _to_channel(
        self, channel: str, part: Part, send_key: str, text: str, file: Attachment | None
    ) -> Receipt:
        body = markup.addressed(markup.content(text, self._settings), part, send_key)
        said, status = await self._api.send(
            "POST",
            f"/channels/{channel}/messages",
            route=f"POST {channel}",
            **markup.request(body, file),
        )
        return Receipt(_text(said.get("id")), status)

    async def _follow_up(
        self, hook: Interaction, part: Part, text: str, file: Attachment | None
    ) -> Receipt:
        """Put the first part into the deferred answer, further ones behind it."""
        first = bool(part.markup.get(markup.FIRST))
        method, path = "POST", hook.path
        if first:
            method, path = "PATCH", f"{hook.path}/messages/@original"
        body = markup.content(text, self._settings)
        try:
            said, status = await self._api.follow_up(method, path, **markup.request(body, file))
        except AnswerLost as lost:
            raise AnswerLost(lost.message, repeat_is_safe=first) from None
        except PermanentFailure as refused:
            if not first or refused.code != _UNKNOWN_MESSAGE:
                raise
            # Somebody deleted the deferred answer.
            return await self._follow_up(hook, replace(part, markup={}), text, file)
        return Receipt(_text(said.get("id")), status)

    async def _to_forum(self, forum: str, part: Part, send_key: str) -> Receipt:
        """Make a post of the first part, and send further ones into it."""
        title = str(part.markup.get(markup.TITLE) or UNTITLED)
        if not part.markup.get(markup.FIRST):
            thread = await self._lookup.post(forum, title)
            if thread is not None:
                return await self._deliver(part, partial(self._to_channel, thread, part, send_key))
        return await self._deliver(part, partial(self._post, forum, title))

    async def _post(self, forum: str, title: str, text: str, file: Attachment | None) -> Receipt:
        message = markup.content(text, self._settings)
        try:
            said, status = await self._api.send(
                "POST",
                f"/channels/{forum}/threads",
                route=f"THREADS {forum}",
                **markup.request(message, file, around={"name": title}),
            )
        except AnswerLost as lost:
            raise AnswerLost(lost.message, repeat_is_safe=False) from None
        thread = _text(said.get("id"))
        if thread is not None:
            self._lookup.remember_post(forum, title, thread)
        return Receipt(thread, status)

    async def repeats_safely(self, destination: Destination, part: Part) -> bool:
        """Messages have a nonce; a forum's posts and what follows an interaction have none."""
        first = bool(part.markup.get(markup.FIRST))
        if self._open(destination) is not None:
            # The first part is put into the answer that is there already.
            return first
        channel = _channel(destination)
        if not (self._lookup.known_forum(channel) or await self._lookup.is_forum(channel)):
            return True
        title = str(part.markup.get(markup.TITLE) or UNTITLED)
        return not first and await self._lookup.post(channel, title) is not None

    def repeat_seconds(self, destination: Destination, part: Part) -> float:
        """A nonce is forgotten; the answer to an interaction is replaced however late."""
        return inf if self._open(destination) else self._settings.nonce_seconds

    async def edit(self, destination: Destination, message_id: str, part: Part) -> Receipt:
        """Replace a message's text."""
        body = markup.content(part.text, self._settings)
        hook = self._open(destination)
        try:
            if hook is not None:
                path = f"{hook.path}/messages/{message_id}"
                said, status = await self._api.follow_up("PATCH", path, json=body)
            else:
                channel = _channel(destination)
                channel = message_id if self._lookup.known_forum(channel) else channel
                path = f"/channels/{channel}/messages/{message_id}"
                route = f"PATCH {channel}"
                said, status = await self._api.send("PATCH", path, route=route, json=body)
        except AnswerLost as lost:
            raise AnswerLost(lost.message, repeat_is_safe=True) from None
        return Receipt(_text(said.get("id")) or message_id, status)

    async def shows_previews(self, destination: Destination) -> bool:
        """Not in a forum, where a message is a post with a title."""
        if self._open(destination) is not None:
            return True
        channel = _channel(destination)
        return not (self._lookup.known_forum(channel) or await self._lookup.is_forum(channel))

    async def show_typing(self, destination: Destination) -> None:
        """Show the indicator; a deferred interaction shows one by itself."""
        if interaction(destination.to) is None:
            await self._api.open(f"/channels/{_channel(destination)}/typing", None)


def _channel(destination: Destination) -> str:
    hook = interaction(destination.to)
    if hook is not None:
        return hook.channel or ""
    channel = destination.thread_id or destination.to.removeprefix("channel:")
    if not _is_id(channel):
        raise PermanentFailure("This is no Discord channel; resolve the destination first.")
    return channel


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None
