"""From Discord's message object to ours, whether it came by gateway, by REST or in an interaction.

https://docs.discord.com/developers/resources/message.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from openclaw_channels.inbound import NotUnderstood
from openclaw_channels.payloads import (
    Object,
    identifier,
    kind_of,
    lines,
    objects,
    part,
    string,
    strings,
    whole,
)
from openclaw_common.contracts.inbound import Attachment, ChatKind, InboundMessage, Sender

CHANNEL: Final = "discord"
DIRECT, GROUP_DIRECT = 1, 3
THREADS: Final = frozenset({10, 11, 12})
"""Channel types of threads, a forum's posts among them."""
_EPOCH_MS: Final = 1_420_070_400_000
_WRITTEN: Final = frozenset({0, 19})
"""Message types in which somebody says something: by itself, and as a reply."""
_ID: Final = re.compile(r"[0-9]{1,20}\Z")
_TOKEN: Final = re.compile(r"<(?:(@[!&]?|#)([0-9]{1,20})|a?(:\w{1,40}:)[0-9]{1,20})>")


@dataclass(frozen=True, slots=True)
class Place:
    """A channel as far as messages need it: `kind` is its type, `parent` a thread's channel."""

    id: str
    kind: int | None = None
    guild: str | None = None
    parent: str | None = None
    name: str | None = None

    @property
    def is_thread(self) -> bool:
        """Whether it belongs to another channel."""
        return self.kind in THREADS and self.parent is not None

    @property
    def chat_kind(self) -> ChatKind:
        """What sort of conversation it is."""
        if self.guild is not None:
            return "channel"
        return "group" if self.kind == GROUP_DIRECT else "direct"

    @property
    def chat(self) -> str:
        """The conversation's id: the channel's, for a thread that of its parent."""
        return self.parent if self.is_thread and self.parent else self.id

    @property
    def thread(self) -> str | None:
        """The thread's id."""
        return self.id if self.is_thread else None


@dataclass(frozen=True, slots=True)
class Identity:
    """Whom a mention must name to mean us: our user, and our roles in the guild."""

    user: str
    roles: frozenset[str] = frozenset()


def place_of(channel: Object, guild: str | None = None) -> Place:
    """Return the place that a channel object describes; raises NotUnderstood."""
    return Place(
        id=snowflake(channel, "id"),
        kind=whole(channel, "type"),
        guild=string(channel, "guild_id") or guild,
        parent=string(channel, "parent_id") or None,
        name=string(channel, "name") or None,
    )


def message_of(
    raw: Object, place: Place, me: Identity, account_id: str, *, edited: bool = False
) -> InboundMessage | None:
    """Return what a message says, None for our own and for what nobody said.

    Raises NotUnderstood.
    """
    author = part(raw, "author")
    message_id = snowflake(raw, "id")
    if whole(raw, "type") not in _WRITTEN or string(author, "id") == me.user:
        return None
    edit = string(raw, "edited_timestamp")
    if edited and not edit:
        # A link got its preview.
        return None
    answered = part(raw, "referenced_message")
    shown = list(_shown(raw))
    return InboundMessage(
        channel=CHANNEL,
        account_id=account_id,
        event_id=f"edited:{message_id}:{edit[:40]}" if edited else f"message:{message_id}",
        kind="edited" if edited else "message",
        chat_kind=place.chat_kind,
        chat_id=place.chat,
        to=f"channel:{place.chat}",
        sender=sender_of(author, part(raw, "member"), bot=bool(string(raw, "webhook_id"))),
        text=lines(plain(string(item, "content"), item, me.user) for item in shown).strip(),
        sent_at_ms=milliseconds(message_id),
        message_id=message_id,
        thread_id=place.thread,
        chat_name=place.name,
        mentions_me=_mentions(raw, answered, me),
        reply_text=plain(string(answered, "content"), answered, None) or None,
        attachments=tuple(a for item in shown for a in attachments_of(item)),
        guild_id=place.guild,
    )


