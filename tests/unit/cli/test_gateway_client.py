"""Streams outlive their connection; every failure says what to do."""

from __future__ import annotations

import asyncio

import pytest

from openclaw_cli.errors import CommandFailed
from openclaw_cli.event_stream import ServerSentEvent
from openclaw_cli.gateway_client import GatewayClient, StreamRequest
from openclaw_cli.target import Target
from tests.harness.processes import free_port
from tests.unit.cli.gateway import ScriptedGateway, answer, error, stream

EVENTS = StreamRequest("GET", "/events")


async def _data(gateway: ScriptedGateway, request: StreamRequest = EVENTS) -> list[str]:
    def is_last(event: ServerSentEvent) -> bool:
        return event.data == "end"

    async with asyncio.timeout(5), GatewayClient(Target(gateway.url, "secret")) as client:
        return [event.data async for event in client.events(request, is_last=is_last)]


async def test_a_stream_that_is_cut_goes_on_behind_the_last_event_that_came() -> None:
    script = ScriptedGateway(
        stream("id: 1\ndata: a\n\nid: 2\ndata: b\n\nid: 3\nda", cut=True),
        stream("id: 3\ndata: c\n\nid: 4\ndata: end\n\n"),
    )
    async with script.serving() as gateway:
        assert await _data(gateway) == ["a", "b", "c", "end"]
    assert "Last-Event-ID" not in gateway.headers[0]
    assert gateway.headers[1]["Last-Event-ID"] == "2"


async def test_a_stream_that_ends_early_in_good_order_goes_on_too() -> None:
    script = ScriptedGateway(stream("id: 1\ndata: a\n\n"), stream("id: 2\ndata: end\n\n"))
    async with script.serving() as gateway:
        assert await _data(gateway) == ["a", "end"]


async def test_a_gateway_that_drains_while_we_come_back_is_waited_for() -> None:
    script = ScriptedGateway(
        stream("id: 1\ndata: a\n\n", cut=True),
        error(503, "draining", "gateway_unavailable"),
        stream("id: 2\ndata: end\n\n"),
    )
    async with script.serving() as gateway:
        assert await _data(gateway) == ["a", "end"]


async def test_a_stream_can_begin_behind_an_event() -> None:
    async with ScriptedGateway(stream("id: 8\ndata: end\n\n")).serving() as gateway:
        assert await _data(gateway, StreamRequest("GET", "/events", after="7")) == ["end"]
    assert gateway.headers[0]["Last-Event-ID"] == "7"


async def test_what_will_not_get_better_is_not_asked_for_again() -> None:
    script = ScriptedGateway(
        stream("id: 1\ndata: a\n\n", cut=True),
        error(410, "The events of this run are no longer kept.", "stream_expired"),
    )
    async with script.serving() as gateway:
        with pytest.raises(CommandFailed, match="no longer kept"):
            await _data(gateway)


async def test_the_token_is_sent_as_a_bearer() -> None:
    async with (
        ScriptedGateway(answer({"ready": True})).serving() as gateway,
        GatewayClient(Target(gateway.url, "secret")) as client,
    ):
        assert await client.get("/readyz") == {"ready": True}
    assert gateway.headers[0]["Authorization"] == "Bearer secret"


@pytest.mark.parametrize(
    ("token", "advice"),
    [("wrong", "refused the token; give it with --token"), (None, "wants a token")],
)
async def test_a_refused_token_says_where_to_give_one(token: str | None, advice: str) -> None:
    async with (
        ScriptedGateway(error(401, "Unauthorized")).serving() as gateway,
        GatewayClient(Target(gateway.url, token)) as client,
    ):
        with pytest.raises(CommandFailed, match=advice):
            await client.get("/v1/runs/x")


async def test_an_endpoint_that_is_off_says_how_to_turn_it_on() -> None:
    async with ScriptedGateway(error(404, "Not Found")).serving() as gateway:
        with pytest.raises(CommandFailed, match=r"chatCompletions\.enabled"):
            await _data(gateway)


async def test_a_gateway_that_is_not_there_says_how_to_start_one() -> None:
    async with GatewayClient(Target(f"http://127.0.0.1:{free_port()}", None)) as client:
        with pytest.raises(CommandFailed, match="openclaw-gateway up"):
            await client.get("/readyz")
