"""From an interaction to a message, and what Discord is answered at once.

https://docs.discord.com/developers/interactions/receiving-and-responding. A command is answered
with "thinking" (5), and the reply is put into that answer within 15 minutes by the delivery
service; a button with 6, which changes nothing, and the reply is a message of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import orjson

from openclaw_channels.base import ChannelError
from openclaw_channels.discord.messages import (
    CHANNEL,
    DIRECT,
    GROUP_DIRECT,
    Place,
    attachment_of,
    attachments_of,
    milliseconds,
    place_of,
    plain,
    sender_of,
    snowflake,
)
from openclaw_channels.discord.targets import parse_target
from openclaw_channels.inbound import Inbound, InboundAnswer, NotUnderstood
from openclaw_channels.payloads import Object, identifier, lines, objects, part, string, whole
from openclaw_common.contracts.delivery import INTERACTION
from openclaw_common.contracts.inbound import Attachment, InboundMessage

PING, COMMAND, COMPONENT, AUTOCOMPLETE, MODAL = 1, 2, 3, 4, 5
PONG: Final = 1
MESSAGE: Final = 4
THINKING: Final = 5
NOTHING_YET: Final = 6
CHOICES: Final = 8
SAY_SOMETHING: Final = "Nothing was filled in."
_USER: Final = 2
_EPHEMERAL: Final = 1 << 6
_SUBCOMMANDS: Final = frozenset({1, 2})
_RESOLVED: Final = {6: ("users", "@"), 7: ("channels", "#"), 8: ("roles", "@")}
_ATTACHMENT: Final = 11
_BOT_DIRECT: Final = 1
_MAX_DEPTH: Final = 8
_MAX_OPTIONS: Final = 100


@dataclass(frozen=True, slots=True)
class Interactions:
    """Reads for one account."""

    account_id: str

    def read(self, raw: Object) -> Inbound:
        """Return what an interaction says; raises NotUnderstood."""
        kind = whole(raw, "type")
        if kind == PING:
            return Inbound(answer=_answer(PONG))
        if kind == AUTOCOMPLETE:
            return Inbound(answer=_answer(CHOICES, {"choices": []}))
        if kind == COMMAND:
            return self._command(raw)
        if kind == COMPONENT:
            return self._component(raw)
        if kind == MODAL:
            return self._modal(raw)
        raise NotUnderstood("The body is no interaction that is known.")

    def _command(self, raw: Object) -> Inbound:
        data = part(raw, "data")
        name = identifier(data, "name")
        target = string(data, "target_id")
        asked = part(data, "resolved", "messages", target)
        attachments = list(attachments_of(asked))
        if whole(data, "type") == _USER:
            words = _resolved(data, "users", target, "@")
        else:
            words = _Options(data, attachments).text(objects(data, "options"))
        message = self._made(
            raw,
            "command",
            f"/{name} {words}".strip(),
            deferred=True,
            reply_text=plain(string(asked, "content"), asked, None),
            attachments=tuple(attachments),
        )
        return Inbound((message,), _answer(THINKING))

    def _component(self, raw: Object) -> Inbound:
        data = part(raw, "data")
        values = data.get("values")
        chosen = [v for v in values if isinstance(v, str)] if isinstance(values, list) else []
        text = ", ".join(chosen[:_MAX_OPTIONS]) or identifier(data, "custom_id")
        # Where the bot is not, it can only answer the interaction.
        deferred = not _is_there(raw)
        message = self._made(
            raw,
            "choice",
            text,
            deferred=deferred,
            reply_text=plain(string(part(raw, "message"), "content"), part(raw, "message"), None),
        )
        return Inbound((message,), _answer(THINKING if deferred else NOTHING_YET))

    def _modal(self, raw: Object) -> Inbound:
        """Return what was filled in, one field a line."""
        said = [pair for pair in _fields(part(raw, "data"), 0) if pair[1]]
        text = said[0][1] if len(said) == 1 else lines(f"{name}: {value}" for name, value in said)
        if not text:
            return Inbound(answer=_said(SAY_SOMETHING))
        message = self._made(raw, "message", text, deferred=True)
        return Inbound((message,), _answer(THINKING))

    def _made(
        self,
        raw: Object,
        kind: Any,
        text: str,
        *,
        deferred: bool,
        reply_text: str = "",
        attachments: tuple[Attachment, ...] = (),
    ) -> InboundMessage:
        interaction_id = snowflake(raw, "id")
        place = _place(raw)
        member = part(raw, "member")
        message = part(raw, "message")
        return InboundMessage(
            channel=CHANNEL,
            account_id=self.account_id,
            event_id=f"interaction:{interaction_id}",
            kind=kind,
            chat_kind=place.chat_kind,
            chat_id=place.chat,
            to=_deferred_to(raw, place) if deferred else f"channel:{place.chat}",
            sender=sender_of(part(member, "user") or part(raw, "user"), member),
            text=text,
            sent_at_ms=milliseconds(interaction_id),
            message_id=string(message, "id") or None,
            thread_id=place.thread,
            chat_name=place.name,
            mentions_me=True,
            reply_text=reply_text or None,
            attachments=attachments,
            guild_id=place.guild,
        )


def _place(raw: Object) -> Place:
    guild = string(raw, "guild_id") or None
    channel = part(raw, "channel")
    if channel:
        return place_of(channel, guild)
    kind = DIRECT if whole(raw, "context") == _BOT_DIRECT else GROUP_DIRECT
    direct = guild is None and whole(raw, "context") is None
    return Place(snowflake(raw, "channel_id"), DIRECT if direct else kind, guild)


def _is_there(raw: Object) -> bool:
    """Whether the bot can write to where it happened; installed for a user alone it cannot."""
    owners = raw.get("authorizing_integration_owners")
    if not isinstance(owners, dict) or whole(raw, "context") == _BOT_DIRECT:
        return True
    return "0" in owners


def _deferred_to(raw: Object, place: Place) -> str:
    to = f"{INTERACTION}:{snowflake(raw, 'application_id')}:{identifier(raw, 'token')}"
    if _is_there(raw):
        to = f"{to}:{place.id}"
    try:
        return parse_target(to)[0]
    except ChannelError:
        raise NotUnderstood("The interaction's token is none of Discord's.") from None


class _Options:
    """Writes a command's options as words."""

    def __init__(self, data: Object, attachments: list[Attachment]) -> None:
        self._data = data
        self._attachments = attachments

    def text(self, options: list[Object], depth: int = 0) -> str:
        """Return subcommands and values; several values each behind their name."""
        if depth > _MAX_DEPTH:
            raise NotUnderstood("The command's options are nested too deeply.")
        words: list[str] = []
        values: list[tuple[str, str]] = []
        for option in options[:_MAX_OPTIONS]:
            if whole(option, "type") in _SUBCOMMANDS:
                inner = self.text(objects(option, "options"), depth + 1)
                words += [identifier(option, "name"), inner]
            else:
                values.append((identifier(option, "name"), self._value(option)))
        said = [(name, value) for name, value in values if value]
        shown = [value if len(said) == 1 else f"{name}: {value}" for name, value in said]
        return " ".join(word for word in [*words, *shown] if word)

    def _value(self, option: Object) -> str:
        value, kind = option.get("value"), whole(option, "type") or 0
        if isinstance(value, bool):
            return "true" if value else "false"
        if not isinstance(value, str):
            return str(value) if isinstance(value, (int, float)) else ""
        if kind == _ATTACHMENT:
            file = part(self._data, "resolved", "attachments", value)
            self._attachments.append(attachment_of(file))
            return ""
        if kind in _RESOLVED:
            return _resolved(self._data, _RESOLVED[kind][0], value, _RESOLVED[kind][1])
        return string(option, "value")


def _resolved(data: Object, what: str, key: str, sign: str) -> str:
    found = part(data, "resolved", what, key)
    name = string(found, "global_name") or string(found, "username") or string(found, "name")
    return sign + (name or key)


def _fields(value: Object, depth: int) -> Iterator[tuple[str, str]]:
    """Yield each field of a modal by its id, whatever it is laid out in."""
    if depth > _MAX_DEPTH:
        raise NotUnderstood("The modal is nested too deeply.")
    inner = [*objects(value, "components"), part(value, "component")]
    for component in inner[:_MAX_OPTIONS]:
        chosen = component.get("values")
        texts = [v for v in chosen if isinstance(v, str)] if isinstance(chosen, list) else []
        yield string(component, "custom_id"), string(component, "value") or ", ".join(texts)
        yield from _fields(component, depth + 1) if component else ()


def _said(text: str) -> InboundAnswer:
    """Return an answer that only who asked sees."""
    return _answer(MESSAGE, {"content": text, "flags": _EPHEMERAL})


def _answer(kind: int, data: Any = None) -> InboundAnswer:
    body = {"type": kind} if data is None else {"type": kind, "data": data}
    return InboundAnswer(body=orjson.dumps(body), content_type="application/json")