def _shown(raw: Object) -> Iterator[Object]:
    """Yield a message, and those that it forwards."""
    yield raw
    for snapshot in objects(raw, "message_snapshots"):
        yield part(snapshot, "message")


def _mentions(raw: Object, answered: Object, me: Identity) -> bool:
    users = {string(user, "id") for user in objects(raw, "mentions")}
    roles = frozenset(strings(raw, "mention_roles"))
    to_us = string(part(answered, "author"), "id") == me.user
    return me.user in users or bool(roles & me.roles) or to_us


def plain(content: str, message: Object, me: str | None) -> str:
    """Return a content with names in place of ids, without the mention of us that it begins with.

    What names nobody knows stays as it is.
    """
    start = re.match(rf"\s*<@!?{me}>[ ,:]*", content) if me else None
    names = {f"@{string(u, 'id')}": _name(u) for u in objects(message, "mentions")}
    channels = objects(message, "mention_channels")
    names |= {f"#{string(c, 'id')}": string(c, "name") for c in channels}

    def named(found: re.Match[str]) -> str:
        if found[3]:
            return found[3]
        sign = found[1].rstrip("!")
        name = names.get(sign + found[2])
        return sign[0] + name if name else found[0]

    return _TOKEN.sub(named, content[start.end() :] if start else content)


def sender_of(user: Object, member: Object, *, bot: bool = False) -> Sender:
    """Return who wrote; raises NotUnderstood."""
    return Sender(
        id=snowflake(user, "id"),
        name=string(member, "nick") or string(user, "global_name") or None,
        username=string(user, "username") or None,
        roles=strings(member, "roles"),
        is_bot=bot or user.get("bot") is True,
    )


def _name(user: Object) -> str:
    return string(user, "global_name") or string(user, "username")


def attachments_of(message: Object) -> Iterator[Attachment]:
    """Yield a message's files and stickers."""
    for file in objects(message, "attachments"):
        yield attachment_of(file)
    for sticker in objects(message, "sticker_items"):
        name = string(sticker, "name")
        yield Attachment("sticker", name=name, note=f"the sticker {name}")


def attachment_of(file: Object) -> Attachment:
    """Return a file."""
    mime = string(file, "content_type").partition(";")[0].strip()
    return Attachment(
        kind=kind_of(mime),
        reference=string(file, "url"),
        mime=mime,
        name=string(file, "filename"),
        size=whole(file, "size"),
        note=string(file, "description"),
    )


def reaction_of(
    raw: Object, place: Place, me: Identity, account_id: str, at_ms: int
) -> InboundMessage | None:
    """Return a reaction to a message of ours; raises NotUnderstood."""
    user = snowflake(raw, "user_id")
    if string(raw, "message_author_id") != me.user or user == me.user:
        return None
    message_id, emoji = snowflake(raw, "message_id"), part(raw, "emoji")
    name = string(emoji, "name")
    text = f":{name}:" if string(emoji, "id") else name
    member = part(raw, "member")
    return InboundMessage(
        channel=CHANNEL,
        account_id=account_id,
        event_id=f"reaction:{message_id}:{user}:{text[:80]}",
        kind="reaction",
        chat_kind=place.chat_kind,
        chat_id=place.chat,
        to=f"channel:{place.chat}",
        sender=sender_of({"id": user, **part(member, "user")}, member),
        text=text,
        sent_at_ms=at_ms,
        message_id=message_id,
        thread_id=place.thread,
        chat_name=place.name,
        mentions_me=True,
        guild_id=place.guild,
    )


def snowflake(value: Object, key: str) -> str:
    """Return one of Discord's ids; raises NotUnderstood."""
    found = identifier(value, key)
    if _ID.match(found) is None:
        raise NotUnderstood(f"{key} is none of Discord's ids.")
    return found


def milliseconds(snowflake_id: str) -> int:
    """Return when an id was made, as Unix time in milliseconds."""
    return (int(snowflake_id) >> 22) + _EPOCH_MS


def snowflake_at(ms: int) -> int:
    """Return the lowest id that can be made at a Unix time in milliseconds."""
    return max(ms - _EPOCH_MS, 0) << 22
