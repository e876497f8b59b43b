"""What signal-cli's envelopes become. The first three events are those of its manual pages."""

from __future__ import annotations

import logging
from typing import Any, Final

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from openclaw_channels.inbound import NotUnderstood
from openclaw_channels.said import Said, read_object
from openclaw_channels.signal.envelope import Recipient, read_event
from openclaw_channels.signal.targets import parse_target
from openclaw_channels.signal.words import Me
from openclaw_common.contracts.inbound import Attachment, InboundMessage
from tests.fakes.channels.signal import ACCOUNT
from tests.fakes.channels.signal_people import (
    ADA,
    ADA_ID,
    GROUP_ID,
    PLACEHOLDER,
    data,
    envelope,
    group_info,
    mention,
)

OWN_ID: Final = "bbbbbbbb-0000-4000-8000-000000000002"
RECIPIENT = Recipient(Me(ACCOUNT, OWN_ID), "default")
AT: Final = 1_700_000_001_000

MANUAL_NOTIFICATION: Final = (
    '{"jsonrpc":"2.0","method":"receive","params":{"envelope":{"source":"+33123456789",'
    '"sourceNumber":"+33123456789","sourceUuid":"uuid","sourceName":"name","sourceDevice":1,'
    '"timestamp":1631458508784,"dataMessage":{"timestamp":1631458508784,"message":"foobar",'
    '"expiresInSeconds":0,"viewOnce":false,"mentions":[],"attachments":[],"contacts":[]}}}}'
)
MANUAL_SUBSCRIPTION: Final = (
    '{"jsonrpc":"2.0","method":"receive","params":{"subscription":0,"result":{"envelope":{"source":'
    '"+33123456789","sourceNumber":"+33123456789","sourceUuid":"uuid","sourceName":"name",'
    '"sourceDevice":2,"timestamp":1693064367769,"syncMessage":{"sentMessage":{"destination":'
    '"+33123456789","destinationNumber":"+33123456789","destinationUuid":"uuid","timestamp":'
    '1693064367769,"message":"j","expiresInSeconds":0,"viewOnce":false}}},"account":'
    '"+33123456789"}}}'
)


def event(**said: Any) -> InboundMessage | None:
    return read_event(Said({"account": ACCOUNT, "envelope": envelope(AT, **said)}), RECIPIENT)


def message(text: str | None = "Hi", **fields: Any) -> InboundMessage:
    found = event(dataMessage=data(AT, text, **fields))
    assert found is not None
    return found


def test_the_notification_of_the_manual_is_a_message() -> None:
    found = read_event(read_object(MANUAL_NOTIFICATION), RECIPIENT)

    assert found is not None
    assert (found.text, found.to, found.sender.name) == ("foobar", "+33123456789", "name")
    assert (found.event_id, found.message_id) == (
        "uuid:1631458508784",
        "1631458508784:+33123456789",
    )


def test_what_the_account_sent_from_another_device_is_none() -> None:
    account = Recipient(Me("+33123456789"), "default")

    assert read_event(read_object(MANUAL_SUBSCRIPTION), account) is None


def test_the_daemon_the_container_and_its_webhook_tell_alike() -> None:
    told = {"account": ACCOUNT, "envelope": envelope(AT, dataMessage=data(AT, "Hi"))}
    posted = {"jsonrpc": "2.0", "method": "receive", "params": told}
    subscribed = {**posted, "params": {"subscription": 0, "result": told}}

    first, *others = (read_event(Said(said), RECIPIENT) for said in (told, posted, subscribed))
    assert first is not None
    assert others == [first, first]


def test_what_is_for_another_account_is_none() -> None:
    told = {"account": "+15559999999", "envelope": envelope(AT, dataMessage=data(AT, "Hi"))}

    assert read_event(Said(told), RECIPIENT) is None


