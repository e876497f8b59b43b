"""What Telegram's updates become, held against python-telegram-bot's reading of them."""

from __future__ import annotations

from typing import Any

import pytest
from telegram import Update as TheirUpdate
from telegram.constants import UpdateType

from openclaw_channels.inbound import NotUnderstood
from openclaw_channels.said import Said
from openclaw_channels.telegram.message import Recipient
from openclaw_channels.telegram.updates import LEFT_ALONE, READ, Update, read_update
from openclaw_channels.telegram.words import Me
from openclaw_common.contracts.inbound import InboundMessage
from tests.fakes.channels.telegram_people import (
    BOT_ID,
    BOT_NAME,
    bot,
    channel,
    entity,
    group,
    member,
    message,
    private,
    user,
)
from tests.unit.channels.telegram_examples import EXAMPLES

RECIPIENT = Recipient(Me(BOT_ID, BOT_NAME), "default")
NOW_S = 1_800_000_000.0


def read(kind: str, said: dict[str, Any], number: int = 7) -> Update:
    update = {"update_id": number, kind: said}
    # Whatever a test makes up must be an update to the official parser too.
    assert TheirUpdate.de_json(_complete(update), None) is not None
    return read_update(Said(update), RECIPIENT, NOW_S)


def only(kind: str, said: dict[str, Any], number: int = 7) -> InboundMessage:
    (found,) = read(kind, said, number).messages
    return found


def _complete(value: Any) -> Any:
    """Fill in what the old examples lack and the parser of today asks for."""
    if isinstance(value, list):
        return [_complete(item) for item in value]
    if not isinstance(value, dict):
        return value
    filled = {name: _complete(item) for name, item in value.items()}
    if "first_name" in filled:
        filled = {"is_bot": False, "type": "private", **filled}
    if "file_id" in filled:
        filled = {"file_unique_id": "u", **filled}
    if "inline_message_id" in filled:
        filled = {"chat_instance": "1", **filled}
    return filled


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_documented_examples_are_read_as_the_official_library_reads_them(name: str) -> None:
    ours = read_update(Said(EXAMPLES[name]), RECIPIENT, NOW_S)

    theirs = TheirUpdate.de_json(_complete(EXAMPLES[name]), None)
    assert ours.id == theirs.update_id == 10000
    said = theirs.message or theirs.edited_message
    if said is None:
        assert ours.messages == ()
        return
    (found,) = ours.messages
    assert found.text.rpartition("\n")[2] == (said.text or "")
    assert (found.chat_id, found.sender.id) == (str(said.chat.id), str(said.from_user.id))
    assert found.sender.name == said.from_user.full_name
    assert found.message_id == str(said.message_id)
    assert found.sent_at_ms == (said.edit_date or said.date).timestamp() * 1000
    assert found.chat_kind == "direct"
    file = said.audio or said.voice or said.document
    assert [item.reference for item in found.attachments] == ([file.file_id] if file else [])
    assert [item.size for item in found.attachments] == ([file.file_size] if file else [])
    assert found.reply_text == (said.reply_to_message.text if said.reply_to_message else None)


def test_every_kind_of_update_is_read_or_left_alone_for_a_reason() -> None:
    assert {kind.value for kind in UpdateType} == {*READ, *LEFT_ALONE}
    assert not set(READ) & set(LEFT_ALONE)


def test_a_kind_of_a_later_api_says_nothing() -> None:
    assert (
        read_update(Said({"update_id": 1, "thought": {"id": 1}}), RECIPIENT, NOW_S).messages == ()
    )


def test_a_message_is_known_by_its_chat_and_number_however_it_came() -> None:
    said = message(5, private(42), text="Hello")

    assert (
        only("message", said, 7).event_id == only("message", said, 8).event_id == f"{BOT_ID}:42:5"
    )


def test_two_bots_that_count_alike_are_told_apart() -> None:
    said = message(5, private(42), text="Hello")
    other = Recipient(Me(BOT_ID + 1, "other_bot"), "default")
    found = read_update(Said({"update_id": 7, "message": said}), other, NOW_S).messages[0]

    assert found.event_id != only("message", said, 7).event_id


