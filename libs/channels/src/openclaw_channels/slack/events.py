"""From an event of the Events API to messages.

https://docs.slack.dev/apis/events-api and …/reference/events. A message that mentions the app comes
twice, as `message` and as `app_mention`: both have the conversation and the `ts` of the message,
which is what it is known by.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

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
from openclaw_channels.slack.plain import mentions, plain, without_address
from openclaw_channels.slack.targets import is_channel, is_timestamp
from openclaw_common.contracts.inbound import Attachment, ChatKind, InboundMessage, Sender

CHANNEL: Final = "slack"
_WRITTEN: Final = frozenset({"", "bot_message", "file_share", "me_message", "thread_broadcast"})
"""Subtypes in which somebody says something; the others tell of joins, topics and pins."""
_KINDS: Final[Mapping[str, ChatKind]] = {"im": "direct", "app_home": "direct", "mpim": "group"}


@dataclass(frozen=True, slots=True)
class Event:
    """One event with what its envelope says: our user in the workspace, our app, the workspace."""

    body: Object
    outer: Object
    me: str | None
    account_id: str
    threads: bool
    """Whether a reply to a message of a channel opens a thread."""

    @property
    def id(self) -> str:
        """The id of an event that is no message, the same in all repeats."""
        return "event:" + identifier(self.outer, "event_id")

    @property
    def team(self) -> str | None:
        """The workspace."""
        return string(self.outer, "team_id") or string(self.body, "team") or None


def messages_of(outer: Object, account_id: str, *, threads: bool) -> tuple[InboundMessage, ...]:
    """Return what an `event_callback` says; raises NotUnderstood."""
    body = part(outer, "event")
    event = Event(body, outer, _me(outer), account_id, threads)
    handler = _HANDLERS.get(identifier(body, "type"))
    found = handler(event) if handler else None
    return () if found is None else (found,)


def _me(outer: Object) -> str | None:
    """Our user, as the envelope names it (older ones: `authed_users`)."""
    for authorization in objects(outer, "authorizations"):
        if authorization.get("is_bot") is True and string(authorization, "user_id"):
            return string(authorization, "user_id")
    return next(iter(strings(outer, "authed_users")), None)


def _message(event: Event) -> InboundMessage | None:
    subtype = string(event.body, "subtype")
    if subtype == "message_changed":
        return _edited(event)
    if subtype not in _WRITTEN or _is_ours(event, event.body):
        return None
    ts = timestamp(event.body, "ts")
    channel = channel_of(event.body)
    return _made(event, event.body, "message", f"message:{channel}:{ts}")


def _edited(event: Event) -> InboundMessage | None:
    """Return what a message was changed to; a link that got its preview is no change."""
    message = part(event.body, "message")
    edit = part(message, "edited")
    if not edit or string(message, "subtype") not in _WRITTEN or _is_ours(event, message):
        return None
    channel, ts = channel_of(event.body), timestamp(message, "ts")
    return _made(event, message, "edited", f"edited:{channel}:{ts}:{timestamp(edit, 'ts')}")


def _is_ours(event: Event, message: Object) -> bool:
    app = string(event.outer, "api_app_id")
    own_app = bool(string(message, "bot_id")) and bool(app) and string(message, "app_id") == app
    return own_app or (event.me is not None and string(message, "user") == event.me)


def _made(event: Event, message: Object, kind: Any, event_id: str) -> InboundMessage:
    raw = string(message, "text") or _forwarded(message)
    channel, ts = channel_of(event.body), timestamp(message, "ts")
    chat_kind = kind_of_chat(string(event.body, "channel_type"), channel)
    thread, starts = thread_of(message, chat_kind, threads=event.threads)
    to_us = event.me is not None and string(message, "parent_user_id") == event.me
    return InboundMessage(
        channel=CHANNEL,
        account_id=event.account_id,
        event_id=event_id,
        kind=kind,
        chat_kind=chat_kind,
        chat_id=channel,
        to=f"channel:{channel}",
        sender=_sender(message),
        text=plain(without_address(raw, event.me)).strip(),
        sent_at_ms=milliseconds(ts),
        message_id=ts,
        thread_id=thread,
        starts_thread=starts,
        mentions_me=string(event.body, "type") == "app_mention" or mentions(raw, event.me) or to_us,
        attachments=tuple(_attachment(file) for file in objects(message, "files")),
        team_id=event.team,
    )


def _forwarded(message: Object) -> str:
    """Return what a message without a text of its own shows: one that was shared, or a card."""
    shown = objects(message, "attachments")
    return lines(string(item, "text") or string(item, "fallback") for item in shown)


def _sender(message: Object) -> Sender:
    profile = part(message, "user_profile")
    bot = string(message, "bot_id")
    return Sender(
        id=string(message, "user") or bot or identifier(message, "user"),
        name=string(profile, "real_name") or string(part(message, "bot_profile"), "name") or None,
        username=string(profile, "name") or string(message, "username") or None,
        is_bot=bool(bot) or string(message, "subtype") == "bot_message",
    )


def _attachment(file: Object) -> Attachment:
    mime = string(file, "mimetype")
    name = string(file, "name") or string(file, "title")
    url = string(file, "url_private_download") or string(file, "url_private")
    hidden = string(file, "mode") in ("tombstone", "hidden_by_limit")
    note = f"{name or 'A file'} that Slack no longer shows" if hidden else ""
    size = whole(file, "size")
    return Attachment(kind_of(mime), "" if hidden else url, mime, name, size, note)


def _reaction(event: Event) -> InboundMessage | None:
    """Return a reaction to a message of ours."""
    item = part(event.body, "item")
    if event.me is None or string(event.body, "item_user") != event.me or "ts" not in item:
        return None
    channel = channel_of(item)
    return InboundMessage(
        channel=CHANNEL,
        account_id=event.account_id,
        event_id=event.id,
        kind="reaction",
        chat_kind=kind_of_chat("", channel),
        chat_id=channel,
        to=f"channel:{channel}",
        sender=Sender(identifier(event.body, "user")),
        text=f":{identifier(event.body, 'reaction')}:",
        sent_at_ms=milliseconds(timestamp(event.body, "event_ts")),
        message_id=timestamp(item, "ts"),
        mentions_me=True,
        team_id=event.team,
    )


def _joined(event: Event) -> InboundMessage | None:
    return _membership(event, "joined") if string(event.body, "user") == event.me else None


def _left(event: Event) -> InboundMessage | None:
    return _membership(event, "left")


def _membership(event: Event, text: str) -> InboundMessage:
    channel = channel_of(event.body)
    kind = "mpim" if string(event.body, "channel_type") == "mpim" else ""
    by = string(event.body, "inviter") or string(event.body, "actor_id") or event.me or ""
    return InboundMessage(
        channel=CHANNEL,
        account_id=event.account_id,
        event_id=event.id,
        kind="membership",
        chat_kind=kind_of_chat(kind, channel),
        chat_id=channel,
        to=f"channel:{channel}",
        sender=Sender(by),
        text=text,
        sent_at_ms=1000 * (whole(event.outer, "event_time") or 0),
        team_id=event.team,
    )


_HANDLERS: Final[Mapping[str, Callable[[Event], InboundMessage | None]]] = {
    "message": _message,
    "app_mention": _message,
    "reaction_added": _reaction,
    "member_joined_channel": _joined,
    "channel_left": _left,
    "group_left": _left,
}


def channel_of(value: Object, key: str = "channel") -> str:
    """Return a conversation's id; raises NotUnderstood."""
    found = string(value, key)
    if not is_channel(found):
        raise NotUnderstood("The event names no conversation.")
    return found


def timestamp(value: Object, key: str) -> str:
    """Return a `ts`; raises NotUnderstood."""
    found = string(value, key)
    if not is_timestamp(found):
        raise NotUnderstood(f"The event's {key} is no timestamp.")
    return found


def milliseconds(ts: str) -> int:
    """Return a `ts` as Unix time in milliseconds."""
    seconds, _, fraction = ts.partition(".")
    return int(seconds) * 1000 + int(fraction.ljust(6, "0")) // 1000


def kind_of_chat(channel_type: str, channel: str) -> ChatKind:
    """Return the sort of a conversation; its id tells only direct ones from the others."""
    return _KINDS.get(channel_type, "direct" if channel.startswith("D") else "channel")


def thread_of(message: Object, chat_kind: ChatKind, *, threads: bool) -> tuple[str | None, bool]:
    """Return the thread that a reply belongs to, and whether the reply opens it."""
    root, ts = string(message, "thread_ts"), string(message, "ts")
    if root and root != ts:
        return timestamp(message, "thread_ts"), False
    if chat_kind == "direct" or not threads or not ts:
        return None, False
    # Behind a first message with replies the thread is there already, but that one is not in it.
    return timestamp(message, "ts"), True