@pytest.mark.parametrize(
    ("number", "uuid", "to", "username"),
    [(ADA, ADA_ID, ADA, ADA_ID), (None, ADA_ID.upper(), ADA_ID, None), (ADA, None, ADA, None)],
)
def test_a_person_is_known_by_number_else_by_id(
    number: str | None, uuid: str | None, to: str, username: str | None
) -> None:
    said = envelope(AT, number, uuid, dataMessage=data(AT, "Hi"))
    found = read_event(Said({"envelope": said}), RECIPIENT)

    assert found is not None
    assert (found.to, found.sender.id, found.sender.username) == (to, to, username)
    assert parse_target(found.to) == (found.to, None)
    assert found.event_id == f"{(uuid or to).lower()}:{AT}"


def test_a_group_is_known_by_its_id() -> None:
    found = message(groupInfo=group_info())

    assert (found.chat_kind, found.chat_id, found.chat_name) == ("group", GROUP_ID, "Team")
    assert parse_target(found.to) == (f"group:{GROUP_ID}", None)


@pytest.mark.parametrize(
    ("text", "mentions", "shown", "addressed"),
    [
        (f"{PLACEHOLDER} hi", [mention(0, ACCOUNT, OWN_ID)], f"@{ACCOUNT} hi", True),
        (f"{PLACEHOLDER} hi", [mention(0, None, OWN_ID.upper())], f"@{OWN_ID.upper()} hi", True),
        (
            f"😀{PLACEHOLDER} and {PLACEHOLDER}",
            [mention(2, ADA, ADA_ID), mention(8, ACCOUNT, OWN_ID)],
            f"😀@{ADA} and @{ACCOUNT}",
            True,
        ),
        (f"{PLACEHOLDER} hi", [mention(0, ADA, ADA_ID)], f"@{ADA} hi", False),
        (PLACEHOLDER, [mention(7, ADA, ADA_ID), mention(-1, ADA, ADA_ID)], PLACEHOLDER, False),
    ],
)
def test_mentions_become_names(
    text: str, mentions: list[dict[str, Any]], shown: str, addressed: bool
) -> None:
    found = message(text, mentions=mentions, groupInfo=group_info())

    assert (found.text, found.mentions_me) == (shown, addressed)


@pytest.mark.parametrize(
    ("author", "mine"), [({"authorNumber": ACCOUNT}, True), ({"authorUuid": ADA_ID}, False)]
)
def test_a_quote_of_the_account_addresses_it(author: dict[str, str], mine: bool) -> None:
    found = message(quote={"id": 1, "text": "Before", "attachments": [], **author})

    assert (found.reply_text, found.mentions_me) == ("Before", mine)


def test_a_quoted_picture_is_described() -> None:
    quote = {"id": 1, "author": ADA, "attachments": [{"contentType": "image/png"}]}

    assert message(quote=quote).reply_text == "[image/png]"


def test_an_edit_is_of_the_message_that_it_names() -> None:
    edit = {"targetSentTimestamp": AT - 5000, "dataMessage": data(AT, "Better")}
    found = event(editMessage=edit)

    assert found is not None
    assert (found.kind, found.text) == ("edited", "Better")
    assert found.message_id == f"{AT - 5000}:{ADA}"
    assert found.event_id == f"{ADA_ID}:{AT}"


def test_a_reaction_names_its_message_and_one_that_is_taken_back_is_none() -> None:
    reaction = {
        "emoji": "👍",
        "targetAuthorNumber": ACCOUNT,
        "targetSentTimestamp": 5,
        "isRemove": False,
    }
    found = message(None, reaction=reaction)

    assert (found.kind, found.text, found.message_id) == ("reaction", "👍", f"5:{ACCOUNT}")
    assert found.mentions_me
    assert event(dataMessage=data(AT, reaction={**reaction, "isRemove": True})) is None


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (
            {
                "attachments": [
                    {
                        "contentType": "image/jpeg",
                        "filename": "a.jpg",
                        "id": "x1.jpg",
                        "size": 9,
                        "caption": "Us",
                    }
                ]
            },
            Attachment("image", "x1.jpg", "image/jpeg", "a.jpg", 9, "Us"),
        ),
        (
            {"attachments": [{"contentType": "application/pdf", "id": "x2"}]},
            Attachment("document", "x2", "application/pdf"),
        ),
        ({"sticker": {"packId": "ab", "stickerId": 3}}, Attachment("sticker")),
        (
            {"contacts": [{"name": {"given": "Eve", "family": "X"}, "phone": [{"value": "+1"}]}]},
            Attachment("contact", note="Eve X, +1"),
        ),
    ],
)
def test_what_is_attached_is_told_with_its_kind(
    fields: dict[str, Any], expected: Attachment
) -> None:
    assert message(None, **fields).attachments == (expected,)