def test_each_edit_is_an_event_of_its_own() -> None:
    said = message(5, private(42), text="Hello", edit_date=1_700_000_900)
    found = only("edited_message", said, 9)

    assert (found.kind, found.message_id) == ("edited", "5")
    assert found.event_id == f"update:{BOT_ID}:9"
    assert found.sent_at_ms == 1_700_000_900_000


def test_what_changes_without_an_edit_is_none() -> None:
    assert read("edited_message", message(5, private(42), text="Hello")).messages == ()


def test_a_channels_post_is_the_channels() -> None:
    found = only("channel_post", message(5, channel(-1009, "News"), text="Hi"))

    assert (found.chat_kind, found.sender.id, found.sender.name) == ("channel", "-1009", "News")


def test_who_writes_in_the_name_of_a_chat_is_that_chat() -> None:
    anonymous = {**bot(), "id": 1087968824, "username": "GroupAnonymousBot"}
    found = only("message", message(5, group(), anonymous, sender_chat=group(), text="Hi"))

    assert (found.sender.id, found.sender.is_bot) == ("-1001", False)


@pytest.mark.parametrize(
    ("chat", "fields", "thread"),
    [
        (group(forum=True), {"message_thread_id": 9, "is_topic_message": True}, "9"),
        (group(forum=True), {}, "1"),
        (group(), {"message_thread_id": 9}, None),
        (private(42), {"message_thread_id": 9, "is_topic_message": True}, "9"),
        (private(42), {}, None),
    ],
)
def test_topics_are_threads_and_threads_of_replies_are_none(
    chat: dict[str, Any], fields: dict[str, Any], thread: str | None
) -> None:
    assert only("message", message(5, chat, user(42), text="Hi", **fields)).thread_id == thread


def test_the_first_message_of_a_topic_is_not_what_every_message_in_it_answers() -> None:
    forum = group(forum=True)
    created = message(9, forum, bot(), forum_topic_created={"name": "Plans", "icon_color": 7})
    said = message(
        10,
        forum,
        user(42),
        text="Hi",
        reply_to_message=created,
        message_thread_id=9,
        is_topic_message=True,
    )
    found = only("message", said)

    assert (found.reply_text, found.mentions_me) == (None, False)


def test_a_pressed_button_is_a_choice_that_is_to_be_acknowledged() -> None:
    shown = message(
        5, group(forum=True), bot(), text="Sure?", message_thread_id=9, is_topic_message=True
    )
    query = {"id": "q1", "from": user(42), "message": shown, "chat_instance": "1", "data": "yes"}
    update = read("callback_query", query)
    (found,) = update.messages

    assert update.callback_id == "q1"
    assert (found.kind, found.text, found.mentions_me) == ("choice", "yes", True)
    assert (found.to, found.thread_id, found.sender.id) == ("-1001", "9", "42")
    assert found.reply_text == "Sure?"
    assert found.sent_at_ms == NOW_S * 1000


def test_the_button_of_an_inline_message_is_acknowledged_and_says_nothing() -> None:
    update = read_update(Said(EXAMPLES["callback query"]), RECIPIENT, NOW_S)

    assert (update.messages, update.callback_id) == ((), "4382bfdwdsb323b2d9")


@pytest.mark.parametrize(
    ("before", "after", "text"),
    [
        ("left", "member", "joined"),
        ("kicked", "administrator", "joined"),
        ("member", "kicked", "left"),
        ("administrator", "left", "left"),
        ("member", "administrator", None),
    ],
)
def test_being_let_in_or_put_out_is_told(before: str, after: str, text: str | None) -> None:
    def state(status: str) -> dict[str, Any]:
        rights = dict.fromkeys(_RIGHTS, False) if status == "administrator" else {}
        until = {"until_date": 0} if status == "kicked" else {}
        return {**member(bot(), status), **rights, **until}

    change = {
        "chat": group(),
        "from": user(42),
        "date": 1_700_000_000,
        "old_chat_member": state(before),
        "new_chat_member": state(after),
    }
    found = read("my_chat_member", change).messages

    assert [(item.kind, item.text) for item in found] == ([("membership", text)] if text else [])


