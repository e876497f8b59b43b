"""Who may post to a channel's paths, and what everybody else is answered (contract §7.5)."""

from __future__ import annotations

import asyncio
from io import BytesIO
from typing import Any

import aiohttp
import pytest
from yarl import URL

from tests.fakes.channels.faults import Fault
from tests.fakes.channels.parrot import SECRET, FakeParrot, Written
from tests.harness.chats import OWNER, Chats

WEBHOOK = "/api/channels/parrot/webhook"


@pytest.fixture
def answers() -> bool:
    return False


async def status_of(chats: Chats, path: str, headers: dict[str, str], **options: Any) -> int:
    url = URL(chats.url + path, encoded=True)
    async with chats.client.post(url, headers=headers, **options) as answer:
        assert answer.content_type == "application/json" or answer.status == 200
        return answer.status


@pytest.mark.parametrize("headers", [{}, {"x-parrot-secret": "wrong"}])
async def test_what_the_platform_has_not_signed_is_refused_and_enqueues_nothing(
    chats: Chats, parrot: FakeParrot, headers: dict[str, str]
) -> None:
    answer = await parrot.post(chats.client, chats.url + WEBHOOK, Written(event=1), headers=headers)
    assert answer.status == 401
    assert await chats.run_ids() == []


@pytest.mark.parametrize(
    "path",
    [
        "/api/channels/parrot/nothing",
        "/api/channels/crow/webhook",
        "/api/channels/parrot",
        "/api/channels",
        "/%2fapi%2fchannels/parrot/nothing",
        "/%252fapi%252fchannels/parrot/nothing",
        "//api//channels/parrot/webhook/",
        "/v1/../api/channels/parrot/nothing",
        "/api/%63hannels/parrot/nothing",
        "/API/channels/x",
    ],
)
async def test_other_paths_of_channels_are_unknown_to_those_alone_who_may_ask(
    chats: Chats, path: str
) -> None:
    secret = {"x-parrot-secret": SECRET}
    assert await status_of(chats, path, secret, data=b"[]") == 401
    assert await status_of(chats, path, OWNER, data=b"[]") == 404


@pytest.mark.parametrize("path", ["/api/channels", "/API%2fchannels/parrot/nothing"])
async def test_a_request_that_names_the_whole_url_is_asked_too(chats: Chats, path: str) -> None:
    request = f"GET {chats.url}{path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    reader, writer = await asyncio.open_connection("127.0.0.1", URL(chats.url).port)
    async with asyncio.timeout(5):
        writer.write(request.encode())
        status = await reader.readline()
        await reader.read()
    writer.close()
    assert status.split()[1] == b"401"


@pytest.mark.parametrize(
    "path", [WEBHOOK, "/api/channels/parrot/default/webhook", "/parrot/events"]
)
async def test_an_account_has_its_own_path_and_the_default_one_further_paths(
    chats: Chats, parrot: FakeParrot, path: str
) -> None:
    answer = await parrot.post(chats.client, chats.url + path, Written(event=1))
    assert answer.status == 200
    assert len(await chats.run_ids()) == 1


async def test_the_gateways_bearer_may_stand_for_the_platform(
    chats: Chats, parrot: FakeParrot
) -> None:
    answer = await parrot.post(chats.client, chats.url + WEBHOOK, Written(event=1), headers=OWNER)
    assert answer.status == 200
    assert len(await chats.run_ids()) == 1


async def test_a_body_that_is_none_of_the_platforms_is_refused(chats: Chats) -> None:
    headers = {"x-parrot-secret": SECRET}
    assert await status_of(chats, WEBHOOK, headers, data=b"{") == 400
    assert await status_of(chats, WEBHOOK, headers, data=BytesIO(b"x" * 1_048_577)) == 413


async def test_other_methods_are_not_allowed(chats: Chats) -> None:
    async with chats.client.get(chats.url + WEBHOOK) as answer:
        assert (answer.status, answer.headers["Allow"]) == (405, "POST")


@pytest.mark.parametrize("settings", [{"inbound": {"failureAttempts": 3}}])
async def test_an_address_that_keeps_guessing_is_told_to_wait_and_keeps_out_no_valid_webhook(
    chats: Chats, parrot: FakeParrot, settings: dict[str, Any]
) -> None:
    url = chats.url + WEBHOOK
    wrong = {"x-parrot-secret": "wrong"}
    asked = [
        (await parrot.post(chats.client, url, Written(event=1), headers=wrong)).status
        for _ in range(5)
    ]
    assert asked[:3] == [401] * 3
    assert asked[-1] == 429
    assert (await parrot.post(chats.client, url, Written(event=1))).status == 200


@pytest.mark.parametrize("settings", [{"runs": {"maxQueued": 1, "maxQueuedPerSession": 1}}])
async def test_a_fleet_that_is_full_lets_the_platform_come_again(
    chats: Chats, parrot: FakeParrot, settings: dict[str, Any]
) -> None:
    url = chats.url + WEBHOOK
    assert (await parrot.post(chats.client, url, Written(event=1))).status == 200
    answer = await parrot.post(chats.client, url, Written(event=2, chat="43", sender="8"))
    assert answer.status == 503
    assert "Retry-After" in answer.headers


@pytest.mark.parametrize(
    "settings", [{"runs": {"maxQueuedPerSession": 1}, "session": {"dmScope": "per-peer"}}]
)
async def test_a_chat_that_is_full_is_told_so_and_holds_up_no_other(
    chats: Chats, parrot: FakeParrot, settings: dict[str, Any]
) -> None:
    answer = await parrot.post(
        chats.client,
        chats.url + WEBHOOK,
        Written(event=1),
        Written(event=2),
        Written(event=3, chat="43", sender="8"),
    )
    assert answer.status == 200
    assert len(await chats.run_ids()) == 2
    async with asyncio.timeout(5):
        (notice,) = await parrot.taken(1)
    assert notice.text.startswith("Too many messages wait")


@pytest.mark.parametrize("settings", [{"inbound": {"maxQueuedNotices": 3}}])
async def test_who_writes_commands_without_end_is_answered_no_faster_than_the_platform_takes(
    chats: Chats, parrot: FakeParrot, settings: dict[str, Any]
) -> None:
    parrot.plan(Fault.hang())
    commands = [Written("/status", event=number) for number in range(1, 41)]
    answer = await parrot.post(chats.client, chats.url + WEBHOOK, *commands)
    assert answer.status == 200
    key = chats.store.keys.index("delivery")
    assert await chats.store.client.execute("ZCARD", key) == 3
    parrot.let_go()


async def test_a_webhook_is_taken_while_redis_is_away_only_once_it_is_back(
    chats: Chats, parrot: FakeParrot
) -> None:
    await chats.store.client.execute("CLIENT", "PAUSE", 4000, "WRITE")
    answer = await parrot.post(chats.client, chats.url + WEBHOOK, Written(event=1))
    assert answer.status == 503
    async with asyncio.timeout(10):
        while answer.status != 200:
            answer = await parrot.post(chats.client, chats.url + WEBHOOK, Written(event=1))
    assert len(await chats.run_ids()) == 1


async def test_clients_see_no_more_of_the_path_than_that_it_is_refused(chats: Chats) -> None:
    async with aiohttp.ClientSession() as client, client.get(f"{chats.url}/openapi.json") as answer:
        document = await answer.json()
    assert "/api/channels/{channel}/{path}" in document["paths"]
