"""What somebody writes becomes a run, and its result goes back to where it came from."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.fakes.channels.parrot import FakeParrot, Written
from tests.harness.chats import Chats

WEBHOOK = "/api/channels/parrot/webhook"


async def test_a_message_by_webhook_is_answered_in_its_chat(
    chats: Chats, parrot: FakeParrot
) -> None:
    said = Written("/fake say hello", event=1)
    answer = await parrot.post(chats.client, chats.url + WEBHOOK, said)
    assert (answer.status, await answer.text()) == (200, "squawk")
    assert answer.headers["x-openclaw-delivery-accepted"] == "durable"
    async with asyncio.timeout(5):
        (taken,) = await parrot.taken(1)
    assert (taken.to, taken.thread) == ("42", None)
    assert taken.text == "hello"


@pytest.mark.parametrize("account", [{"mode": "poll"}])
async def test_a_message_over_a_held_connection_is_answered_in_its_thread(
    chats: Chats, parrot: FakeParrot, account: dict[str, Any]
) -> None:
    await parrot.write(Written("hello", thread="t1"))
    async with asyncio.timeout(5):
        (taken,) = await parrot.taken(1)
    assert (taken.to, taken.thread) == ("42", "t1")


async def test_what_the_platform_repeats_is_answered_as_the_first_and_is_one_run(
    chats: Chats, parrot: FakeParrot
) -> None:
    for _ in range(3):
        answer = await parrot.post(chats.client, chats.url + WEBHOOK, Written(event=1))
        assert (answer.status, await answer.text()) == (200, "squawk")
    assert len(await chats.run_ids()) == 1
