"""What Slack posts: checked as its own SDK checks it, and read as it is documented."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from slack_sdk.signature import SignatureVerifier

from openclaw_channels.base import ChannelError
from openclaw_channels.inbound import (
    Inbound,
    InboundRequest,
    NotAuthentic,
    NotUnderstood,
    WebhookReader,
)
from openclaw_channels.slack import PLUGIN
from openclaw_channels.slack.webhook import signature
from openclaw_common.contracts.inbound import InboundMessage
from tests.fakes.channels.slack_events import FORM, SIGNING_SECRET, signed
from tests.integration.channels.hostile import json_values
from tests.integration.channels.slack_examples import COMMAND, EVENTS, INTERACTIONS
from tests.integration.channels.trials import account

NOW = 1_700_000_000.0
JSON = "application/json"


def reader(**settings: object) -> WebhookReader:
    own = account("slack", **{"signingSecret": SIGNING_SECRET, **settings})
    return PLUGIN.webhooks[0].reader(own)


def request(
    body: bytes, kind: str = JSON, at_s: float = NOW, more: Mapping[str, str] | None = None
) -> InboundRequest:
    headers = {name.lower(): value for name, value in signed(body, kind, at_s).items()}
    return InboundRequest({**headers, **(more or {})}, body, NOW)


def read(payload: Any, **settings: object) -> Inbound:
    body = orjson.dumps(payload)
    return reader(**settings).read(request(body))


def form(fields: dict[str, str], **settings: object) -> Inbound:
    return reader(**settings).read(request(urlencode(fields).encode(), FORM))


def only(inbound: Inbound) -> InboundMessage:
    (message,) = inbound.messages
    return message


def event(body: dict[str, Any], **outer: Any) -> dict[str, Any]:
    return {
        "type": "event_callback",
        "team_id": "T00000001",
        "api_app_id": "A00000001",
        "event_id": "Ev01",
        "event_time": 1_700_000_000,
        "authorizations": [{"user_id": "UBOT00001", "is_bot": True}],
        "event": body,
        **outer,
    }


def message(text: str, channel: str = "C00000001", **fields: Any) -> dict[str, Any]:
    return {
        "type": "message",
        "channel": channel,
        "channel_type": "channel",
        "user": "U00000001",
        "text": text,
        "ts": "1700000000.000100",
        **fields,
    }


class TestSignatures:
    def test_ours_is_what_the_official_sdk_makes_and_takes(self) -> None:
        body, now = b'{"type":"x"}', str(int(time.time()))
        made = signature(SIGNING_SECRET, now, body)
        verifier = SignatureVerifier(SIGNING_SECRET)
        assert made == verifier.generate_signature(timestamp=now, body=body)
        assert verifier.is_valid(body, now, made)
        headers = signed(body, JSON)
        assert verifier.is_valid_request(body, {k.lower(): v for k, v in headers.items()})

    @pytest.mark.parametrize("late", [-299, 0, 299])
    def test_a_signed_request_within_five_minutes_is_authentic(self, late: int) -> None:
        reader().verify(request(b"{}", at_s=NOW - late))

    @pytest.mark.parametrize(
        "headers",
        [
            {"x-slack-signature": ""},
            {"x-slack-signature": "v0=" + "0" * 64},
            {"x-slack-signature": "v0=\u00e9"},
            {"x-slack-request-timestamp": ""},
            {"x-slack-request-timestamp": "now"},
            {"x-slack-request-timestamp": "\u0661"},
            {"x-slack-request-timestamp": str(int(NOW) + 1)},
        ],
    )
    def test_what_is_missing_wrong_or_malformed_is_not(self, headers: dict[str, str]) -> None:
        with pytest.raises(NotAuthentic):
            reader().verify(request(b"{}", more=headers))

    @pytest.mark.parametrize("late", [-301, 301])
    def test_what_is_stale_is_not(self, late: int) -> None:
        with pytest.raises(NotAuthentic, match="too old"):
            reader().verify(request(b"{}", at_s=NOW - late))

    def test_a_changed_body_is_not(self) -> None:
        came = request(b'{"a":1}')
        with pytest.raises(NotAuthentic):
            reader().verify(InboundRequest(came.headers, b'{"a":2}', NOW))

    def test_without_a_secret_there_is_no_route_and_it_says_so(self) -> None:
        with pytest.raises(ChannelError, match="signingSecret"):
            PLUGIN.webhooks[0].reader(account("slack", botToken="xoxb-1"))

    def test_no_repr_holds_the_secret(self) -> None:
        assert SIGNING_SECRET not in repr(reader())


class TestEvents:
    def test_the_challenge_is_answered(self) -> None:
        answer = read({"type": "url_verification", "challenge": "3eZbrw1aB", "token": "t"}).answer
        assert orjson.loads(answer.body) == {"challenge": "3eZbrw1aB"}

    @pytest.mark.parametrize("name", EVENTS)
    def test_the_documented_examples_are_read(self, name: str) -> None:
        payload, expected = EVENTS[name]
        inbound = read(payload)
        assert inbound.answer.body == b'{"ok":true}'
        facts = [(m.kind, m.text, m.chat_id, m.mentions_me) for m in inbound.messages]
        assert facts == expected

    def test_a_message_of_a_channel_opens_a_thread(self) -> None:
        said = only(read(event(message("hello"))))
        assert (said.chat_kind, said.chat_id, said.to) == (
            "channel",
            "C00000001",
            "channel:C00000001",
        )
        assert (said.thread_id, said.starts_thread) == ("1700000000.000100", True)
        assert (said.sent_at_ms, said.team_id) == (1_700_000_000_000, "T00000001")
        quiet = only(read(event(message("hello")), replyToMode="off"))
        assert (quiet.thread_id, quiet.starts_thread) == (None, False)

    def test_a_reply_belongs_to_its_thread_and_one_to_us_is_a_mention(self) -> None:
        fields = {"thread_ts": "1699999999.000100", "parent_user_id": "UBOT00001"}
        said = only(read(event(message("hello", **fields))))
        assert (said.thread_id, said.starts_thread) == ("1699999999.000100", False)
        assert said.mentions_me

    @pytest.mark.parametrize(
        ("channel", "channel_type", "kind"),
        [
            ("D00000001", "im", "direct"),
            ("G00000001", "mpim", "group"),
            ("C00000009", "mpim", "group"),
            ("G00000002", "group", "channel"),
        ],
    )
    def test_conversations_are_told_apart(self, channel: str, channel_type: str, kind: str) -> None:
        said = only(read(event(message("hi", channel, channel_type=channel_type))))
        assert said.chat_kind == kind
        assert (said.thread_id is None) == (kind == "direct")

    def test_a_mention_comes_twice_and_is_one_event(self) -> None:
        text = "<@UBOT00001> what is &lt;this&gt;?"
        plain = only(read(event(message(text))))
        mention = only(read(event({**message(text), "type": "app_mention"}, event_id="Ev02")))
        assert plain.event_id == mention.event_id
        assert (plain.text, plain.mentions_me) == ("what is <this>?", True)

    @pytest.mark.parametrize("subtype", ["file_share", "thread_broadcast", "me_message"])
    def test_subtypes_in_which_somebody_speaks_are_messages(self, subtype: str) -> None:
        assert only(read(event(message("hi", subtype=subtype)))).kind == "message"

    @pytest.mark.parametrize(
        "body",
        [
            message("joined", subtype="channel_join"),
            message("", subtype="message_deleted"),
            message("ours", user="UBOT00001"),
            message("ours", bot_id="B1", app_id="A00000001"),
            {"type": "app_home_opened", "user": "U1", "channel": "D1"},
            {"type": "member_joined_channel", "user": "U00000001", "channel": "C00000001"},
        ],
    )
    def test_what_nobody_said_and_what_we_said_is_no_message(self, body: dict[str, Any]) -> None:
        assert read(event(body)).messages == ()

    def test_other_bots_are_told_from_people(self) -> None:
        said = only(read(event(message("hi", subtype="bot_message", bot_id="B99", user=None))))
        assert (said.sender.id, said.sender.is_bot) == ("B99", True)

    def test_an_edit_is_one_only_where_somebody_edited(self) -> None:
        changed = {**message("new"), "edited": {"user": "U1", "ts": "1700000001.000000"}}
        outer = {**message(""), "subtype": "message_changed", "message": changed}
        edited = only(read(event(outer)))
        assert (edited.kind, edited.text, edited.message_id) == (
            "edited",
            "new",
            "1700000000.000100",
        )
        assert read(event({**outer, "message": message("new")})).messages == ()

    def test_files_are_attachments(self) -> None:
        file = {"name": "a.png", "mimetype": "image/png", "size": 4, "url_private": "https://f/a"}
        gone = {"name": "old.txt", "mode": "hidden_by_limit", "url_private": "https://f/b"}
        shown, hidden = only(read(event(message("", files=[file, gone])))).attachments
        assert (shown.kind, shown.reference, shown.size) == ("image", "https://f/a", 4)
        assert hidden.reference == ""
        assert "no longer shows" in hidden.note

    def test_a_reaction_to_us_and_an_invitation_are_told(self) -> None:
        item = {"type": "message", "channel": "C00000001", "ts": "1700000000.000100"}
        reaction = {"type": "reaction_added", "user": "U1", "reaction": "thumbsup"}
        told = {**reaction, "item": item, "event_ts": "1700000002.000000"}
        ours = only(read(event({**told, "item_user": "UBOT00001"})))
        assert (ours.kind, ours.text) == ("reaction", ":thumbsup:")
        assert read(event({**told, "item_user": "U00000002"})).messages == ()
        joined = {"type": "member_joined_channel", "user": "UBOT00001", "channel": "C00000001"}
        assert only(read(event({**joined, "inviter": "U1"}))).text == "joined"


class TestForms:
    def test_the_documented_command_is_read(self) -> None:
        said = only(form(COMMAND))
        assert (said.kind, said.text) == ("command", "/weather 94070")
        assert said.to == "interaction:C2147483705/U2147483697:commands/1234/5678"
        assert (said.sender.id, said.sender.username) == ("U2147483697", "Steve")

    def test_a_response_url_that_is_not_slacks_is_not_asked(self) -> None:
        for url in (
            "https://evil.test/commands/1/2",
            "https://hooks.slack.com.evil.test/commands/1",
        ):
            assert only(form({**COMMAND, "response_url": url})).to == "channel:C2147483705"

    def test_a_command_without_words_says_how_it_is_used(self) -> None:
        inbound = form({**COMMAND, "command": "/openclaw", "text": ""})
        assert inbound.messages == ()
        assert orjson.loads(inbound.answer.body)["response_type"] == "ephemeral"

    @pytest.mark.parametrize("name", INTERACTIONS)
    def test_the_documented_interactions_are_read(self, name: str) -> None:
        payload, expected = INTERACTIONS[name]
        inbound = form({"payload": orjson.dumps(payload).decode()})
        facts = [(m.kind, m.text, m.to) for m in inbound.messages]
        assert facts == expected

    def test_what_was_filled_in_is_a_line_a_field(self) -> None:
        values = {
            "name": {"a": {"type": "plain_text_input", "value": "Ann"}},
            "size": {"b": {"type": "static_select", "selected_option": {"value": "XL"}}},
        }
        blocks = [{"block_id": "name", "label": {"type": "plain_text", "text": "Your name"}}]
        view = {"id": "V1", "hash": "1.a", "state": {"values": values}, "blocks": blocks}
        payload = {"type": "view_submission", "user": {"id": "U00000001"}, "view": view}
        said = only(form({"payload": orjson.dumps(payload).decode()}))
        assert said.text == "Your name: Ann\nsize: XL"
        assert (said.chat_kind, said.to) == ("direct", "user:U00000001")

    def test_a_menu_that_asks_for_options_gets_none(self) -> None:
        payload = {"type": "block_suggestion", "value": "x"}
        answer = form({"payload": orjson.dumps(payload).decode()}).answer
        assert orjson.loads(answer.body) == {"options": []}

    def test_the_check_of_the_certificate_is_answered(self) -> None:
        assert form({"ssl_check": "1", "token": "x"}) == Inbound()


class TestHostility:
    @pytest.mark.parametrize("body", [b"", b"[]", b"nul", b'{"type":', b"\xff", b"[" * 100_000])
    def test_what_is_no_object_is_not_understood(self, body: bytes) -> None:
        with pytest.raises(NotUnderstood):
            reader().read(request(body))

    @given(
        json_values(
            "type event channel ts user text files message edited "
            "payload actions view state values trigger_id"
        ),
        st.sampled_from(["message", "app_mention", "reaction_added", "block_actions"]),
    )
    def test_no_payload_is_a_traceback(self, inner: Any, kind: str) -> None:
        body = inner if isinstance(inner, dict) else {"x": inner}
        for payload in (event({"type": kind, **body}), {**body, "type": kind}, body):
            body_text = json.dumps(payload)
            form_text = urlencode({"payload": body_text})
            for came in (request(body_text.encode()), request(form_text.encode(), FORM)):
                try:
                    reader().read(came)
                except NotUnderstood:
                    continue