def test_a_poll_becomes_a_line() -> None:
    poll = {"question": "When?", "allowMultiple": False, "options": ["Now", "Later"]}

    assert message(None, pollCreate=poll).text == "[Poll: When? — Now / Later]"


@pytest.mark.parametrize(
    "said",
    [
        {"receiptMessage": {"when": AT, "isDelivery": True, "timestamps": [AT]}},
        {"typingMessage": {"action": "STARTED", "timestamp": AT}},
        {"callMessage": {"offerMessage": {"id": 1}}},
        {"storyMessage": {"allowsReplies": True}},
        {"syncMessage": {"type": "CONTACTS_SYNC"}},
        {"dataMessage": data(AT, remoteDelete={"timestamp": 5})},
        {"dataMessage": data(AT, isExpirationUpdate=True, expiresInSeconds=60)},
        {"dataMessage": data(AT, groupInfo=group_info(kind="UPDATE"))},
        {"dataMessage": data(AT, "x", pollVote={"optionIndexes": [0]})},
        {"number": ACCOUNT, "uuid": OWN_ID, "dataMessage": data(AT, "Note to self")},
        {},
    ],
)
def test_what_nobody_says_to_the_account_is_none(said: dict[str, Any]) -> None:
    assert event(**said) is None


def test_a_message_that_signal_cli_could_not_read_is_told_in_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    exception = {"message": "Untrusted identity", "type": "UntrustedIdentityException"}
    with caplog.at_level(logging.WARNING):
        told = {"account": ACCOUNT, "envelope": envelope(AT), "exception": exception}
        assert read_event(Said(told), RECIPIENT) is None

    assert "signal-cli trust" in str(vars(caplog.records[0])["why"])


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"envelope": []},
        {"envelope": {"dataMessage": {"message": "Hi"}}},
        {"envelope": {"sourceNumber": ADA, "dataMessage": {"message": "Hi"}}},
        {"envelope": {"sourceNumber": ADA, "timestamp": "1", "dataMessage": {"message": "Hi"}}},
        {"envelope": {**envelope(AT), "editMessage": {"targetSentTimestamp": 1}}},
        {"envelope": {**envelope(AT), "dataMessage": {"reaction": {"emoji": "x"}}}},
    ],
)
def test_an_event_that_lacks_what_it_must_have_is_not_understood(said: dict[str, Any]) -> None:
    with pytest.raises(NotUnderstood):
        read_event(Said(said), RECIPIENT)


_NAMES = st.sampled_from(
    [
        "account",
        "attachments",
        "author",
        "contacts",
        "dataMessage",
        "editMessage",
        "emoji",
        "exception",
        "groupId",
        "groupInfo",
        "length",
        "mentions",
        "message",
        "name",
        "params",
        "quote",
        "reaction",
        "result",
        "source",
        "sourceUuid",
        "start",
        "targetSentTimestamp",
        "timestamp",
    ]
)
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 2**40) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_NAMES, inner, max_size=6),
    max_leaves=25,
)


@given(st.dictionaries(_NAMES, _VALUES, max_size=6), st.dictionaries(_NAMES, _VALUES, max_size=6))
def test_nothing_that_a_stranger_makes_up_ends_in_another_error(
    said: dict[str, Any], made_up: dict[str, Any]
) -> None:
    body = orjson.dumps({"envelope": {**envelope(AT), **said, "dataMessage": made_up}})
    try:
        read_event(read_object(body), RECIPIENT)
    except NotUnderstood:
        return
