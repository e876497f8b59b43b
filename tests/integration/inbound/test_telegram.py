"""Telegram from end to end: what people write there is answered there, once and in its place."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest

from openclaw_channels.telegram import PLUGIN
from tests.fakes.channels.telegram import TOKEN, FakeTelegram
from tests.fakes.channels.telegram_people import (
    BOT_NAME,
    bot,
    entity,
    group,
    message,
    private,
    user,
)
from tests.harness.chats import OWNER, Chats
from tests.integration.inbound.support import OPEN, parts_shown, told, waiting

SECRET = "s3cret-token"
WEBHOOK = "/api/channels/telegram/webhook"
SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"
TURNS = 50
PIXEL = b"\x89PNG\r\n\x1a\n" + b"\0" * 32
FAST = {"chatPerSecond": 1000, "chatBurst": 1000, "botPerSecond": 1000, "groupPerMinute": 60000}
both = pytest.mark.parametrize("way", ["asked", "posted"], indirect=True)


@pytest.fixture
async def gateway(
    valkey_url: str, telegram: FakeTelegram, account: dict[str, Any], way: str, answers: bool
) -> AsyncIterator[Chats]:
    own: dict[str, Any] = {
        "botToken": TOKEN,
        "apiRoot": telegram.base_url,
        "webhookSecret": SECRET,
        **OPEN,
        **FAST,
        **account,
    }
    if way == "posted":
        own["webhookUrl"] = "https://gateway.example" + WEBHOOK
    config = {"messages": {"inbound": {"byChannel": {"telegram": 0}}}}
    async with Chats(
        valkey_url, {"telegram": own}, plugins={"telegram": PLUGIN}, answers=answers, config=config
    ) as chats:
        if way == "posted":
            hook = {"url": chats.url + WEBHOOK, "secret_token": SECRET}
            await telegram.updates.set_webhook(hook)
        yield chats


@both
async def test_a_long_conversation_is_answered_in_order_and_once(
    gateway: Chats, telegram: FakeTelegram
) -> None:
    telegram.updates.repeats = 1
    for number in range(TURNS):
        await telegram.say(f"/fake say {number}", private(42))

    expected = [("42", None, str(number)) for number in range(TURNS)]
    assert await told(telegram, TURNS) == expected
    async with asyncio.timeout(5):
        await telegram.updates.settled()
    assert len(telegram.accepted) == TURNS
    assert len(await gateway.run_ids()) == TURNS


@both
async def test_a_topic_is_answered_in_the_topic_and_only_where_the_bot_is_called(
    gateway: Chats, telegram: FakeTelegram
) -> None:
    def called(text: str) -> dict[str, Any]:
        words = f"@{BOT_NAME} {text}"
        return {"text": words, "entities": [entity("mention", words, f"@{BOT_NAME}")]}

    topic = {"message_thread_id": 9, "is_topic_message": True}
    forum, ada = group(forum=True), user(42)
    await telegram.say("nobody is called", forum, ada, **topic)
    await telegram.push("message", message(5, forum, ada, **called("here"), **topic))
    await told(telegram, 1)
    await telegram.push("message", message(6, forum, ada, **called("in general")))

    found = await told(telegram, 2)
    assert [(to, thread) for to, thread, _ in found] == [("-1001", "9"), ("-1001", None)]
    keys = {request.session_key for request in await gateway.requests()}
    assert keys == {
        "agent:main:telegram:group:-1001:topic:9",
        "agent:main:telegram:group:-1001:topic:1",
    }


@both
async def test_a_pressed_button_is_acknowledged_and_answered(
    gateway: Chats, telegram: FakeTelegram
) -> None:
    shown = message(5, private(42), bot(), text="Sure?")
    query = {"id": "q1", "from": user(42), "message": shown, "chat_instance": "1"}
    await telegram.push("callback_query", {**query, "data": "/fake say done"})

    assert await told(telegram, 1) == [("42", None, "done")]
    async with asyncio.timeout(5):
        await telegram.updates.settled()
    acknowledged = [item["callback_query_id"] for item in telegram.updates.methods]
    assert acknowledged + telegram.answered == ["q1"]


async def test_a_photo_is_shown_to_the_model(gateway: Chats, telegram: FakeTelegram) -> None:
    telegram.files["f1"] = PIXEL
    sizes = [{"file_id": "f1", "file_unique_id": "u", "width": 9, "height": 9}]
    await telegram.say("", private(42), photo=sizes, caption="Look")

    parts = await parts_shown(gateway)
    assert "Look" in parts[0]["text"]
    assert parts[-1]["image_url"]["url"].startswith("data:image/")


@both
async def test_an_album_is_one_message(gateway: Chats, telegram: FakeTelegram) -> None:
    telegram.updates.repeats = 1
    for number in range(3):
        telegram.files[f"f{number}"] = PIXEL
        sizes = [{"file_id": f"f{number}", "file_unique_id": "u", "width": 9, "height": 9}]
        caption = {} if number else {"caption": "/fake say Nice"}
        await telegram.say("", private(42), photo=sizes, media_group_id="a1", **caption)

    assert await told(telegram, 1) == [("42", None, "Nice")]
    parts = await parts_shown(gateway)
    assert [part["type"] for part in parts] == ["text", *["image_url"] * 3]
    assert len(await gateway.run_ids()) == 1


@waiting
@pytest.mark.parametrize("secret", [None, "", "wrong", SECRET[:-1], SECRET + "x"])
async def test_a_missing_or_wrong_secret_gives_401_and_nothing_is_enqueued(
    gateway: Chats, telegram: FakeTelegram, secret: str | None, answers: bool
) -> None:
    update = {"update_id": 1, "message": message(5, private(42), text="Hi")}
    headers = {} if secret is None else {SECRET_HEADER: secret}
    for path in (WEBHOOK, "/telegram-webhook", "/api/channels/telegram/default/webhook"):
        answer = await gateway.client.post(gateway.url + path, json=update, headers=headers)
        assert answer.status == 401
    assert await gateway.run_ids() == []


@waiting
async def test_the_secret_is_asked_for_before_the_body(gateway: Chats, answers: bool) -> None:
    port = int(gateway.url.rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    lines = (f"POST {WEBHOOK} HTTP/1.1", "Host: gateway", "Content-Length: 1000", "", "")
    writer.write("\r\n".join(lines).encode())
    try:
        async with asyncio.timeout(5):
            assert (await reader.readline()).startswith(b"HTTP/1.1 401 ")
    finally:
        writer.close()


@waiting
async def test_a_bearer_of_the_gateway_is_taken_in_place_of_the_secret(
    gateway: Chats, answers: bool
) -> None:
    update = {"update_id": 1, "message": message(5, private(42), text="Hi")}
    answer = await gateway.client.post(gateway.url + WEBHOOK, json=update, headers=OWNER)

    assert (answer.status, await answer.text()) == (200, "")
    assert answer.headers["x-openclaw-delivery-accepted"] == "durable"
    assert len(await gateway.run_ids()) == 1


@waiting
@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"update_id":1,"message":{"chat":{}}}'])
async def test_a_malformed_update_gives_400(gateway: Chats, body: bytes, answers: bool) -> None:
    answer = await gateway.client.post(
        gateway.url + WEBHOOK, data=body, headers={SECRET_HEADER: SECRET}
    )

    assert answer.status == 400
    assert await gateway.run_ids() == []


@waiting
async def test_the_same_message_by_both_ways_is_one_run(
    gateway: Chats, telegram: FakeTelegram, answers: bool
) -> None:
    """As after a change from the one to the other, when Telegram tells again what it must."""
    said = message(5, private(42), text="Hi")
    for number in (1, 1, 2):
        answer = await gateway.client.post(
            gateway.url + WEBHOOK,
            data=orjson.dumps({"update_id": number, "message": said}),
            headers={SECRET_HEADER: SECRET},
        )
        assert answer.status == 200

    assert len(await gateway.run_ids()) == 1