_RIGHTS = [
    "can_be_edited",
    "is_anonymous",
    "can_manage_chat",
    "can_delete_messages",
    "can_manage_video_chats",
    "can_restrict_members",
    "can_promote_members",
    "can_change_info",
    "can_invite_users",
    "can_post_stories",
    "can_edit_stories",
    "can_delete_stories",
]


def test_a_group_that_becomes_a_supergroup_is_left_for_the_new_one() -> None:
    old = {"id": -55, "type": "group", "title": "Team"}
    left = only("message", message(5, old, user(42), migrate_to_chat_id=-1001))
    joined = only("message", message(1, group(), user(42), migrate_from_chat_id=-55))

    assert (left.chat_id, left.text, left.kind) == ("-55", "left", "membership")
    assert (joined.chat_id, joined.text) == ("-1001", "joined")


def test_an_added_reaction_is_told_and_one_that_is_taken_back_is_not() -> None:
    def emoji(*shown: str) -> list[dict[str, Any]]:
        return [{"type": "emoji", "emoji": item} for item in shown]

    change = {"chat": group(), "message_id": 5, "user": user(42), "date": 1_700_000_000}
    added = {**change, "old_reaction": emoji("👍"), "new_reaction": emoji("👍", "🎉")}
    taken = {**change, "old_reaction": emoji("👍"), "new_reaction": []}

    found = only("message_reaction", added)
    assert (found.kind, found.text, found.message_id) == ("reaction", "🎉", "5")
    assert read("message_reaction", taken).messages == ()


def test_an_album_is_known_by_its_id() -> None:
    sizes = [{"file_id": "f", "file_unique_id": "u", "width": 9, "height": 9}]
    said = message(5, private(42), photo=sizes, media_group_id="a1", caption="Us")

    assert (only("message", said).album_id, only("message", said).text) == ("a1", "Us")


@pytest.mark.parametrize(
    "said",
    [
        message(5, group(), user(42), new_chat_title="Other"),
        message(5, group(), user(42), pinned_message=message(3, group(), user(42), text="x")),
        message(5, group(), bot(), text="My own"),
        message(5, group(), user(42), text="x", direct_messages_topic={"topic_id": 3}),
    ],
)
def test_what_only_tells_of_the_chat_or_of_the_bot_is_no_message(said: dict[str, Any]) -> None:
    assert read("message", said).messages == ()


@pytest.mark.parametrize(
    "update",
    [
        {},
        {"update_id": "7"},
        {"update_id": 1, "message": {"chat": {"id": 1}}},
        {"update_id": 1, "message": {"message_id": 1, "from": {"id": 1}}},
        {"update_id": 1, "message": {"message_id": 1, "chat": {"id": "x"}, "from": {"id": 1}}},
        {"update_id": 1, "callback_query": {"id": "1"}},
        {"update_id": 1, "my_chat_member": {"chat": {"id": 1}}},
        {"update_id": 1, "message_reaction": {"chat": {"id": 1}}},
    ],
)
def test_an_update_that_lacks_what_it_must_have_is_not_understood(update: dict[str, Any]) -> None:
    with pytest.raises(NotUnderstood):
        read_update(Said(update), RECIPIENT, NOW_S)


def test_mentions_are_found_where_the_official_library_finds_them() -> None:
    text = f"👩‍👩‍👧 hi @{BOT_NAME.upper()} and @ada"
    said = message(
        5,
        group(),
        user(42),
        text=text,
        entities=[entity("mention", text, f"@{BOT_NAME.upper()}"), entity("mention", text, "@ada")],
    )

    theirs = TheirUpdate.de_json({"update_id": 1, "message": said}, None).message
    assert theirs is not None
    assert set(theirs.parse_entities().values()) == {f"@{BOT_NAME.upper()}", "@ada"}
    assert only("message", said).mentions_me
