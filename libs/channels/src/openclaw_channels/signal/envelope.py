"""What signal-cli tells of one envelope, read into an InboundMessage.

The JSON is that of signal-cli's records (src/main/java/org/asamk/signal/json/JsonMessageEnvelope,
JsonDataMessage), which its daemon, the REST container and the container's webhook share. What is
left alone: receipts, typing, calls, stories, what the account's other devices sent
(`syncMessage`), and of messages those that only delete, pin, vote, pay or change a group or a
timer.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import Final

from openclaw_channels.inbound import NotUnderstood
from openclaw_channels.said import Said
from openclaw_channels.signal.attached import read_attachments, read_lines
from openclaw_channels.signal.targets import GROUP
from openclaw_channels.signal.words import Me, read_text
from openclaw_common.contracts.inbound import InboundKind, InboundMessage, Sender

logger = logging.getLogger(__name__)

_UNTRUSTED: Final = "UntrustedIdentityException"
_NO_WORDS: Final = (
    "remoteDelete",
    "adminDelete",
    "payment",
    "pollVote",
    "pollTerminate",
    "pinMessage",
    "unpinMessage",
)


@dataclass(frozen=True, slots=True)
class Recipient:
    """Whose envelopes are read: the Signal account, and its name in the configuration."""

    me: Me
    account_id: str


@dataclass(frozen=True, slots=True)
class _Envelope:
    """Where and when an envelope came from. `source` is the id that all ways show alike."""

    said: Said
    recipient: Recipient
    sender: Sender
    source: str
    timestamp: int

    def event(self, kind: InboundKind, data: Said, text: str, message_id: str) -> InboundMessage:
        group = data.part("groupInfo")
        group_id = group.text("groupId") if group is not None else ""
        to = GROUP + group_id if group_id else self.sender.id
        arrived = self.said.whole("serverReceivedTimestamp") or 0
        return InboundMessage(
            channel="signal",
            account_id=self.recipient.account_id,
            event_id=f"{self.source}:{self.timestamp}",
            kind=kind,
            chat_kind="group" if group_id else "direct",
            chat_id=group_id or self.sender.id,
            to=to,
            sender=self.sender,
            text=text,
            sent_at_ms=arrived if arrived > 0 else self.timestamp,
            message_id=message_id,
            chat_name=(group.text("groupName") or None) if group is not None else None,
        )


def read_event(said: Said, recipient: Recipient) -> InboundMessage | None:
    """Return what one notification says to the account, None where that is nothing.

    Takes the bare `{"envelope", "account"}`, and the JSON-RPC notifications it may be in. Raises
    NotUnderstood.
    """
    body = _unwrapped(said)
    account = body.text("account")
    if account and not recipient.me.is_called(account):
        return None
    envelope = body.part("envelope")
    if envelope is None:
        if body.has("exception") or body.has("error"):
            _complain(body)
            return None
        raise NotUnderstood("The event has no envelope.")
    if body.has("exception"):
        _complain(body)
    return _read_envelope(envelope, recipient)


def _unwrapped(said: Said) -> Said:
    inner = said.part("params") or said
    return inner.part("result") or inner


def _read_envelope(said: Said, recipient: Recipient) -> InboundMessage | None:
    data, edit = said.part("dataMessage"), said.part("editMessage")
    if data is None and edit is None:
        return None
    envelope = _opened(said, recipient)
    if recipient.me.is_called(envelope.source) or recipient.me.is_called(envelope.sender.id):
        return None
    if edit is not None:
        return _edited(envelope, edit)
    return _data(envelope, data) if data is not None else None


def _opened(said: Said, recipient: Recipient) -> _Envelope:
    number, uuid = said.text("sourceNumber"), said.text("sourceUuid").lower()
    source = said.text("source")
    if source.startswith("+"):
        number = number or source
    else:
        uuid = uuid or source.lower()
    timestamp = said.whole("timestamp")
    if timestamp is None or not (number or uuid):
        raise NotUnderstood("The envelope lacks its timestamp or its source.")
    sender = Sender(
        id=number or uuid,
        name=said.text("sourceName") or None,
        username=(uuid or None) if number else None,
    )
    return _Envelope(said, recipient, sender, uuid or number, timestamp)


def _data(envelope: _Envelope, data: Said) -> InboundMessage | None:
    reaction = data.part("reaction")
    if reaction is not None:
        return _reaction(envelope, data, reaction)
    if any(data.has(name) for name in _NO_WORDS):
        return None
    return _message(envelope, "message", data, envelope.timestamp)


def _edited(envelope: _Envelope, edit: Said) -> InboundMessage | None:
    data, target = edit.part("dataMessage"), edit.whole("targetSentTimestamp")
    if data is None or target is None:
        raise NotUnderstood("An editMessage lacks its message or what it edits.")
    return _message(envelope, "edited", data, target)


def _message(
    envelope: _Envelope, kind: InboundKind, data: Said, number: int
) -> InboundMessage | None:
    me = envelope.recipient.me
    words = read_text(data, "message", me)
    attachments = read_attachments(data)
    text = "\n".join(filter(None, (words.text, *read_lines(data))))
    if not text and not attachments:
        return None
    quote = data.part("quote")
    event = envelope.event(kind, data, text, f"{number}:{envelope.sender.id}")
    return replace(
        event,
        attachments=attachments,
        mentions_me=words.mentions_me or _is_mine(quote, me),
        reply_text=_quoted(quote, me),
    )


def _reaction(envelope: _Envelope, data: Said, reaction: Said) -> InboundMessage | None:
    """Read an emoji that somebody puts to a message, None where it is taken back."""
    emoji, target = reaction.text("emoji"), reaction.whole("targetSentTimestamp")
    if reaction.flag("isRemove"):
        return None
    if not emoji or target is None:
        raise NotUnderstood("A reaction lacks its emoji or its target.")
    names = _names(reaction, "targetAuthor")
    number = f"{target}:{names[0]}" if names else str(target)
    event = envelope.event("reaction", data, emoji, number)
    return replace(event, mentions_me=any(map(envelope.recipient.me.is_called, names)))


def _names(said: Said, field: str) -> list[str]:
    """Return the number, the id and what older versions had in their place, as far as known."""
    names = (said.text(f"{field}Number"), said.text(f"{field}Uuid"), said.text(field))
    return [name for name in names if name]


def _is_mine(quote: Said | None, me: Me) -> bool:
    return quote is not None and any(map(me.is_called, _names(quote, "author")))


def _quoted(quote: Said | None, me: Me) -> str | None:
    if quote is None:
        return None
    kinds = (item.text("contentType") for item in quote.parts("attachments"))
    shown = (read_text(quote, "text", me).text, *(f"[{kind or 'file'}]" for kind in kinds))
    return "\n".join(filter(None, shown)) or None


def _complain(body: Said) -> None:
    """Say in the log that a message could not be read; what it said is known to nobody."""
    exception = body.part("exception") or body
    kind = exception.text("type")
    advice = ""
    if kind == _UNTRUSTED:
        advice = "; trust the sender's new key with signal-cli trust, and it comes again"
    text = exception.text("message") or body.text("error")
    logger.warning("signal_message_unreadable", extra={"why": f"{kind} {text}{advice}"})
