"""Whom a Telegram message addresses, what else it holds, and what strangers may put into it."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from openclaw_channels.inbound import NotUnderstood
from openclaw_channels.said import Said, read_object
from openclaw_channels.telegram.message import Recipient, read_message
from openclaw_channels.telegram.updates import LEFT_ALONE, READ, read_update
from openclaw_channels.telegram.words import Me
from openclaw_common.contracts.inbound import Attachment, InboundMessage
from tests.fakes.channels.telegram_people import (
    BOT_ID,
    BOT_NAME,
    bot,
    entity,
    group,
    message,
    private,
    user,
)

ME = Me(BOT_ID, BOT_NAME)


def said(me: Me = ME, **fields: Any) -> InboundMessage:
    found = read_message(
        Said(message(5, group(), user(42), **fields)), Recipient(me, "default"), kind="message"
    )
    assert found is not None
    return found


def spoken(kind: str, text: str, piece: str, me: Me = ME, **fields: Any) -> InboundMessage:
    return said(me, text=text, entities=[entity(kind, text, piece, **fields)])


@pytest.mark.parametrize(
    ("found", "addressed", "text"),
    [
        (spoken("mention", f"😀 @{BOT_NAME.title()} hi", f"@{BOT_NAME.title()}"), True, None),
        (spoken("mention", "@ada hi", "@ada"), False, None),
        (spoken("text_mention", "OpenClaw hi", "OpenClaw", user=bot()), True, None),
        (spoken("text_mention", "Ada hi", "Ada", user=user(7)), False, None),
        (spoken("bot_command", "/status now", "/status"), True, "/status now"),
        (spoken("bot_command", f"/new@{BOT_NAME} x", f"/new@{BOT_NAME}"), True, "/new x"),
        (spoken("bot_command", "/new@other_bot x", "/new@other_bot"), False, "/new@other_bot x"),
        (spoken("bot_command", "say /new", "/new"), False, "say /new"),
        (spoken("bot_command", "/new@some_bot", "/new@some_bot", Me(BOT_ID)), False, "/new"),
        (spoken("mention", "@ada", "@ada", Me(BOT_ID)), False, None),
        (said(text="Hi", reply_to_message=message(3, group(), bot(), text="Yes?")), True, "Hi"),
        (said(text="Hi", reply_to_message=message(3, group(), user(7), text="Y")), False, "Hi"),
    ],
)
def test_a_message_is_addressed_by_name_by_command_or_by_an_answer(
    found: InboundMessage, addressed: bool, text: str | None
) -> None:
    assert found.mentions_me is addressed
    assert text is None or found.text == text


def test_the_address_of_a_link_is_written_out() -> None:
    text = "😀 see here and there"
    entities = [
        entity("text_link", text, "here", url="https://a.example"),
        entity("text_link", text, "there", url="https://b.example"),
    ]

    expected = "😀 see [here](https://a.example) and [there](https://b.example)"
    assert said(text=text, entities=entities).text == expected


def test_entities_that_lie_over_each_other_or_outside_change_nothing() -> None:
    text = "/new@openclaw_test_bot"
    link = entity("text_link", text, text, url="https://a.example")
    outside = {"type": "text_link", "offset": 5, "length": 500, "url": "https://b.example"}
    found = said(text=text, entities=[link, entity("bot_command", text, "new"), outside])

    assert found.text in (f"[{text}](https://a.example)", text)


@pytest.mark.parametrize(
    ("origin", "line"),
    [
        ({"type": "user", "date": 1, "sender_user": user(7, "Eve")}, "Eve"),
        ({"type": "hidden_user", "date": 1, "sender_user_name": "Mallory"}, "Mallory"),
        ({"type": "chat", "date": 1, "sender_chat": group(-7, "Shop")}, "Shop"),
        ({"type": "channel", "date": 1, "chat": group(-8, "News"), "message_id": 3}, "News"),
    ],
)
def test_a_forwarded_message_says_whose_words_it_has(origin: dict[str, Any], line: str) -> None:
    assert said(text="Hi", forward_origin=origin).text == f"[Forwarded from {line}]\nHi"


def test_a_quoted_part_counts_more_than_the_whole_message() -> None:
    answered = message(3, group(), user(7), text="One. Two.")
    found = said(text="Why?", reply_to_message=answered, quote={"text": "Two.", "position": 5})

    assert found.reply_text == "Two."


def test_an_answered_file_is_described() -> None:
    answered = message(3, group(), user(7), voice={"file_id": "f", "duration": 5})

    assert said(text="Hm?", reply_to_message=answered).reply_text == "[audio: voice message, 5 s]"


PHOTOS = [
    {"file_id": "small", "width": 90, "height": 60, "file_size": 1000},
    {"file_id": "large", "width": 900, "height": 600, "file_size": 90000},
]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"photo": PHOTOS}, Attachment("image", "large", "image/jpeg", size=90000)),
        (
            {"document": {"file_id": "f", "mime_type": "image/png", "file_name": "a.png"}},
            Attachment("image", "f", "image/png", "a.png"),
        ),
        (
            {"animation": {"file_id": "f"}, "document": {"file_id": "f"}},
            Attachment("video", "f", "video/mp4"),
        ),
        (
            {"video_note": {"file_id": "f", "duration": 3}},
            Attachment("video", "f", "video/mp4", note="video message, 3 s"),
        ),
        (
            {"audio": {"file_id": "f", "performer": "Ada", "title": "Song", "duration": 200}},
            Attachment("audio", "f", "audio/mpeg", note="Ada, Song, 200 s"),
        ),
        (
            {"sticker": {"file_id": "f", "emoji": "😀", "is_video": True}},
            Attachment("sticker", "f", "video/webm", note="😀"),
        ),
        (
            {"location": {"latitude": 52.5, "longitude": 13.4}},
            Attachment("location", note="latitude 52.5, longitude 13.4"),
        ),
        (
            {
                "venue": {
                    "title": "Café",
                    "address": "Street 1",
                    "location": {"latitude": 1, "longitude": 2},
                },
                "location": {"latitude": 1, "longitude": 2},
            },
            Attachment("location", note="Café, Street 1, latitude 1.0, longitude 2.0"),
        ),
        (
            {"contact": {"first_name": "Eve", "phone_number": "+1555"}},
            Attachment("contact", note="Eve, +1555"),
        ),
    ],
)
def test_what_is_attached_is_told_with_its_kind(
    fields: dict[str, Any], expected: Attachment
) -> None:
    assert said(**fields).attachments == (expected,)


@pytest.mark.parametrize(
    ("fields", "line"),
    [
        ({"dice": {"emoji": "🎲", "value": 5}}, "[Dice: 🎲 5]"),
        (
            {"poll": {"question": "When?", "options": [{"text": "Now"}, {"text": "Later"}]}},
            "[Poll: When? — Now / Later]",
        ),
        ({"game": {"title": "Chess"}}, "[Game: Chess]"),
        (
            {"checklist": {"title": "Buy", "tasks": [{"id": 1, "text": "Milk"}]}},
            "[Checklist: Buy — Milk]",
        ),
    ],
)
def test_what_has_no_words_and_no_bytes_becomes_a_line(fields: dict[str, Any], line: str) -> None:
    assert said(**fields).text == line


@pytest.mark.parametrize("body", [b"", b"\xff", b"[]", b"null", b"[" * 100_000, b'{"a":'])
def test_a_body_that_is_no_object_is_not_understood(body: bytes) -> None:
    with pytest.raises(NotUnderstood):
        read_object(body)


def test_half_a_surrogate_pair_is_replaced() -> None:
    update = (
        rb'{"update_id":1,"message":{"message_id":1,"date":1,"chat":{"id":42},"text":"a\ud83d"}}'
    )
    (found,) = read_update(read_object(update), Recipient(ME, "default"), 0).messages

    assert found.text == "a\ufffd"


_NAMES = st.sampled_from(
    [
        "message_id",
        "date",
        "chat",
        "id",
        "type",
        "from",
        "text",
        "entities",
        "offset",
        "length",
        "user",
        "caption",
        "photo",
        "file_id",
        "document",
        "reply_to_message",
        "quote",
        "sender_chat",
        "forward_origin",
        "location",
        "data",
        "message",
        "old_reaction",
        "new_reaction",
        "new_chat_member",
        "old_chat_member",
        "status",
        "is_forum",
        "venue",
        "message_thread_id",
        "is_topic_message",
        "edit_date",
        "url",
        "emoji",
        "migrate_to_chat_id",
    ]
)
_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(["bot_command", "mention", "text_link", "private", "/x@y", "member"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_NAMES, inner, max_size=6),
    max_leaves=30,
)


@given(
    st.sampled_from([*READ, *LEFT_ALONE]),
    st.dictionaries(_NAMES, _VALUES, max_size=8),
    st.booleans(),
)
def test_nothing_that_a_stranger_makes_up_ends_in_another_error(
    kind: str, made_up: dict[str, Any], well_begun: bool
) -> None:
    begun = message(5, private(42), text="Hi") if well_begun else {}
    try:
        read_update(Said({"update_id": 1, kind: {**begun, **made_up}}), Recipient(ME, "a"), 0)
    except NotUnderstood:
        return


@given(st.text(max_size=30), st.lists(st.tuples(st.integers(-3, 40), st.integers(-3, 40))))
def test_entities_never_lose_or_break_text(text: str, spans: list[tuple[int, int]]) -> None:
    entities = [{"type": "bold", "offset": start, "length": size} for start, size in spans]
    update = {"message_id": 1, "chat": {"id": 42}, "text": text + "!", "entities": entities}
    found = read_message(
        Said(orjson.loads(orjson.dumps(update))), Recipient(ME, "a"), kind="message"
    )

    assert found is not None
    assert found.text == text + "!"
