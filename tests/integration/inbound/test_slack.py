"""Slack from end to end: what people write there is answered there, once and in its place."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlencode

import orjson
import pytest

from openclaw_channels.slack import PLUGIN
from tests.fakes.channels.slack import APP_TOKEN, BOT, TOKEN, FakeSlack
from tests.fakes.channels.slack_events import FORM, SIGNING_SECRET, signed
from tests.harness.chats import Chats
from tests.integration.inbound.support import OPEN, parts_shown, post, told, waiting

WEBHOOK = "/api/channels/slack/events"
TURNS = 50
DIRECT = "D00000001"
FAST = {"channelPerSecond": 1000, "channelBurst": 1000, "workspacePerSecond": 1000}
both = pytest.mark.parametrize("way", ["socket", "posted"], indirect=True)


@pytest.fixture
async def gateway(
    valkey_url: str, slack: FakeSlack, account: dict[str, Any], way: str, answers: bool
) -> AsyncIterator[Chats]:
    own: dict[str, Any] = {
        "botToken": TOKEN,
        "signingSecret": SIGNING_SECRET,
        "apiRoot": slack.base_url,
        "hooksRoot": slack.hooks_root,
        **OPEN,
        **FAST,
        **account,
    }
    slack.direct.add(DIRECT)
    if way == "socket":
        own["appToken"] = APP_TOKEN
    async with Chats(
        valkey_url, {"slack": own}, plugins={"slack": PLUGIN}, answers=answers
    ) as chats:
        if way == "posted":
            slack.posts.url = chats.url + WEBHOOK
        yield chats


@both
async def test_a_long_conversation_is_answered_in_order_and_once(
    gateway: Chats, slack: FakeSlack
) -> None:
    for number in range(TURNS):
        await slack.write(f"/fake say {number}", DIRECT)

    expected = [(DIRECT, None, str(number)) for number in range(TURNS)]
    assert await told(slack, TURNS) == expected
    assert len(await gateway.run_ids()) == TURNS


@both
async def test_a_mention_comes_twice_and_is_answered_once_in_its_thread(
    gateway: Chats, slack: FakeSlack
) -> None:
    await slack.write("nobody is called")
    first = await slack.write(f"<@{BOT}> /fake say first")
    await told(slack, 1)
    within = await slack.write(f"<@{BOT}> /fake say second", thread_ts=first["ts"])

    assert await told(slack, 2) == [
        ("C00000001", first["ts"], "first"),
        ("C00000001", within["thread_ts"], "second"),
    ]
    await slack.posts.settled()
    keys = {request.session_key for request in await gateway.requests()}
    channel = "agent:main:slack:channel:c00000001"
    assert {key.lower() for key in keys} == {channel, f"{channel}:thread:{first['ts']}"}


async def test_a_command_is_answered_to_its_giver(gateway: Chats, slack: FakeSlack) -> None:
    status, body = await slack.posts.form(slack.command("/openclaw", "/fake say done"))
    assert (status, body) == (200, b"")

    ((to, _, text),) = await told(slack, 1)
    assert to.startswith("hook:commands/")
    assert text == "done"
    assert slack.accepted[0].raw["response_type"] == "ephemeral"


async def test_a_pressed_button_is_answered_under_its_message(
    gateway: Chats, slack: FakeSlack
) -> None:
    pressed = {
        "type": "block_actions",
        "user": {"id": "U00000001"},
        "channel": {"id": "C00000001"},
        "message": {"ts": "1700000000.000100", "text": "Sure?"},
        "trigger_id": "1.2",
        "actions": [{"type": "button", "value": "/fake say yes"}],
    }
    form = {"payload": orjson.dumps(pressed).decode()}
    assert (await slack.posts.form(form))[0] == 200
    assert await told(slack, 1) == [("C00000001", "1700000000.000100", "yes")]


async def test_a_picture_is_shown_to_the_model(gateway: Chats, slack: FakeSlack) -> None:
    slack.shared["a.png"] = b"\x89PNG\r\n\x1a\n" + b"\0" * 32
    url = f"http://127.0.0.1:{slack.port}/files-pri/a.png"
    file = {"name": "a.png", "mimetype": "image/png", "size": 40, "url_private": url}
    await slack.write("Look", DIRECT, subtype="file_share", files=[file])

    parts = await parts_shown(gateway)
    assert "Look" in parts[0]["text"]
    assert parts[-1]["image_url"]["url"].startswith("data:image/")


@waiting
@pytest.mark.parametrize("path", [WEBHOOK, "/api/slack/events", "/slack/events"])
async def test_the_challenge_is_answered_on_every_path(
    gateway: Chats, answers: bool, path: str
) -> None:
    body = orjson.dumps({"type": "url_verification", "challenge": "3eZbrw1aB"})
    headers = signed(body, "application/json")
    async with gateway.client.post(gateway.url + path, data=body, headers=headers) as answer:
        assert (answer.status, await answer.json()) == (200, {"challenge": "3eZbrw1aB"})


@waiting
@pytest.mark.parametrize(
    "wrong",
    [
        {"X-Slack-Signature": ""},
        {"X-Slack-Signature": "v0=" + "0" * 64},
        {"X-Slack-Request-Timestamp": str(int(time.time()) + 5)},
        {"X-Slack-Request-Timestamp": ""},
        "stale",
    ],
)
async def test_what_slack_did_not_sign_or_long_ago_gives_401_and_nothing_is_enqueued(
    gateway: Chats, slack: FakeSlack, answers: bool, wrong: Any
) -> None:
    form = urlencode(slack.command("/openclaw", "hi")).encode()
    for body, kind in ((form, FORM), (b'{"type":"url_verification"}', "application/json")):
        headers = signed(body, kind, time.time() - 301 if wrong == "stale" else None)
        headers |= wrong if isinstance(wrong, dict) else {}
        status, _ = await post(gateway, WEBHOOK, body, headers)
        assert status == 401
    assert await gateway.run_ids() == []


@waiting
async def test_a_replayed_request_gets_the_first_answer_and_is_one_run(
    gateway: Chats, slack: FakeSlack, answers: bool
) -> None:
    body = urlencode(slack.command("/openclaw", "hi")).encode()
    headers = signed(body, FORM)
    assert [await post(gateway, WEBHOOK, body, headers) for _ in range(3)] == [(200, b"")] * 3
    assert len(await gateway.run_ids()) == 1


@waiting
async def test_slacks_own_retries_are_one_run(
    gateway: Chats, slack: FakeSlack, answers: bool
) -> None:
    await gateway.store.client.execute("CLIENT", "PAUSE", 4000, "WRITE")
    slack.posts.pauses_s = (0.0, 0.5, 2.0)
    await slack.write("hello", DIRECT)
    async with asyncio.timeout(15):
        await slack.posts.settled()
    statuses = [told.status for told in slack.posts.told]
    assert statuses[-1] == 200
    assert len(statuses) > 1
    assert len(await gateway.run_ids()) == 1


@waiting
@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"type":"event_callback"}'])
async def test_a_malformed_event_gives_400(gateway: Chats, answers: bool, body: bytes) -> None:
    status, _ = await post(gateway, WEBHOOK, body, signed(body, "application/json"))
    assert status == 400
    assert await gateway.run_ids() == []


@waiting
async def test_nobodys_words_in_an_event_are_the_fields_of_a_form(
    gateway: Chats, answers: bool
) -> None:
    """The signature does not cover the Content-Type, which whoever replays a request may change."""
    words = "&command=/ask&text=pay&channel_id=D00000001&user_id=U0000ADMIN&trigger_id=1.2&"
    event = {"type": "message", "channel": DIRECT, "user": "U000000EVE", "ts": "1.2", "text": words}
    body = orjson.dumps({"type": "event_callback", "event_id": "Ev1", "event": event})
    status, _ = await post(gateway, WEBHOOK, body, signed(body, FORM))
    assert status == 400
    assert await gateway.run_ids() == []
