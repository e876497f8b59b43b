"""From slash commands and interactivity to messages.

https://docs.slack.dev/interactivity/implementing-slash-commands and
…/reference/interaction-payloads. What is said in a place that the app may not be a member of is
answered through the `response_url`; a button stands on a message of ours, so it is answered there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson

from openclaw_channels.inbound import Inbound, InboundAnswer
from openclaw_channels.payloads import Object, identifier, lines, objects, part, string
from openclaw_channels.slack.events import (
    CHANNEL,
    channel_of,
    kind_of_chat,
    milliseconds,
    thread_of,
)
from openclaw_channels.slack.plain import plain
from openclaw_channels.slack.settings import SlackInboundSettings
from openclaw_channels.slack.targets import interaction, is_channel, is_timestamp
from openclaw_common.contracts.delivery import INTERACTION
from openclaw_common.contracts.inbound import InboundMessage, Sender

SAY_SOMETHING: Final = "Write what you want to say behind the command."
_MAX_VALUES: Final = 100


@dataclass(frozen=True, slots=True)
class Forms:
    """Reads for one account."""

    account_id: str
    settings: SlackInboundSettings

    def command(self, form: Object, now_ms: int) -> Inbound:
        """Return what a slash command says; raises NotUnderstood."""
        command = identifier(form, "command").lstrip("/")
        words = plain(string(form, "text")).strip()
        if not words and command == self.settings.slash_command.name.lstrip("/"):
            return Inbound(answer=_json({"response_type": "ephemeral", "text": SAY_SOMETHING}))
        channel, user = channel_of(form, "channel_id"), identifier(form, "user_id")
        name = string(form, "channel_name")
        group = "mpim" if name.startswith("mpdm-") else ""
        message = InboundMessage(
            channel=CHANNEL,
            account_id=self.account_id,
            event_id="command:" + identifier(form, "trigger_id"),
            kind="command",
            chat_kind=kind_of_chat(group, channel),
            chat_id=channel,
            to=self._answer_to(string(form, "response_url"), channel, user),
            sender=Sender(user, username=string(form, "user_name") or None),
            text=f"/{command} {words}".strip(),
            sent_at_ms=now_ms,
            chat_name=name or None,
            mentions_me=True,
            team_id=string(form, "team_id") or None,
        )
        return Inbound((message,))

    def interaction(self, payload: Object, now_ms: int) -> Inbound:
        """Return what an interactivity payload says; raises NotUnderstood."""
        kind = identifier(payload, "type")
        if kind == "block_suggestion":
            return Inbound(answer=_json({"options": []}))
        make = _INTERACTIONS.get(kind)
        found = make(self, payload, now_ms) if make else None
        return Inbound(() if found is None else (found,))

    def _choice(self, payload: Object, now_ms: int) -> InboundMessage | None:
        """Return what was chosen among a message's buttons and menus."""
        actions = objects(payload, "actions")
        text = ", ".join(value for action in actions for value in _values(action))
        if not text:
            return None
        at = next((ts for a in actions if is_timestamp(ts := string(a, "action_ts"))), None)
        message = part(payload, "message") or part(payload, "original_message")
        return self._made(
            payload,
            kind="choice",
            text=text,
            at_ms=milliseconds(at) if at else now_ms,
            message=message,
        )

    def _message_shortcut(self, payload: Object, now_ms: int) -> InboundMessage:
        """Return what was asked of a message from its menu; the app may not be where it stands."""
        return self._made(
            payload,
            kind="command",
            text="/" + identifier(payload, "callback_id"),
            at_ms=now_ms,
            message=part(payload, "message"),
            answered=True,
        )

    def _shortcut(self, payload: Object, now_ms: int) -> InboundMessage:
        text = "/" + identifier(payload, "callback_id")
        return self._made(payload, kind="command", text=text, at_ms=now_ms, message={})

    def _submission(self, payload: Object, now_ms: int) -> InboundMessage | None:
        """Return what was filled in, one field a line."""
        view = part(payload, "view")
        labels = {string(b, "block_id"): _label(b) for b in objects(view, "blocks")}
        values = part(view, "state", "values")
        fields = {
            block: ", ".join(
                value for action in _objects(part(values, block)) for value in _values(action)
            )
            for block in list(values)[:_MAX_VALUES]
        }
        said = [(labels.get(block) or block, value) for block, value in fields.items() if value]
        text = said[0][1] if len(said) == 1 else lines(f"{name}: {value}" for name, value in said)
        if not text:
            return None
        return self._made(payload, kind="message", text=text, at_ms=now_ms, message={})

    def _made(
        self,
        payload: Object,
        *,
        kind: Any,
        text: str,
        at_ms: int,
        message: Object,
        answered: bool = False,
    ) -> InboundMessage:
        user = part(payload, "user")
        who = identifier(user, "id")
        channel = _place(payload)
        chat_kind = kind_of_chat("", channel) if channel else "direct"
        threads = self.settings.reply_to_mode == "all"
        thread, starts = thread_of(message, chat_kind, threads=threads)
        to = f"channel:{channel}" if channel else f"user:{who}"
        if answered and channel:
            to = self._answer_to(string(payload, "response_url"), channel, who)
        return InboundMessage(
            channel=CHANNEL,
            account_id=self.account_id,
            event_id=f"{kind}:{_trigger(payload)}",
            kind=kind,
            chat_kind=chat_kind,
            chat_id=channel or who,
            to=to,
            sender=Sender(who, username=string(user, "username") or string(user, "name") or None),
            text=text,
            sent_at_ms=at_ms,
            message_id=string(message, "ts") or None,
            thread_id=thread,
            starts_thread=starts,
            chat_name=string(part(payload, "channel"), "name") or None,
            mentions_me=True,
            reply_text=plain(string(message, "text")) or None,
            team_id=string(part(payload, "team"), "id") or string(user, "team_id") or None,
        )

    def _answer_to(self, response_url: str, channel: str, user: str) -> str:
        """Return the address of an answer; a URL that is not Slack's is never asked."""
        root = self.settings.hooks_root + "/"
        to = f"{INTERACTION}:{channel}/{user}:{response_url.removeprefix(root)}"
        known = response_url.startswith(root) and interaction(to) is not None
        return to if known else f"channel:{channel}"


