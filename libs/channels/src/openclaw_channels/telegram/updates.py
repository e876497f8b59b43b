"""Every kind of update that the Bot API knows, read or deliberately left.

https://core.telegram.org/bots/api#update, as of Bot API 10. Polling and webhooks bring the same
objects with the same `update_id`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from openclaw_channels.inbound import NotUnderstood
from openclaw_channels.said import Said
from openclaw_channels.telegram.message import (
    Chat,
    Recipient,
    read_chat,
    read_message,
    read_sender,
    read_thread,
    read_user,
)
from openclaw_channels.telegram.words import read_words
from openclaw_common.contracts.inbound import InboundKind, InboundMessage, Sender

JOINED: Final = "joined"
LEFT: Final = "left"
_INSIDE: Final = frozenset({"creator", "administrator", "member"})


@dataclass(frozen=True, slots=True)
class Update:
    """One update as read. `callback_id` is what `answerCallbackQuery` must be told, None if there
    is nothing to answer."""

    id: int
    messages: tuple[InboundMessage, ...] = ()
    callback_id: str | None = None


@dataclass(frozen=True, slots=True)
class _Arrival:
    """What the reading of every kind needs beside the kind's own object."""

    recipient: Recipient
    event_id: str
    now_ms: int

    def event(
        self,
        kind: InboundKind,
        chat: Chat,
        sender: Sender,
        text: str,
        *,
        message: Said | None = None,
        sent_at_s: int | None = None,
    ) -> InboundMessage:
        """Return something that happened in a chat and is no message."""
        number = message.whole("message_id") if message is not None else None
        return InboundMessage(
            channel="telegram",
            account_id=self.recipient.account_id,
            event_id=self.event_id,
            kind=kind,
            chat_kind=chat.kind,
            chat_id=chat.to,
            to=chat.to,
            sender=sender,
            text=text,
            sent_at_ms=sent_at_s * 1000 if sent_at_s else self.now_ms,
            message_id=str(number) if number is not None else None,
            thread_id=read_thread(message, chat) if message is not None else None,
            chat_name=chat.name,
        )


Reading = Callable[[Said, _Arrival], InboundMessage | None]


def read_update(update: Said, recipient: Recipient, now_s: float) -> Update:
    """Return what an update says; `now_s` is when it came, for kinds that have no time.

    Raises NotUnderstood. A kind that is not known, of a later Bot API, says nothing.
    """
    number = update.whole("update_id")
    if number is None:
        raise NotUnderstood("The update has no update_id.")
    arrival = _Arrival(recipient, f"update:{recipient.me.id}:{number}", int(now_s * 1000))
    for kind, read in READ.items():
        said = update.part(kind)
        if said is not None:
            message = read(said, arrival)
            callback = said.text("id") if kind == "callback_query" else ""
            return Update(number, (message,) if message else (), callback or None)
    return Update(number)


def _new(message: Said, arrival: _Arrival) -> InboundMessage | None:
    moved = _moved(message, arrival)
    return moved or read_message(message, arrival.recipient, kind="message")


def _edited(message: Said, arrival: _Arrival) -> InboundMessage | None:
    # Telegram calls it an edit too when a poll gets a vote or a link its preview.
    if not message.has("edit_date"):
        return None
    return read_message(message, arrival.recipient, kind="edited", event_id=arrival.event_id)


def _moved(message: Said, arrival: _Arrival) -> InboundMessage | None:
    """Return that the bot has left a group which became a supergroup, or has come to the new one.

    The group is told under its old number, the supergroup under its own.
    """
    for field, text in (("migrate_to_chat_id", LEFT), ("migrate_from_chat_id", JOINED)):
        sender = read_sender(message)
        if message.whole(field) is not None and sender is not None:
            chat, date = read_chat(message), message.whole("date")
            return arrival.event("membership", chat, sender, text, sent_at_s=date)
    return None


