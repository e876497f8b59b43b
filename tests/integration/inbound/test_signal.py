"""Signal from end to end: what people write there is answered there, once and in its place."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest

from openclaw_channels.signal import PLUGIN
from tests.fakes.channels.signal import ACCOUNT, FakeSignal
from tests.fakes.channels.signal_kinds import own
from tests.fakes.channels.signal_people import (
    ADA,
    ADA_ID,
    GROUP_ID,
    PLACEHOLDER,
    data,
    envelope,
    mention,
)
from tests.harness.chats import OWNER, Chats
from tests.integration.inbound.support import OPEN, parts_shown, texts_told, waiting

SECRET = "s3cret"
WEBHOOK = "/api/channels/signal/webhook"
TURNS = 50
PIXEL = b"\x89PNG\r\n\x1a\n" + b"\0" * 32
FAST = {"accountPerSecond": 1000, "accountBurst": 1000, "chatPerSecond": 1000, "chatBurst": 1000}
daemon = pytest.mark.parametrize("signal", ["external-native"], indirect=True)
container = pytest.mark.parametrize("signal", ["container"], indirect=True)
by_webhook = pytest.mark.parametrize("account", [{"receive": "webhook"}])


@pytest.fixture
async def gateway(
    valkey_url: str, signal: FakeSignal, account: dict[str, Any], answers: bool
) -> AsyncIterator[Chats]:
    settings = own(signal, webhookSecret=SECRET, **OPEN, **FAST, **account)
    async with Chats(
        valkey_url, {"signal": settings}, plugins={"signal": PLUGIN}, answers=answers
    ) as chats:
        # As RECEIVE_WEBHOOK_URL has it.
        address = chats.url.replace("://", f"://openclaw:{SECRET}@") + WEBHOOK
        if account.get("receive") == "webhook":
            signal.feed.webhook = address
            signal.feed.keeps = False
        else:
            async with asyncio.timeout(10):
                await signal.feed.connected()
        yield chats


async def test_a_long_conversation_is_answered_in_order_and_once(
    gateway: Chats, signal: FakeSignal
) -> None:
    for number in range(TURNS):
        await signal.say(f"/fake say {number}")

    assert await texts_told(signal, TURNS) == [(ADA, str(number)) for number in range(TURNS)]
    assert len(await gateway.run_ids()) == TURNS


@container
@by_webhook
async def test_the_container_may_post_what_people_write(
    gateway: Chats, signal: FakeSignal, account: dict[str, Any]
) -> None:
    for number in range(5):
        await signal.say(f"/fake say {number}")

    assert await texts_told(signal, 5) == [(ADA, str(number)) for number in range(5)]
    assert signal.feed.posts == [200] * 5


@container
async def test_connection_and_webhook_at_once_make_one_run_of_a_message(
    gateway: Chats, signal: FakeSignal
) -> None:
    signal.feed.webhook = gateway.url.replace("://", f"://openclaw:{SECRET}@") + WEBHOOK
    for number in range(5):
        await signal.say(f"/fake say {number}")

    assert sorted(await texts_told(signal, 5)) == [(ADA, str(number)) for number in range(5)]
    assert len(await gateway.run_ids()) == 5


async def test_a_group_is_answered_in_the_group_and_only_where_the_account_is_called(
    gateway: Chats, signal: FakeSignal
) -> None:
    own_id = "bbbbbbbb-0000-4000-8000-000000000002"
    await signal.say("nobody is called", group=GROUP_ID)
    called = f"{PLACEHOLDER} hello"
    await signal.say(called, group=GROUP_ID, mentions=[mention(0, ACCOUNT, own_id)])

    ((to, _),) = await texts_told(signal, 1)
    assert to == f"group:{GROUP_ID}"
    (request,) = await gateway.requests()
    assert request.session_key == f"agent:main:signal:group:{GROUP_ID}"


async def test_who_hides_the_number_is_answered_by_id(gateway: Chats, signal: FakeSignal) -> None:
    await signal.say("/fake say hello", number=None)

    assert await texts_told(signal, 1) == [(ADA_ID, "hello")]


@daemon
async def test_a_photo_is_shown_to_the_model(gateway: Chats, signal: FakeSignal) -> None:
    signal.files["x1.png"] = PIXEL
    files = [{"contentType": "image/png", "filename": "a.png", "id": "x1.png", "size": len(PIXEL)}]
    await signal.say("Look", attachments=files)

    parts = await parts_shown(gateway)
    assert "Look" in parts[0]["text"]
    assert parts[-1]["image_url"]["url"].startswith("data:image/png")


async def test_a_connection_that_breaks_is_had_again(gateway: Chats, signal: FakeSignal) -> None:
    await signal.say("/fake say one")
    await texts_told(signal, 1)
    signal.feed.hang_up()
    await signal.say("/fake say two")

    assert await texts_told(signal, 2) == [(ADA, "one"), (ADA, "two")]
    assert signal.feed.connections == 2


@waiting
@container
@by_webhook
@pytest.mark.parametrize("credentials", ["", "openclaw:wrong@", "openclaw:@", f"{SECRET}:@"])
async def test_a_missing_or_wrong_password_gives_401_and_nothing_is_enqueued(
    gateway: Chats, signal: FakeSignal, credentials: str, answers: bool, account: dict[str, Any]
) -> None:
    signal.feed.webhook = gateway.url.replace("://", f"://{credentials}") + WEBHOOK
    await signal.say("Hello")

    assert signal.feed.posts == [401]
    assert await gateway.run_ids() == []


@waiting
@container
@by_webhook
async def test_a_bearer_of_the_gateway_is_taken_in_place_of_the_password(
    gateway: Chats, signal: FakeSignal, answers: bool, account: dict[str, Any]
) -> None:
    event = {"account": ACCOUNT, "envelope": envelope(5, dataMessage=data(5, "Hello"))}
    for _ in range(2):
        answer = await gateway.client.post(
            gateway.url + WEBHOOK, data=orjson.dumps({"params": event}), headers=OWNER
        )
        assert answer.status == 200
    assert len(await gateway.run_ids()) == 1
