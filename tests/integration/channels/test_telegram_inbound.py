"""The two ways in which Telegram tells a bot what people write."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import aiohttp
import orjson
import pytest

from openclaw_channels.base import ChannelContext, ChannelError
from openclaw_channels.inbound import (
    InboundRequest,
    NotAuthentic,
    NotUnderstood,
    Prepares,
    ReceiverFailure,
)
from openclaw_channels.telegram import PLUGIN
from openclaw_channels.telegram.polling import ALLOWED_UPDATES, Position, TelegramPolling
from openclaw_channels.telegram.webhook import TelegramWebhook
from openclaw_common.contracts.errors import StoreUnavailable
from openclaw_common.contracts.inbound import InboundMessage
from tests.fakes.channels.telegram import TOKEN, FakeTelegram
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
from tests.integration.channels.trials import account

SECRET = "s3cret-token"


class Taken:
    """What was made durable, and the cursors behind it; `refuse` lets the store be away."""

    def __init__(self) -> None:
        self.messages: list[InboundMessage] = []
        self.cursors: list[str | None] = []
        self.refuse = 0
        self._changed = asyncio.Condition()

    async def accept(self, messages: Sequence[InboundMessage], cursor: str | None) -> None:
        if self.refuse:
            self.refuse -= 1
            raise StoreUnavailable
        async with self._changed:
            self.messages += messages
            self.cursors.append(cursor)
            self._changed.notify_all()

    async def texts(self, count: int) -> list[str]:
        async with asyncio.timeout(5), self._changed:
            await self._changed.wait_for(lambda: len(self.messages) >= count)
        return [item.text for item in self.messages]


def polling(telegram: FakeTelegram, context: ChannelContext, **settings: Any) -> TelegramPolling:
    own = {"botToken": TOKEN, "apiRoot": telegram.base_url, "pollTimeoutSeconds": 1, **settings}
    assert PLUGIN.receiver is not None
    receiver = PLUGIN.receiver(account("telegram", **own), context)
    assert isinstance(receiver, TelegramPolling)
    return receiver


@asynccontextmanager
async def receiving(
    receiver: TelegramPolling, taken: Taken, cursor: str | None = None
) -> AsyncIterator[asyncio.Task[None]]:
    task = asyncio.create_task(receiver.receive(cursor, taken.accept))
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def failure(
    telegram: FakeTelegram, context: ChannelContext, **settings: Any
) -> ReceiverFailure:
    with pytest.raises(ReceiverFailure) as raised:
        async with asyncio.timeout(5):
            await polling(telegram, context, **settings).receive(None, Taken().accept)
    return raised.value


async def test_updates_are_asked_for_in_order_and_confirmed_when_they_are_durable(
    telegram: FakeTelegram, context: ChannelContext
) -> None:
    taken = Taken()
    async with receiving(polling(telegram, context), taken):
        for number in range(3):
            await telegram.say(str(number), private(42))
            await taken.texts(number + 1)
        async with asyncio.timeout(5):
            await telegram.updates.settled()

    assert await taken.texts(3) == ["0", "1", "2"]
    assert telegram.updates.confirmed == [1001, 1002, 1003]
    assert set(ALLOWED_UPDATES) == set(telegram.updates.allowed)


async def test_what_was_not_made_durable_is_told_again(
    telegram: FakeTelegram, context: ChannelContext
) -> None:
    taken = Taken()
    taken.refuse = 1
    await telegram.say("Hello", private(42))
    async with receiving(polling(telegram, context), taken) as task:
        with pytest.raises(StoreUnavailable):
            await task
    assert telegram.updates.confirmed == []

    async with receiving(polling(telegram, context), taken):
        assert await taken.texts(1) == ["Hello"]


async def test_the_next_process_goes_on_behind_the_cursor(
    telegram: FakeTelegram, context: ChannelContext
) -> None:
    first, second = Taken(), Taken()
    await telegram.say("one", private(42))
    # The process dies behind `accept` and before it could confirm.
    first_task = asyncio.create_task(polling(telegram, context).receive(None, first.accept))
    await first.texts(1)
    first_task.cancel()
    await asyncio.gather(first_task, return_exceptions=True)
    await telegram.say("two", private(42))
    async with receiving(polling(telegram, context), second, first.cursors[-1]):
        assert await second.texts(1) == ["two"]


async def test_an_old_cursor_confirms_nothing_that_nobody_has_read(
    telegram: FakeTelegram, context: ChannelContext
) -> None:
    """After a quiet week Telegram counts from a random number, which may be lower."""
    taken = Taken()
    await telegram.say("Hello", private(42))
    async with receiving(polling(telegram, context), taken, f"999999@1000@{BOT_ID}"):
        assert await taken.texts(1) == ["Hello"]


async def test_the_cursor_of_the_bot_before_confirms_nothing_of_this_ones(
    telegram: FakeTelegram, context: ChannelContext
) -> None:
    taken = Taken()
    await telegram.say("Hello", private(42))
    async with receiving(polling(telegram, context), taken, "999999@9999999999@654321"):
        assert await taken.texts(1) == ["Hello"]


@pytest.mark.parametrize("cursor", [None, "", "x", "5", "5@", "5@5", "-1@5@5", "5@x@5", "5@5@5@5"])
def test_a_cursor_that_is_none_is_passed_by(cursor: str | None) -> None:
    assert Position.read(cursor) is None


async def test_a_malformed_update_does_not_stand_in_the_way_of_others(
    telegram: FakeTelegram, context: ChannelContext
) -> None:
    taken = Taken()
    await telegram.push("message", {"nonsense": True})
    await telegram.say("Hello", private(42))
    async with receiving(polling(telegram, context), taken):
        assert await taken.texts(1) == ["Hello"]


async def test_the_bots_name_is_asked_for_when_the_settings_do_not_say_it(
    telegram: FakeTelegram, context: ChannelContext
) -> None:
    taken = Taken()
    text = f"@{BOT_NAME} hi"
    await telegram.say(text, group(), user(42), entities=[entity("mention", text, f"@{BOT_NAME}")])
    async with receiving(polling(telegram, context), taken):
        await taken.texts(1)

    assert taken.messages[0].mentions_me


async def test_a_pressed_button_is_acknowledged(
    telegram: FakeTelegram, context: ChannelContext
) -> None:
    taken = Taken()
    shown = message(5, private(42), bot(), text="Sure?")
    query = {"id": "q1", "from": user(42), "message": shown, "chat_instance": "1", "data": "yes"}
    await telegram.push("callback_query", query)
    async with receiving(polling(telegram, context), taken):
        assert await taken.texts(1) == ["yes"]
        async with asyncio.timeout(5):
            await telegram.updates.settled()

    assert telegram.answered == ["q1"]


async def test_a_webhook_that_is_set_is_named_as_what_is_in_the_way(
    telegram: FakeTelegram, context: ChannelContext
) -> None:
    await telegram.updates.set_webhook({"url": "https://other.example/hook"})
    refused = await failure(telegram, context)

    assert not refused.permanent
    assert "channels setup telegram" in str(refused)


async def test_a_second_asker_ends_the_first_one(
    telegram: FakeTelegram, context: ChannelContext
) -> None:
    async with receiving(polling(telegram, context), Taken()) as first:
        async with asyncio.timeout(5):
            await telegram.updates.asked()
        async with receiving(polling(telegram, context), Taken()):
            with pytest.raises(ReceiverFailure, match="terminated by other getUpdates") as raised:
                async with asyncio.timeout(5):
                    await first
    assert not raised.value.permanent


async def test_a_refused_token_is_for_good_and_is_not_shown(
    telegram: FakeTelegram, context: ChannelContext
) -> None:
    refused = await failure(telegram, context, botToken="1:wrong-token")

    assert refused.permanent
    assert "wrong-token" not in str(refused)


async def test_a_telegram_that_is_away_is_tried_again(context: ChannelContext) -> None:
    async with FakeTelegram() as gone:
        pass
    refused = await failure(gone, context)

    assert (refused.permanent, refused.retry_after_s) == (False, None)


@pytest.mark.parametrize(
    ("settings", "receives"),
    [
        ({}, True),
        ({"webhookSecret": SECRET}, True),
        ({"webhookUrl": "https://a.example/x", "webhookSecret": SECRET}, False),
    ],
)
async def test_updates_are_asked_for_where_there_is_no_webhook(
    context: ChannelContext, settings: dict[str, Any], receives: bool
) -> None:
    assert PLUGIN.receiver is not None
    made = PLUGIN.receiver(account("telegram", botToken=TOKEN, **settings), context)

    assert (made is not None) is receives


def webhook(telegram: FakeTelegram | None = None, **settings: Any) -> TelegramWebhook:
    root = {"apiRoot": telegram.base_url} if telegram else {}
    own = {"botToken": TOKEN, "webhookSecret": SECRET, **root, **settings}
    return TelegramWebhook(account("telegram", **own))


def posted(kind: str, said: dict[str, Any], secret: str | None = SECRET) -> InboundRequest:
    headers = {"x-telegram-bot-api-secret-token": secret} if secret is not None else {}
    return InboundRequest(headers, orjson.dumps({"update_id": 7, kind: said}), 1_800_000_000)


@pytest.mark.parametrize("secret", [None, "", "wrong", SECRET + "x", SECRET[:-1], "\udcff"])
def test_a_missing_or_wrong_secret_is_refused(secret: str | None) -> None:
    with pytest.raises(NotAuthentic):
        webhook().verify(posted("message", {}, secret))


def test_without_a_secret_of_its_own_the_webhook_trusts_nobody() -> None:
    reader = TelegramWebhook(account("telegram", botToken=TOKEN))

    for secret in (None, "", "None"):
        with pytest.raises(NotAuthentic, match="webhookSecret"):
            reader.verify(posted("message", {}, secret))


@pytest.mark.parametrize("secret", ["with space", "a" * 257, "ü"])
def test_a_secret_that_telegram_does_not_take_is_a_fault_of_the_settings(secret: str) -> None:
    with pytest.raises(ChannelError, match="webhookSecret") as raised:
        webhook(webhookSecret=secret)
    assert secret not in str(raised.value)


async def test_both_ways_bring_the_same_message_under_the_same_id(
    telegram: FakeTelegram, context: ChannelContext
) -> None:
    taken = Taken()
    said = await telegram.say(
        "Hello", group(forum=True), user(42), is_topic_message=True, message_thread_id=9
    )
    async with receiving(polling(telegram, context), taken):
        await taken.texts(1)
    reader = webhook()
    request = posted("message", said)
    reader.verify(request)

    assert reader.read(request).messages == (taken.messages[0],)


def test_a_message_is_answered_with_an_empty_text() -> None:
    inbound = webhook().read(posted("message", message(5, private(42), text="Hi")))

    assert (inbound.answer.status, inbound.answer.body) == (200, b"")
    assert inbound.answer.content_type == "text/plain"


def test_a_pressed_button_is_acknowledged_by_the_webhooks_answer() -> None:
    shown = message(5, private(42), bot(), text="Sure?")
    query = {"id": "q1", "from": user(42), "message": shown, "data": "yes"}
    answer = webhook().read(posted("callback_query", query)).answer

    assert answer.content_type == "application/json"
    assert orjson.loads(answer.body) == {"method": "answerCallbackQuery", "callback_query_id": "q1"}


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"update_id":"1"}'])
def test_a_malformed_body_is_not_understood(body: bytes) -> None:
    with pytest.raises(NotUnderstood):
        webhook().read(replace(posted("message", {}), body=body))


async def test_the_webhook_asks_for_the_name_once_and_only_where_it_may_be_used(
    telegram: FakeTelegram,
) -> None:
    reader, text = webhook(telegram), f"@{BOT_NAME} hi"
    assert isinstance(reader, Prepares)
    named = posted(
        "message",
        message(
            5, group(), user(42), text=text, entities=[entity("mention", text, f"@{BOT_NAME}")]
        ),
    )
    async with aiohttp.ClientSession() as http:
        await reader.prepare(posted("message", message(5, group(), text="hi")), http)
        assert telegram.methods == []
        await asyncio.gather(*(reader.prepare(named, http) for _ in range(5)))

    assert telegram.methods == ["getMe"]
    assert reader.read(named).messages[0].mentions_me


async def test_a_message_is_taken_also_when_the_name_cannot_be_learnt() -> None:
    async with FakeTelegram() as gone:
        pass
    reader = webhook(gone)
    named = posted("message", message(5, group(), user(42), text="@x hi"))
    async with aiohttp.ClientSession() as http:
        await reader.prepare(named, http)

    assert len(reader.read(named).messages) == 1
