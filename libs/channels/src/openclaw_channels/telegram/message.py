"""From a Message of the Bot API to an InboundMessage: who, where, what, in answer to what.

https://core.telegram.org/bots/api#message
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from openclaw_channels.inbound import NotUnderstood
from openclaw_channels.said import Said
from openclaw_channels.telegram.attached import read_attachments, read_lines
from openclaw_channels.telegram.words import Me, read_words
from openclaw_common.contracts.inbound import (
    Attachment,
    ChatKind,
    InboundKind,
    InboundMessage,
    Sender,
)

GENERAL_TOPIC: Final = "1"
"""The topic of a forum whose messages name none."""

_KINDS: Final[dict[str, ChatKind]] = {
    "private": "direct",
    "group": "group",
    "supergroup": "group",
    "channel": "channel",
}


@dataclass(frozen=True, slots=True)
class Recipient:
    """Whose updates are read: the bot, and the account's name."""

    me: Me
    account_id: str


@dataclass(frozen=True, slots=True)
class Chat:
    """Where something happened."""

    id: int
    kind: ChatKind
    name: str | None
    is_forum: bool

    @property
    def to(self) -> str:
        """The destination of a reply."""
        return str(self.id)


def read_message(
    message: Said, recipient: Recipient, *, kind: InboundKind, event_id: str | None = None
) -> InboundMessage | None:
    """Return what a message says, None where it is the bot's own or only tells of the chat.

    A new message is known by its chat and its number, which are equal whatever way it came, and by
    the bot: each counts the messages of a person from 1.
    """
    chat, number = read_chat(message), message.whole("message_id")
    sender = read_sender(message)
    if number is None or sender is None:
        raise NotUnderstood("A message lacks its message_id or its sender.")
    direct_messages = message.has("direct_messages_topic")
    if sender.id == str(recipient.me.id) or direct_messages:
        return None
    words = read_words(message, recipient.me)
    attachments = read_attachments(message)
    text = "\n".join(filter(None, (words.text, *read_lines(message))))
    if not text and not attachments:
        return None
    reply, to_me = _reply(message, recipient.me)
    return InboundMessage(
        channel="telegram",
        account_id=recipient.account_id,
        event_id=event_id or f"{recipient.me.id}:{chat.id}:{number}",
        kind=kind,
        chat_kind=chat.kind,
        chat_id=chat.to,
        to=chat.to,
        sender=sender,
        text="\n".join(filter(None, (_forwarded(message), text))),
        sent_at_ms=1000 * (message.whole("edit_date") or message.whole("date") or 0),
        message_id=str(number),
        thread_id=read_thread(message, chat),
        chat_name=chat.name,
        mentions_me=words.mentions_me or to_me,
        reply_text=reply,
        attachments=attachments,
        album_id=message.text("media_group_id") or None,
    )


def read_chat(said: Said) -> Chat:
    """Return the `chat` of a message or an update; raises NotUnderstood."""
    chat = said.part("chat")
    number = chat.whole("id") if chat is not None else None
    if chat is None or number is None:
        raise NotUnderstood("An update lacks its chat.")
    usual: ChatKind = "direct" if number > 0 else "group"
    kind = _KINDS.get(chat.text("type"), usual)
    name = chat.text("title") or _name(chat)
    return Chat(number, kind, name or None, chat.flag("is_forum"))


def read_thread(message: Said, chat: Chat) -> str | None:
    """Return the topic; in groups without topics `message_thread_id` only counts replies."""
    thread = message.whole("message_thread_id")
    if thread is not None and (message.flag("is_topic_message") or chat.is_forum):
        return str(thread)
    return GENERAL_TOPIC if chat.is_forum and chat.kind == "group" else None


def read_sender(message: Said) -> Sender | None:
    """Return who wrote: a chat where somebody writes in its name, which hides the person."""
    chat = message.part("sender_chat")
    if chat is None and not message.has("from"):
        chat = message.part("chat")
    if chat is not None:
        return read_user(chat)
    user = message.part("from")
    return read_user(user) if user is not None else None


def read_user(user: Said) -> Sender | None:
    """Return a user, or a chat in place of one; None without an id."""
    number = user.whole("id")
    if number is None:
        return None
    return Sender(
        id=str(number),
        name=user.text("title") or _name(user) or None,
        username=user.text("username") or None,
        is_bot=user.flag("is_bot"),
    )


def _name(person: Said) -> str:
    return f"{person.text('first_name')} {person.text('last_name')}".strip()


def _reply(message: Said, me: Me) -> tuple[str | None, bool]:
    """Return what is answered, and whether it is the bot's.

    The first message of a topic, which every message in it seems to answer, is none.
    """
    quote = message.part("quote")
    quoted = quote.text("text") if quote is not None else ""
    answered = message.part("reply_to_message")
    if answered is None or answered.has("forum_topic_created"):
        elsewhere = message.part("external_reply")
        shown = quoted or (_summary(elsewhere, me) if elsewhere is not None else "")
        return shown or None, False
    author = answered.part("from")
    mine = author is not None and author.whole("id") == me.id
    return quoted or _summary(answered, me) or None, mine


def _summary(message: Said, me: Me) -> str:
    """Return a message that is answered as text."""
    shown = (read_words(message, me).text, *read_lines(message))
    return "\n".join(filter(None, (*shown, *map(_described, read_attachments(message)))))


def _described(attachment: Attachment) -> str:
    details = ", ".join(filter(None, (attachment.name, attachment.note)))
    return f"[{attachment.kind}: {details}]" if details else f"[{attachment.kind}]"


def _forwarded(message: Said) -> str:
    """Return a line that says whose words these are, where they are not the sender's."""
    if message.flag("is_automatic_forward"):
        return ""
    origin = message.part("forward_origin")
    # Before Bot API 7.0 the fields stood in the message itself.
    said = origin if origin is not None else message
    for name in ("sender_user", "sender_chat", "chat", "forward_from", "forward_from_chat"):
        if origin is None and not name.startswith("forward"):
            continue
        author = said.part(name)
        if author is not None and (name := author.text("title") or _name(author)):
            return f"[Forwarded from {name}]"
    hidden = said.text("sender_user_name") or message.text("forward_sender_name")
    return f"[Forwarded from {hidden}]" if hidden else ""
