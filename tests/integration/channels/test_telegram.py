"""What only Telegram does."""

from __future__ import annotations

import base64
import logging
import traceback
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web

from openclaw_channels.base import (
    CredentialsRevoked,
    Message,
    PermanentFailure,
    RateLimited,
    Receipt,
    SendFailure,
    TemporaryFailure,
)
from openclaw_channels.telegram.outbound import TelegramOutbound
from openclaw_channels.telegram.settings import TelegramSettings
from openclaw_common.contracts.delivery import Destination, Media
from tests.fakes.channels.platform import Fault
from tests.fakes.channels.telegram import TOKEN, FakeTelegram
from tests.integration.channels.trials import channel_context

CHAT = Destination("telegram", "42")
PNG = Media("image/png", data=base64.b64encode(b"\x89PNG").decode(), filename="a.png")


@asynccontextmanager
async def bot(
    telegram: FakeTelegram, *trusted: str, **settings: Any
) -> AsyncIterator[TelegramOutbound]:
    given = {"botToken": TOKEN, "apiRoot": telegram.base_url, **settings}
    async with channel_context(*trusted) as context:
        yield TelegramOutbound(TelegramSettings.model_validate(given), context)


async def send(channel: TelegramOutbound, message: Message, to: Destination = CHAT) -> Receipt:
    resolved = await channel.resolve(to)
    for part in channel.parts(message):
        receipt = await channel.send(resolved, part, send_key="k")
    return receipt


async def failure(channel: TelegramOutbound, to: Destination = CHAT) -> SendFailure:
    with pytest.raises(SendFailure) as raised:
        await send(channel, Message("Hello."), to)
    return raised.value


async def test_markdown_becomes_text_with_entities_in_utf16_units(telegram: FakeTelegram) -> None:
    async with bot(telegram) as channel:
        await send(channel, Message("\U0001f600 **bold** and `code` for List<String>"))

    (sent,) = telegram.accepted
    assert sent.text == "\U0001f600 bold and code for List<String>"
    assert sent.raw["entities"] == [
        {"type": "bold", "offset": 3, "length": 4},
        {"type": "code", "offset": 12, "length": 4},
    ]


async def test_a_message_whose_entities_are_refused_goes_as_plain_text(
    telegram: FakeTelegram,
) -> None:
    telegram.bad_entities = True
    async with bot(telegram) as channel:
        receipt = await send(channel, Message("**bold**"))

    assert receipt == Receipt("1", 200)
    assert "entities" not in telegram.accepted[0].raw
    assert telegram.accepted[0].text == "bold"


async def test_a_topic_is_named_but_the_general_one_only_for_typing(
    telegram: FakeTelegram,
) -> None:
    async with bot(telegram) as channel:
        for topic in ("1", "7"):
            to = Destination("telegram", "-1001", thread_id=topic)
            await send(channel, Message("x"), to)
            await channel.show_typing(to)

    assert [sent.thread for sent in telegram.accepted] == [None, "7"]
    assert telegram.actions == [("-1001", "1"), ("-1001", "7")]


@pytest.mark.parametrize(("mode", "replies"), [("off", 0), ("first", 1), ("all", 3)])
async def test_parts_show_what_they_answer_as_the_mode_says(
    telegram: FakeTelegram, mode: str, replies: int
) -> None:
    async with bot(telegram, replyToMode=mode, textChunkLimit=100) as channel:
        await send(channel, Message("word " * 50, reply_to="5"))

    assert len(telegram.accepted) == 3
    shown = [sent.raw.get("reply_parameters") for sent in telegram.accepted]
    reply = {"message_id": 5, "allow_sending_without_reply": True}
    assert shown == [reply] * replies + [None] * (3 - replies)


async def test_link_previews_can_be_turned_off(telegram: FakeTelegram) -> None:
    async with bot(telegram, linkPreview=False) as channel:
        await send(channel, Message("https://example.com"))

    assert telegram.accepted[0].raw["link_preview_options"] == {"is_disabled": True}


@pytest.mark.parametrize(
    ("mime", "method"),
    [
        ("image/png", "sendPhoto"),
        ("image/gif", "sendAnimation"),
        ("video/mp4", "sendVideo"),
        ("audio/mpeg", "sendAudio"),
        ("audio/ogg; codecs=opus", "sendVoice"),
        ("application/pdf", "sendDocument"),
    ],
)
async def test_an_attachment_is_shown_by_its_kind(
    telegram: FakeTelegram, mime: str, method: str
) -> None:
    async with bot(telegram) as channel:
        await send(channel, Message("", (Media(mime, url="https://example.com/file"),)))

    assert telegram.methods == [method]


async def test_a_url_that_telegram_cannot_fetch_is_uploaded(telegram: FakeTelegram) -> None:
    async def file(_: web.Request) -> web.Response:
        return web.Response(body=b"\x89PNG", content_type="image/png")

    app = web.Application()
    app.router.add_get("/a.png", file)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host = f"127.0.0.1:{runner.addresses[0][1]}"
    telegram.unfetchable.add(f"http://{host}/a.png")
    async with bot(telegram, host) as channel:
        await send(channel, Message("Look.", (Media("image/png", url=f"http://{host}/a.png"),)))
    await runner.cleanup()

    (sent,) = telegram.accepted
    (upload,) = sent.uploads
    assert (sent.text, upload.field, upload.filename, upload.data) == (
        "Look.",
        "photo",
        "a.png",
        b"\x89PNG",
    )