def _chosen(query: Said, arrival: _Arrival) -> InboundMessage | None:
    """Read the press of a button, None where it is one of a game or of an inline message."""
    user, message = query.part("from"), query.part("message")
    sender = read_user(user) if user is not None else None
    if sender is None:
        raise NotUnderstood("A callback_query has no sender.")
    value = query.text("data")
    if message is None or not value:
        return None
    event = arrival.event("choice", read_chat(message), sender, value, message=message)
    shown = read_words(message, arrival.recipient.me).text
    return replace(event, mentions_me=True, reply_text=shown or None)


def _reacted(reaction: Said, arrival: _Arrival) -> InboundMessage | None:
    """Read the emoji that a reaction adds, None where it only takes some away."""
    chat = read_chat(reaction)
    actor = reaction.part("user") or reaction.part("actor_chat")
    sender = read_user(actor) if actor is not None else None
    if sender is None:
        raise NotUnderstood("A message_reaction has no sender.")
    before = {_emoji(item) for item in reaction.parts("old_reaction")}
    added = [emoji for emoji in map(_emoji, reaction.parts("new_reaction")) if emoji]
    text = " ".join(emoji for emoji in added if emoji not in before)
    if not text:
        return None
    date = reaction.whole("date")
    event = arrival.event("reaction", chat, sender, text, message=reaction, sent_at_s=date)
    # Telegram does not say in which topic it was.
    return replace(event, thread_id=None)


def _emoji(item: Said) -> str:
    return item.text("emoji") or (item.text("type") if item.text("custom_emoji_id") else "")


def _member(change: Said, arrival: _Arrival) -> InboundMessage | None:
    """Read that the bot was let in or put out, None where only its rights changed."""
    user = change.part("from")
    sender = read_user(user) if user is not None else None
    before, after = change.part("old_chat_member"), change.part("new_chat_member")
    if sender is None or before is None or after is None:
        raise NotUnderstood("A my_chat_member lacks its sender or a state.")
    if _is_inside(before) == _is_inside(after):
        return None
    text = JOINED if _is_inside(after) else LEFT
    date = change.whole("date")
    return arrival.event("membership", read_chat(change), sender, text, sent_at_s=date)


def _is_inside(member: Said) -> bool:
    restricted = member.text("status") == "restricted" and member.flag("is_member")
    return restricted or member.text("status") in _INSIDE


READ: Final[Mapping[str, Reading]] = {
    "message": _new,
    "edited_message": _edited,
    "channel_post": _new,
    "edited_channel_post": _edited,
    "callback_query": _chosen,
    "message_reaction": _reacted,
    "my_chat_member": _member,
}
"""Kinds that are read; Telegram is asked for these alone."""

LEFT_ALONE: Final[Mapping[str, str]] = {
    "business_connection": "An answer for a business account needs its connection's id, which a"
    " destination has no place for.",
    "business_message": "As business_connection.",
    "edited_business_message": "As business_connection.",
    "deleted_business_messages": "As business_connection.",
    "guest_message": "It is answered once, by a query's id, in a chat that the bot is not in.",
    "message_reaction_count": "Counts of anonymous reactions, which nobody has sent.",
    "inline_query": "Answered while somebody types, faster than an agent does.",
    "chosen_inline_result": "There are no inline results.",
    "shipping_query": "The bot sells nothing.",
    "pre_checkout_query": "The bot sells nothing.",
    "purchased_paid_media": "The bot sells nothing.",
    "poll": "The state of a poll, not somebody's word.",
    "poll_answer": "The bot makes no polls.",
    "chat_member": "Others who come and go.",
    "chat_join_request": "Who may join is for the group's administrators.",
    "chat_boost": "Not a word to the bot.",
    "removed_chat_boost": "Not a word to the bot.",
    "managed_bot": "The bot manages no other bots.",
}
"""Kinds that are not read, each with the reason."""
