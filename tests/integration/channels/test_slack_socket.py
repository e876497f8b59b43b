"""Socket mode against a Slack on this host, and that Slack against the official client."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.async_client import AsyncBaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse
from slack_sdk.web.async_client import AsyncWebClient

from openclaw_channels.base import ChannelContext, ChannelError
from openclaw_channels.inbound import Receiver, ReceiverFailure
from openclaw_channels.slack import PLUGIN
from openclaw_common.contracts.errors import StoreUnavailable
from tests.fakes.channels.slack import APP_TOKEN, BOT, TOKEN, FakeSlack
from tests.integration.channels.receiving import Taken, failure_of, receiving
from tests.integration.channels.trials import account

Make = Callable[..., Receiver | None]


@pytest.fixture
def make(slack: FakeSlack, context: ChannelContext) -> Make:
    def make(**settings: object) -> Receiver | None:
        own = {"botToken": TOKEN, "appToken": APP_TOKEN, "apiRoot": slack.base_url}
        assert PLUGIN.receiver is not None
        return PLUGIN.receiver(
            account("slack", **own, hooksRoot=slack.hooks_root, **settings), context
        )

    return make


async def test_events_commands_and_buttons_come_in_and_are_acknowledged(
    slack: FakeSlack, make: Make
) -> None:
    taken = Taken()
    async with receiving(make(), taken), asyncio.timeout(10):
        await slack.sockets.connected()
        await slack.write(f"<@{BOT}> hello")
        await slack.sockets.send("slash_commands", dict(slack.command("/stop", "")))
        pressed = {
            "type": "block_actions",
            "user": {"id": "U00000001"},
            "channel": {"id": "C00000001"},
            "trigger_id": "1.2",
            "actions": [{"type": "button", "value": "yes"}],
        }
        await slack.sockets.send("interactive", pressed)
        await taken.wait(4)
        for envelope in slack.sockets.envelopes:
            await envelope.acked.wait()
    assert taken.texts == ["hello", "hello", "/stop", "yes"]
    assert taken.messages[0].event_id == taken.messages[1].event_id


async def test_what_a_command_is_told_at_once_goes_with_the_acknowledgement(
    slack: FakeSlack, make: Make
) -> None:
    async with receiving(make(), Taken()), asyncio.timeout(10):
        await slack.sockets.connected()
        form = dict(slack.command("/openclaw", ""))
        envelope = await slack.sockets.send("slash_commands", form, answers=True)
        await envelope.acked.wait()
    assert envelope.answer["response_type"] == "ephemeral"


async def test_nothing_is_acknowledged_before_it_is_durable(slack: FakeSlack, make: Make) -> None:
    taken = Taken()
    taken.fails = StoreUnavailable()
    async with receiving(make(), taken) as task:
        await slack.write("kept")
        with pytest.raises(StoreUnavailable):
            await asyncio.wait_for(task, 10)
    (envelope,) = slack.sockets.envelopes
    assert not envelope.acked.is_set()
    async with receiving(make(), taken), asyncio.timeout(10):
        await envelope.acked.wait()
    assert taken.texts == ["kept"]
    assert envelope.times == 2


@pytest.mark.parametrize("reason", ["warning", "refresh_requested"])
async def test_a_connection_that_slack_ends_is_followed_by_another(
    slack: FakeSlack, make: Make, reason: str
) -> None:
    taken = Taken()
    async with receiving(make(), taken), asyncio.timeout(10):
        await slack.sockets.connected()
        await slack.write("before")
        await taken.wait(1)
        await slack.sockets.ask_to_leave(reason)
        await slack.sockets.connected(2)
        await slack.write("after")
        await taken.wait(2)
    # Slack may send again what the first connection had no time to acknowledge.
    assert list(dict.fromkeys(taken.texts)) == ["before", "after"]


async def test_a_connection_that_breaks_is_told_to_who_holds_the_lease(
    slack: FakeSlack, make: Make
) -> None:
    async with receiving(make(), Taken()) as task:
        async with asyncio.timeout(10):
            await slack.sockets.connected()
        await slack.sockets.drop()
        with pytest.raises(ReceiverFailure) as failed:
            await asyncio.wait_for(task, 10)
    assert not failed.value.permanent


async def test_socket_mode_that_is_switched_off_is_for_good(slack: FakeSlack, make: Make) -> None:
    async with receiving(make(), Taken()) as task:
        async with asyncio.timeout(10):
            await slack.sockets.connected()
        await slack.sockets.ask_to_leave("link_disabled")
        with pytest.raises(ReceiverFailure) as failed:
            await asyncio.wait_for(task, 10)
    assert failed.value.permanent
    assert "switch it on" in str(failed.value)


async def test_too_many_connections_are_waited_for(slack: FakeSlack, make: Make) -> None:
    async with receiving(make(), Taken()) as task:
        async with asyncio.timeout(10):
            await slack.sockets.connected()
        await slack.sockets.ask_to_leave("too_many_websockets")
        with pytest.raises(ReceiverFailure, match="too_many_websockets") as failed:
            await asyncio.wait_for(task, 10)
    assert not failed.value.permanent


async def test_a_token_that_is_not_taken_is_for_good_and_not_told(
    slack: FakeSlack, make: Make
) -> None:
    slack.app_token = "changed"
    failure = await failure_of(make())
    assert failure.permanent
    assert "channels.slack.appToken" in str(failure)
    assert APP_TOKEN not in str(failure)


async def test_a_slack_that_is_away_is_tried_again_later(context: ChannelContext) -> None:
    assert PLUGIN.receiver is not None
    own = account("slack", botToken="x", appToken="y", apiRoot="http://127.0.0.1:9/api")
    assert not (await failure_of(PLUGIN.receiver(own, context))).permanent


async def test_an_envelope_that_makes_no_sense_is_acknowledged_and_passed_over(
    slack: FakeSlack, make: Make
) -> None:
    taken = Taken()
    async with receiving(make(), taken), asyncio.timeout(10):
        await slack.sockets.connected()
        strange = await slack.sockets.send("events_api", {"type": "event_callback"})
        await strange.acked.wait()
        await slack.write("hello")
        await taken.wait(1)
    assert taken.texts == ["hello"]


def test_the_socket_is_held_where_there_is_an_app_token(make: Make, slack: FakeSlack) -> None:
    assert make() is not None
    assert make(mode="http") is None


async def test_socket_mode_without_an_app_token_says_what_is_missing(
    context: ChannelContext,
) -> None:
    assert PLUGIN.receiver is not None
    with pytest.raises(ChannelError, match="appToken"):
        PLUGIN.receiver(account("slack", botToken="x", mode="socket"), context)


async def test_the_fake_serves_the_official_client(slack: FakeSlack) -> None:
    web = AsyncWebClient(base_url=slack.base_url + "/")
    client = SocketModeClient(APP_TOKEN, web_client=web, ping_interval=1)
    seen: asyncio.Queue[str] = asyncio.Queue()

    async def listen(client: AsyncBaseSocketModeClient, request: SocketModeRequest) -> None:
        await client.send_socket_mode_response(SocketModeResponse(request.envelope_id))
        seen.put_nowait(request.payload["event"]["text"])

    client.socket_mode_request_listeners.append(listen)
    try:
        async with asyncio.timeout(10):
            await client.connect()  # type: ignore[no-untyped-call]
            await slack.write("hello")
            assert await seen.get() == "hello"
            await slack.sockets.envelopes[0].acked.wait()
    finally:
        await client.close()  # type: ignore[no-untyped-call]
