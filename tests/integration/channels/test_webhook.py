"""Signed webhooks: what receivers verify, and whom they may go to."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator, Callable
from email.utils import formatdate
from pathlib import Path
from time import time
from typing import Any

import aiohttp
import openai
import orjson
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from openclaw_channels.base import (
    AnswerLost,
    ChannelContext,
    ChannelError,
    Message,
    OutboundChannel,
    PermanentFailure,
    RateLimited,
    Receipt,
    TemporaryFailure,
)
from openclaw_channels.webhook import PLUGIN
from openclaw_common.contracts.delivery import Destination, Media
from openclaw_common.runtime.config.egress import Egress as EgressLimits
from openclaw_common.runtime.egress.fetch import Egress
from tests.fakes.channels.platform import Fault
from tests.fakes.channels.webhook import SECRET, FakeWebhook
from tests.integration.channels.trials import account, channel_context
from tests.integration.egress.certificates import contexts

Make = Callable[..., OutboundChannel]
BILLING = Destination("webhook", "billing")
OTHER_SECRET = "whsec_" + base64.b64encode(b"another secret of enough bytes").decode()
KEY = "ab" * 32


@pytest.fixture
async def hook() -> AsyncIterator[FakeWebhook]:
    async with FakeWebhook() as hook:
        yield hook


@pytest.fixture
async def context(hook: FakeWebhook) -> AsyncIterator[ChannelContext]:
    async with channel_context(f"127.0.0.1:{hook.port}") as context:
        yield context


@pytest.fixture
def make(hook: FakeWebhook, context: ChannelContext) -> Make:
    def make(**settings: Any) -> OutboundChannel:
        endpoint = {"url": hook.base_url, "secret": SECRET, **settings.pop("endpoint", {})}
        own = {"endpoints": {"billing": endpoint}, **settings}
        return PLUGIN.outbound(account("webhook", **own), context)

    return make


async def tell(
    channel: OutboundChannel, message: Message, destination: Destination = BILLING
) -> Receipt:
    async with asyncio.timeout(10):
        (part,) = channel.parts(message)
        return await channel.send(await channel.resolve(destination), part, send_key=KEY)


def unwrapped(hook: FakeWebhook, secret: str = SECRET) -> Any:
    """Return what the stock OpenAI SDK makes of the last webhook."""
    raw = hook.accepted[-1].raw
    client = openai.OpenAI(api_key="none")
    return client.webhooks.unwrap(raw["body"], raw["headers"], secret=secret)


async def test_the_openai_sdk_verifies_and_reads_the_end_of_a_response(
    hook: FakeWebhook, make: Make
) -> None:
    event = Message('{"id":"resp_123","status":"completed"}', event="response.completed")
    await tell(make(), event)
    read = unwrapped(hook)
    assert type(read).__name__ == "ResponseCompletedWebhookEvent"
    assert (read.type, read.data.id, read.object) == ("response.completed", "resp_123", "event")
    assert abs(read.created_at - time()) < 60


async def test_the_openai_sdk_verifies_events_it_does_not_know(
    hook: FakeWebhook, make: Make
) -> None:
    await tell(make(), Message('{"run_id":"run_1"}', event="run.completed"))
    assert unwrapped(hook).data.run_id == "run_1"


async def test_the_openai_sdk_refuses_another_secret(hook: FakeWebhook, make: Make) -> None:
    await tell(make(), Message("{}", event="run.completed"))
    with pytest.raises(openai.InvalidWebhookSignatureError):
        unwrapped(hook, OTHER_SECRET)


async def test_both_secrets_sign_while_one_replaces_the_other(
    hook: FakeWebhook, make: Make
) -> None:
    own = {"endpoint": {"secret": OTHER_SECRET, "previousSecret": SECRET}}
    await tell(make(**own), Message("{}", event="run.completed"))
    assert unwrapped(hook, SECRET).type == unwrapped(hook, OTHER_SECRET).type == "run.completed"


async def test_an_ordinary_message_is_told_with_its_attachments(
    hook: FakeWebhook, make: Make
) -> None:
    media = Media("image/png", url="https://example.com/a.png")
    await tell(make(), Message("Hello.", media=(media,), reply_to="1"))
    assert hook.accepted[0].raw["type"] == "message"
    assert orjson.loads(hook.accepted[0].text) == {
        "text": "Hello.",
        "media": [{"mime": "image/png", "url": "https://example.com/a.png"}],
        "reply_to": "1",
    }


async def test_a_repeated_webhook_has_the_same_id(hook: FakeWebhook, make: Make) -> None:
    hook.plan(Fault.reset_after())
    with pytest.raises(AnswerLost):
        await tell(make(), Message("once"))
    receipt = await tell(make(), Message("once"))
    assert receipt == Receipt(f"msg_{KEY[:32]}", 202)
    assert len(hook.accepted) == 1


@pytest.mark.parametrize("status", [400, 410, 413, 422])
async def test_a_receiver_that_will_never_take_it_fails_it(
    hook: FakeWebhook, make: Make, status: int
) -> None:
    hook.plan(Fault.permanent(str(status)))
    with pytest.raises(PermanentFailure) as failed:
        await tell(make(), Message("hello"))
    assert failed.value.http_status == status


@pytest.mark.parametrize("status", [401, 404, 408, 409, 500, 502, 503, 504])
async def test_a_receiver_that_may_take_it_later_is_told_again(
    hook: FakeWebhook, make: Make, status: int
) -> None:
    hook.plan(Fault.permanent(str(status)))
    with pytest.raises(TemporaryFailure) as failed:
        await tell(make(), Message("hello"))
    assert failed.value.http_status == status


async def test_a_redirect_is_not_followed(hook: FakeWebhook, make: Make) -> None:
    hook.plan(Fault.permanent("307"))
    with pytest.raises(PermanentFailure, match="Redirects are not followed"):
        await tell(make(), Message("hello"))
    assert len(hook.attempts) == 1


@pytest.mark.parametrize(
    ("retry_after", "seconds"),
    [("7", 7.0), ("100000", 3600.0), ("", 30.0), ("soon", 30.0), ("date", 20.0)],
)
async def test_the_wait_that_a_receiver_asks_for_is_kept(
    context: ChannelContext, retry_after: str, seconds: float
) -> None:
    async def answer(_: web.Request) -> web.Response:
        value = formatdate(time() + 20, usegmt=True) if retry_after == "date" else retry_after
        return web.Response(status=429, headers={"Retry-After": value} if value else {})

    app = web.Application()
    app.router.add_post("/", answer)
    async with TestServer(app) as server, channel_context(f"127.0.0.1:{server.port}") as trusting:
        endpoints = {"billing": {"url": str(server.make_url("/")), "secret": SECRET}}
        channel = PLUGIN.outbound(account("webhook", endpoints=endpoints), trusting)
        with pytest.raises(RateLimited) as limited:
            await tell(channel, Message("hello"))
    assert limited.value.retry_after_s == pytest.approx(seconds, abs=2)


async def test_a_receiver_that_hangs_may_have_been_told(hook: FakeWebhook, make: Make) -> None:
    hook.plan(Fault.hang())
    with pytest.raises(AnswerLost):
        await tell(make(timeoutMs=200), Message("hello"))


async def test_a_private_address_is_refused_unless_the_operator_trusts_it(
    hook: FakeWebhook, make: Make
) -> None:
    async with channel_context() as wary:
        endpoints = {"billing": {"url": hook.base_url, "secret": SECRET}}
        channel = PLUGIN.outbound(account("webhook", endpoints=endpoints), wary)
        with pytest.raises(PermanentFailure, match="billing cannot be told"):
            await tell(channel, Message("hello"))
    assert hook.attempts == []


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "intranet.corp", "169.254.169.254"])
async def test_urls_of_strangers_into_the_inside_get_the_words_for_unknown_hosts(
    make: Make, host: str
) -> None:
    channel = make(allowUrls=True, secret=SECRET)
    with pytest.raises(TemporaryFailure, match="This host has no public address"):
        await tell(channel, Message("hello"), Destination("webhook", f"https://{host}/hook"))


async def test_a_url_is_told_where_urls_are_allowed(
    hook: FakeWebhook, make: Make, tmp_path: Path
) -> None:
    server_tls, client_tls = contexts(tmp_path, "localhost")
    told: list[bytes] = []

    async def answer(request: web.Request) -> web.Response:
        told.append(await request.read())
        return web.Response()

    app = web.Application()
    app.router.add_post("/hook", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=server_tls).start()
    port = runner.addresses[0][1]
    async with aiohttp.ClientSession() as http:
        trusting = Egress(EgressLimits(allow_private_hosts=(f"localhost:{port}",)), tls=client_tls)
        own = account("webhook", allowUrls=True, secret=SECRET)
        channel = PLUGIN.outbound(own, ChannelContext(http, trusting))
        url = f"https://localhost:{port}/hook"
        await tell(channel, Message("hello"), Destination("webhook", url))
    await runner.cleanup()
    assert len(told) == 1


async def test_a_url_is_refused_where_urls_are_not_allowed(make: Make) -> None:
    with pytest.raises(PermanentFailure, match="allowUrls"):
        await make().resolve(Destination("webhook", "https://example.com/"))


async def test_an_unknown_endpoint_says_what_to_do(make: Make) -> None:
    with pytest.raises(PermanentFailure, match=r"endpoints has no nobody; add it"):
        await make().resolve(Destination("webhook", "nobody"))


@pytest.mark.parametrize(
    ("settings", "fault"),
    [
        ({}, "has no receiver"),
        ({"allowUrls": True}, "allowUrls needs secret"),
        ({"endpoints": {"a": {"url": "https://a.com"}}}, "endpoints.a has no secret"),
        ({"allowUrls": True, "secret": "plain"}, "secret: must be whsec_"),
        ({"allowUrls": True, "secret": "whsec_c2hvcnQ="}, "secret: must be whsec_"),
        ({"endpoints": {"a": {"url": "ftp://a"}}, "secret": SECRET}, "endpoints.a.url: The URL"),
    ],
)
async def test_settings_that_cannot_work_are_refused(
    context: ChannelContext, settings: dict[str, Any], fault: str
) -> None:
    with pytest.raises(ChannelError, match=fault):
        PLUGIN.outbound(account("webhook", **settings), context)