_INTERACTIONS: Final[Mapping[str, Callable[[Forms, Object, int], InboundMessage | None]]] = {
    "block_actions": Forms._choice,
    "interactive_message": Forms._choice,
    "message_action": Forms._message_shortcut,
    "shortcut": Forms._shortcut,
    "view_submission": Forms._submission,
}


def _place(payload: Object) -> str:
    """Return the conversation in which it happened; empty in a view."""
    container, urls = part(payload, "container"), objects(payload, "response_urls")
    named = [string(part(payload, "channel"), "id"), string(container, "channel_id")]
    named += [string(url, "channel_id") for url in urls]
    return next((channel for channel in named if is_channel(channel)), "")


def _trigger(payload: Object) -> str:
    """Return what no two interactions share."""
    view = part(payload, "view")
    if "trigger_id" not in payload and view:
        return f"{identifier(view, 'id')}:{string(view, 'hash')}"
    return identifier(payload, "trigger_id")


def _label(block: Object) -> str:
    return string(part(block, "label"), "text")


def _objects(value: Object) -> list[Object]:
    return [item for item in list(value.values())[:_MAX_VALUES] if isinstance(item, dict)]


_SINGLE: Final = (
    "value",
    "selected_user",
    "selected_conversation",
    "selected_channel",
    "selected_date",
    "selected_time",
)


def _values(action: Object) -> Iterator[str]:
    """Yield what one element says: a button's value, the chosen options, what was typed."""
    single = next((text for key in _SINGLE if (text := string(action, key))), "")
    if single:
        yield single
        return
    chosen = [part(action, "selected_option"), *objects(action, "selected_options")]
    yield from (value for option in chosen if (value := string(option, "value")))
    if string(action, "type") == "button":
        yield string(part(action, "text"), "text") or string(action, "action_id")


def _json(value: Any) -> InboundAnswer:
    return InboundAnswer(body=orjson.dumps(value), content_type="application/json")