async def test_a_photo_that_telegram_cannot_show_is_sent_as_a_document(
    telegram: FakeTelegram,
) -> None:
    telegram.bad_photos = True
    async with bot(telegram) as channel:
        await send(channel, Message("**Look.**", (PNG,)))

    assert telegram.methods == ["sendPhoto", "sendDocument"]
    assert telegram.accepted[0].raw["caption_entities"] == [
        {"type": "bold", "offset": 0, "length": 5}
    ]


async def test_what_a_caption_has_no_room_for_follows_as_text(telegram: FakeTelegram) -> None:
    async with bot(telegram) as channel:
        await send(channel, Message("word " * 1000, (PNG, PNG)))

    lengths = [len(sent.text) for sent in telegram.accepted]
    assert telegram.methods == ["sendPhoto", "sendPhoto", "sendMessage"]
    assert lengths[0] <= 1024
    assert lengths[1] == 0
    assert (
        " ".join(sent.text for sent in telegram.accepted if sent.text) == ("word " * 1000).strip()
    )


async def test_an_attachment_that_is_too_large_becomes_text(telegram: FakeTelegram) -> None:
    large = Media("image/png", data=base64.b64encode(b"x" * 2000).decode(), filename="a.png")
    async with bot(telegram, mediaMaxMb=0.001) as channel:
        await send(channel, Message("**Look.**", (large,)))

    assert telegram.accepted[0].text == "Look.\n\n[attachment too large: a.png]"


async def test_a_group_that_became_a_supergroup_is_followed(telegram: FakeTelegram) -> None:
    telegram.migrated["-5"] = "-1005"
    old = Destination("telegram", "-5")
    async with bot(telegram) as channel:
        await send(channel, Message("x"), old)
        await send(channel, Message("y"), old)

    assert [sent.to for sent in telegram.accepted] == ["-1005", "-1005"]
    assert len(telegram.methods) == 3


async def test_an_edit_to_the_same_text_is_a_success(telegram: FakeTelegram) -> None:
    async with bot(telegram) as channel:
        (one,), (two,) = channel.parts(Message("one")), channel.parts(Message("*two*"))
        sent = await channel.send(CHAT, one, send_key="k")
        for part in (two, two):
            assert await channel.edit(CHAT, str(sent.message_id), part)
        with pytest.raises(PermanentFailure, match="not found"):
            await channel.edit(CHAT, "99", two)

    assert telegram.edits == [("1", "two")]


@pytest.mark.parametrize(
    ("fault", "expected", "said"),
    [
        (Fault.permanent("blocked"), PermanentFailure, "blocked by the user"),
        (Fault.permanent("chat"), PermanentFailure, "chat not found"),
        (Fault.permanent("401"), CredentialsRevoked, "botToken"),
        (Fault.permanent("method"), CredentialsRevoked, "apiRoot"),
        (Fault.server_error(500), TemporaryFailure, "Internal Server Error"),
        (Fault.server_error(502), TemporaryFailure, "502"),
    ],
)
async def test_errors_are_told_in_telegrams_words(
    telegram: FakeTelegram, fault: Fault, expected: type[SendFailure], said: str
) -> None:
    telegram.plan(fault)
    async with bot(telegram) as channel:
        raised = await failure(channel)

    assert type(raised) is expected or isinstance(raised, expected)
    assert said in raised.message


async def test_a_rate_limit_says_how_long(telegram: FakeTelegram) -> None:
    telegram.plan(Fault.rate_limit(3))
    async with bot(telegram) as channel:
        raised = await failure(channel)

    assert isinstance(raised, RateLimited)
    assert (raised.retry_after_s, raised.scope, raised.http_status) == (3.0, "destination", 429)


async def test_the_token_is_in_nothing_that_can_be_read(
    telegram: FakeTelegram, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    telegram.plan(Fault.hang(), Fault.reset_before(), Fault.server_error())
    shown = ""
    async with bot(telegram, requestTimeoutMs=200, connectTimeoutMs=100) as channel:
        for _ in range(3):
            raised = await failure(channel)
            while raised is not None:
                shown += repr(raised) + "".join(traceback.format_exception(raised))
                raised = raised.__context__ or raised.__cause__
        shown += repr(channel) + repr(vars(channel))
    async with bot(telegram, apiRoot="http://127.0.0.1:1") as channel:
        unreachable = await failure(channel)
        assert isinstance(unreachable, TemporaryFailure)
        shown += "".join(traceback.format_exception(unreachable))

    assert TOKEN not in shown + caplog.text


async def test_a_group_has_no_more_in_a_minute_than_allowed(telegram: FakeTelegram) -> None:
    async with bot(telegram) as channel:
        _, chat, group = channel.buckets(Destination("telegram", "-1001"))
        alone = channel.buckets(CHAT)

    assert group.burst + 60 * group.per_second == pytest.approx(20)
    assert (chat.per_second, chat.burst) == (1, 1)
    assert [bucket.name for bucket in alone] == ["bot", "chat:42"]
