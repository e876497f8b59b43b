"""The ways in which signal-cli tells of messages: streams, and the container's posts."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import orjson
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from openclaw_channels.base import ChannelContext, PermanentFailure, SendFailure
from openclaw_channels.inbound import (
    InboundRequest,
    MediaSource,
    NotAuthentic,
    NotUnderstood,
    Receiver,
    ReceiverFailure,
)
from openclaw_channels.signal import PLUGIN
from openclaw_channels.signal.streams import SseLines
from openclaw_channels.signal.webhook import SignalWebhook
from openclaw_common.contracts.errors import StoreUnavailable
from openclaw_common.contracts.inbound import Attachment, InboundMessage
from tests.fakes.channels.signal import ACCOUNT, FakeSignal
from tests.fakes.channels.signal_container import FakeSignalContainer
from tests.fakes.channels.signal_kinds import KINDS, own
from tests.fakes.channels.signal_people import data, envelope
from tests.integration.channels.trials import account

SECRET = "s3cret"


class Taken:
    """What was made durable. While `away` the store is; while not `going` it takes its time."""

    def __init__(self) -> None:
        self.messages: list[InboundMessage] = []
        self.away = False
        self.going = asyncio.Event()
        self.going.set()
        self.asked = asyncio.Event()
        self._changed = asyncio.Condition()

    async def accept(self, messages: Sequence[InboundMessage], cursor: str | None) -> None:
        self.asked.set()
        await self.going.wait()
        if self.away:
            raise StoreUnavailable
        async with self._changed:
            self.messages += messages
            self._changed.notify_all()

    async def texts(self, count: int) -> list[str]:
        async with asyncio.timeout(5), self._changed:
            await self._changed.wait_for(lambda: len(self.messages) >= count)
        return [item.text for item in self.messages]


def receiver(signal: FakeSignal, context: ChannelContext, **settings: Any) -> Receiver:
    assert PLUGIN.receiver is not None
    made = PLUGIN.receiver(account("signal", **own(signal, **settings)), context)
    assert made is not None
    return made


@asynccontextmanager
async def receiving(
    signal: FakeSignal, context: ChannelContext, taken: Taken, **settings: Any
) -> AsyncIterator[asyncio.Task[None]]:
    already = signal.feed.connections
    task = asyncio.create_task(receiver(signal, context, **settings).receive(None, taken.accept))
    try:
        async with asyncio.timeout(5):
            await signal.feed.connected(already + 1)
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def failure(signal: FakeSignal, context: ChannelContext, **settings: Any) -> ReceiverFailure:
    with pytest.raises(ReceiverFailure) as raised:
        async with asyncio.timeout(5):
            await receiver(signal, context, **settings).receive(None, Taken().accept)
    return raised.value


async def test_messages_come_in_order(signal: FakeSignal, context: ChannelContext) -> None:
    taken = Taken()
    async with receiving(signal, context, taken):
        for number in range(20):
            await signal.say(str(number))
        assert await taken.texts(20) == [str(number) for number in range(20)]


async def test_what_signal_keeps_comes_with_the_next_connection(
    signal: FakeSignal, context: ChannelContext
) -> None:
    taken = Taken()
    async with receiving(signal, context, taken) as task:
        await signal.say("one")
        await taken.texts(1)
        signal.feed.hang_up()
        with pytest.raises(ReceiverFailure) as raised:
            await task
        assert not raised.value.permanent
    await signal.say("two")
    async with receiving(signal, context, taken):
        assert await taken.texts(2) == ["one", "two"]


async def test_an_event_that_cannot_be_read_does_not_stand_in_the_way(
    signal: FakeSignal, context: ChannelContext
) -> None:
    taken = Taken()
    async with receiving(signal, context, taken):
        await signal.feed.push({"dataMessage": {"message": "from nobody"}})
        await signal.say("Hello")
        assert await taken.texts(1) == ["Hello"]


async def test_a_store_that_is_away_is_waited_for(
    signal: FakeSignal, context: ChannelContext
) -> None:
    taken = Taken()
    taken.away = True
    async with receiving(signal, context, taken):
        await signal.say("Hello")
        await taken.asked.wait()
        taken.away = False
        assert await taken.texts(1) == ["Hello"]


async def test_who_leaves_makes_durable_what_has_come(
    signal: FakeSignal, context: ChannelContext
) -> None:
    taken = Taken()
    taken.going.clear()
    async with receiving(signal, context, taken) as task:
        for number in range(5):
            await signal.say(str(number))
        async with asyncio.timeout(5):
            await taken.asked.wait()
            await signal.feed.written(5)
        task.cancel()
        taken.going.set()
        await asyncio.gather(task, return_exceptions=True)

    assert await taken.texts(5) == ["0", "1", "2", "3", "4"]


async def test_a_silent_connection_is_given_up(context: ChannelContext) -> None:
    async with FakeSignal() as signal:
        assert not (await failure(signal, context, idleTimeoutSeconds=1)).permanent


async def test_keep_alives_are_signs_of_life(context: ChannelContext) -> None:
    taken = Taken()
    async with FakeSignal() as signal:
        signal.feed.keep_alive_s = 0.2
        async with receiving(signal, context, taken, idleTimeoutSeconds=1) as task:
            done, _ = await asyncio.wait({task}, timeout=1.5)
            assert not done


async def test_an_account_that_signal_cli_does_not_know_is_a_fault_for_good(
    context: ChannelContext,
) -> None:
    async with FakeSignal() as signal:
        refused = await failure(signal, context, account="+15550009999")

    assert refused.permanent


async def test_a_container_that_does_not_stream_is_not_asked_to(
    container: FakeSignalContainer, context: ChannelContext
) -> None:
    container.mode = "normal"
    refused = await failure(container, context)

    assert refused.permanent
    assert "MODE=json-rpc" in str(refused)
    assert container.violations == []


async def test_a_signal_cli_that_is_away_is_tried_again(context: ChannelContext) -> None:
    for kind in KINDS.values():
        async with kind() as gone:
            pass
        assert not (await failure(gone, context)).permanent


async def test_an_event_that_is_too_large_ends_the_connection(
    signal: FakeSignal, context: ChannelContext
) -> None:
    async with receiving(signal, context, Taken(), maxEventBytes=2000) as task:
        await signal.say("x" * 5000)
        with pytest.raises(ReceiverFailure, match="2000 bytes"):
            await asyncio.wait_for(task, 5)


def test_a_stream_is_cut_into_events_wherever_it_breaks() -> None:
    stream = b":\n\nevent:receive\r\ndata: one\r\n\r\nid:1\ndata:two\ndata:lines\n\ndata:rest"
    expected = [b"one", b"two\nlines"]

    assert SseLines(100).feed(stream) == expected
    lines = SseLines(100)
    assert [event for byte in stream for event in lines.feed(bytes([byte]))] == expected


async def test_only_the_webhook_is_listened_to_where_that_is_wanted(
    container: FakeSignalContainer, context: ChannelContext
) -> None:
    assert PLUGIN.receiver is not None
    settings = own(container, receive="webhook", webhookSecret=SECRET)

    assert PLUGIN.receiver(account("signal", **settings), context) is None


def webhook(**settings: Any) -> SignalWebhook:
    return SignalWebhook(account("signal", account=ACCOUNT, **settings))


async def test_the_password_of_the_containers_url_is_the_webhooks_secret(
    container: FakeSignalContainer,
) -> None:
    reader = webhook(webhookSecret=SECRET)
    read: list[InboundMessage] = []

    async def receive(request: web.Request) -> web.Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        came = InboundRequest(headers, await request.read())
        reader.verify(came)
        inbound = reader.read(came)
        read.extend(inbound.messages)
        return web.Response(status=inbound.answer.status, body=inbound.answer.body)

    app = web.Application()
    app.router.add_post("/hook", receive)
    async with TestServer(app) as server:
        container.feed.webhook = f"http://openclaw:{SECRET}@127.0.0.1:{server.port}/hook"
        await container.say("Hello")

    assert container.feed.posts == [200]
    assert [message.text for message in read] == ["Hello"]


def basic(password: str) -> str:
    return "Basic " + base64.b64encode(f"openclaw:{password}".encode()).decode()


@pytest.mark.parametrize(
    "authorization",
    ["", "Basic", "Basic !", basic("wrong"), basic(""), f"Digest {SECRET}", "Bearer x", "\udcff"],
)
def test_a_missing_or_wrong_secret_is_refused(authorization: str) -> None:
    request = InboundRequest({"authorization": authorization}, b"{}")
    for reader in (webhook(webhookSecret=SECRET), webhook()):
        with pytest.raises(NotAuthentic):
            reader.verify(request)


@pytest.mark.parametrize("authorization", [basic(SECRET), f"Bearer {SECRET}"])
def test_the_secret_is_taken_as_password_or_bearer(authorization: str) -> None:
    webhook(webhookSecret=SECRET).verify(InboundRequest({"authorization": authorization}, b"{}"))


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"params":{"envelope":{"dataMessage":{}}}}'])
def test_a_malformed_body_is_not_understood(body: bytes) -> None:
    with pytest.raises(NotUnderstood):
        webhook().read(InboundRequest({}, body))


async def test_connection_and_webhook_bring_the_same_message_under_the_same_id(
    signal: FakeSignal, context: ChannelContext
) -> None:
    taken = Taken()
    async with receiving(signal, context, taken):
        at = await signal.say("Hello")
        await taken.texts(1)
    event = {"account": ACCOUNT, "envelope": envelope(at, dataMessage=data(at, "Hello"))}
    posted = orjson.dumps({"jsonrpc": "2.0", "method": "receive", "params": event})

    assert webhook().read(InboundRequest({}, posted)).messages == tuple(taken.messages)


def media(signal: FakeSignal, context: ChannelContext) -> MediaSource:
    assert PLUGIN.media is not None
    return PLUGIN.media(account("signal", **own(signal)), context)


async def test_a_file_is_got_by_its_id(signal: FakeSignal, context: ChannelContext) -> None:
    signal.files["a b.png"] = b"\x89PNG"
    picture = Attachment("image", "a b.png", "image/png")

    assert await media(signal, context).fetch(picture, max_bytes=10) == ("image/png", b"\x89PNG")


@pytest.mark.parametrize(
    "attachment",
    [
        Attachment("image", "f", size=9000),
        Attachment("image", "f"),
        Attachment("image", "../f"),
        Attachment("sticker"),
    ],
)
async def test_what_is_too_large_or_gone_fails_for_good(
    signal: FakeSignal, context: ChannelContext, attachment: Attachment
) -> None:
    signal.files["f"] = b"x" * 9000
    with pytest.raises(PermanentFailure):
        await media(signal, context).fetch(attachment, max_bytes=1000)


async def test_the_daemons_files_may_be_larger_than_its_other_answers(
    context: ChannelContext,
) -> None:
    async with FakeSignal() as signal:
        signal.files["f"] = b"x" * 2_000_000
        found = await media(signal, context).fetch(Attachment("document", "f"), max_bytes=2_500_000)
        assert len(found[1]) == 2_000_000
        with pytest.raises(SendFailure):
            await media(signal, context).fetch(Attachment("document", "f"), max_bytes=1000)
