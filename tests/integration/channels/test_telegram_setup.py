"""Telegram's files, and what `channels setup` and `channels test` say of a bot."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from openclaw_channels.base import ChannelContext, PermanentFailure, TemporaryFailure
from openclaw_channels.inbound import Finding, MediaSource, Setup
from openclaw_channels.telegram import PLUGIN
from openclaw_channels.telegram.polling import ALLOWED_UPDATES
from openclaw_common.contracts.inbound import Attachment
from tests.fakes.channels.telegram import BOT_DOWNLOAD_LIMIT, TOKEN, FakeTelegram
from tests.fakes.channels.telegram_people import BOT_NAME, private
from tests.integration.channels.trials import account

SECRET = "s3cret-token"
PUBLIC = "https://gateway.example"
URL = f"{PUBLIC}/api/channels/telegram/webhook"


def media(telegram: FakeTelegram, context: ChannelContext) -> MediaSource:
    assert PLUGIN.media is not None
    return PLUGIN.media(account("telegram", botToken=TOKEN, apiRoot=telegram.base_url), context)


def setup(telegram: FakeTelegram, context: ChannelContext, **settings: Any) -> Setup:
    own = {"botToken": TOKEN, "apiRoot": telegram.base_url, **settings}
    assert PLUGIN.setup is not None
    return PLUGIN.setup(account("telegram", **own), context)


def wrong(findings: Sequence[Finding]) -> list[str]:
    return [f"{item.what} {item.advice}" for item in findings if not item.ok]


async def test_a_file_is_got_by_its_id(telegram: FakeTelegram, context: ChannelContext) -> None:
    telegram.files["f1"] = b"\x89PNG"
    picture = Attachment("image", "f1", "image/png")

    assert await media(telegram, context).fetch(picture, max_bytes=10) == ("image/png", b"\x89PNG")
    unknown_type = Attachment("document", "f1")
    found = await media(telegram, context).fetch(unknown_type, max_bytes=10)
    assert found == ("application/octet-stream", b"\x89PNG")


@pytest.mark.parametrize(
    "attachment",
    [
        Attachment("image", "f1", size=5000),
        Attachment("image", "f1"),
        Attachment("image", "huge"),
        Attachment("image", "unknown"),
        Attachment("location"),
    ],
)
async def test_what_is_too_large_or_gone_fails_for_good(
    telegram: FakeTelegram, context: ChannelContext, attachment: Attachment
) -> None:
    telegram.files = {"f1": b"x" * 5000, "huge": b"x" * (BOT_DOWNLOAD_LIMIT + 1)}
    with pytest.raises(PermanentFailure):
        await media(telegram, context).fetch(attachment, max_bytes=1000)


async def test_a_failed_fetch_shows_no_token(context: ChannelContext) -> None:
    async with FakeTelegram() as gone:
        pass
    with pytest.raises(TemporaryFailure) as raised:
        await media(gone, context).fetch(Attachment("image", "f1"), max_bytes=10)

    assert TOKEN not in repr(raised.value)
    assert raised.value.__cause__ is None


async def test_setup_tells_telegram_the_webhook_and_verifies_it(
    telegram: FakeTelegram, context: ChannelContext
) -> None:
    asked = setup(telegram, context, webhookSecret=SECRET, webhookUrl=URL)
    findings = await asked.register("")

    assert wrong(findings) == []
    assert telegram.updates.webhook["url"] == URL
    assert telegram.updates.webhook["secret_token"] == SECRET
    assert telegram.updates.allowed == tuple(ALLOWED_UPDATES)
    assert [item["command"] for item in telegram.commands] == ["new", "reset", "stop", "status"]


async def test_setup_makes_the_url_of_the_gateways_own_and_asks_to_write_it_down(
    telegram: FakeTelegram, context: ChannelContext
) -> None:
    (advice,) = wrong(await setup(telegram, context, webhookSecret=SECRET).register(PUBLIC + "/"))

    assert telegram.updates.webhook["url"] == URL
    assert f'webhookUrl to "{URL}"' in advice


async def test_setup_refuses_a_webhook_without_a_secret(
    telegram: FakeTelegram, context: ChannelContext
) -> None:
    (advice,) = wrong(await setup(telegram, context, webhookUrl=URL).register(""))

    assert "webhookSecret" in advice
    assert telegram.updates.webhook["url"] == ""


@pytest.mark.parametrize("url", ["http://gateway.example/x", "https://gateway.example:8080/x"])
async def test_setup_knows_where_telegram_can_post(context: ChannelContext, url: str) -> None:
    async with FakeTelegram() as gone:
        pass
    own = {"webhookSecret": SECRET, "webhookUrl": url, "apiRoot": "https://api.telegram.org"}
    (advice,) = wrong(await setup(gone, context, **own).register(""))

    assert "443, 80, 88 or 8443" in advice


async def test_setup_of_a_bot_that_asks_removes_a_webhook(
    telegram: FakeTelegram, context: ChannelContext
) -> None:
    await telegram.updates.set_webhook({"url": URL})

    assert wrong(await setup(telegram, context).register(PUBLIC)) == []
    assert telegram.updates.webhook["url"] == ""


async def test_setup_leaves_the_menu_that_is_there(
    telegram: FakeTelegram, context: ChannelContext
) -> None:
    telegram.commands = [{"command": "help", "description": "Help"}]
    await setup(telegram, context).register(PUBLIC)

    assert telegram.commands == [{"command": "help", "description": "Help"}]


async def test_a_right_configuration_has_nothing_wrong(
    telegram: FakeTelegram, context: ChannelContext
) -> None:
    own = setup(telegram, context, webhookSecret=SECRET, webhookUrl=URL, username=f"@{BOT_NAME}")
    await own.register("")
    findings = await own.test()

    assert wrong(findings) == []
    assert f"@{BOT_NAME}" in findings[0].what


async def _missing_webhook(telegram: FakeTelegram) -> None:
    telegram.updates.webhook = {"url": ""}


async def _foreign_webhook(telegram: FakeTelegram) -> None:
    telegram.updates.webhook = {"url": "https://other.example"}


async def _failing_webhook(telegram: FakeTelegram) -> None:
    error = "Wrong response from the webhook: 401 Unauthorized"
    telegram.updates.webhook = {"url": URL, "last_error_message": error}


async def _waiting(telegram: FakeTelegram) -> None:
    for number in range(101):
        await telegram.say(str(number), private(42))


async def _closed(telegram: FakeTelegram) -> None:
    telegram.me = {**telegram.me, "can_join_groups": False}


async def _as_it_is(telegram: FakeTelegram) -> None:
    return


HOOK = {"webhookUrl": URL, "webhookSecret": SECRET}


@pytest.mark.parametrize(
    ("arrange", "settings", "said"),
    [
        (_missing_webhook, HOOK, "channels setup telegram"),
        (_foreign_webhook, HOOK, "other.example"),
        (_foreign_webhook, {}, "has no webhookUrl"),
        (_failing_webhook, HOOK, "401 Unauthorized"),
        (_waiting, {}, "101 updates wait"),
        (_closed, {"groups": {"*": {}}}, "/setjoingroups"),
        (_as_it_is, {"groups": {"*": {"requireMention": False}}}, "/setprivacy"),
        (_as_it_is, {"username": "another_bot"}, f'"{BOT_NAME}"'),
        (_as_it_is, {"botToken": "1:wrong"}, "@BotFather"),
    ],
)
async def test_what_is_wrong_is_said_with_what_to_do(
    telegram: FakeTelegram, context: ChannelContext, arrange: Any, settings: Any, said: str
) -> None:
    telegram.commands = [{"command": "help", "description": "Help"}]
    await arrange(telegram)
    (advice,) = wrong(await setup(telegram, context, **settings).test())

    assert said in advice
    assert "wrong" not in advice.replace("Wrong response", "")
