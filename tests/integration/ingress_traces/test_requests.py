"""Whose trace a request is part of, and what of a request is never noted."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest
from multidict import CIMultiDict

from openclaw_common.runtime.config import Config
from openclaw_common.runtime.tracing import Tracer
from openclaw_common.store.store import Store
from openclaw_ingress.service import IngressService
from tests.unit.tracing.recorded import Recorded, attributes

TOKEN = "the-gateways-token"
HOOK_TOKEN = "the-hooks-token"
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
GIVEN = {"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01", "tracestate": "vendor=1"}
KEY = {"Authorization": f"Bearer {TOKEN}"}


@dataclass(eq=False)
class Gateway:
    """A listening ingress and the spans of its requests."""

    url: str
    http: aiohttp.ClientSession
    recorded: Recorded

    async def run(self, **headers: str) -> aiohttp.ClientResponse:
        """Ask for a run with a credential."""
        return await self.ask("/v1/runs", {"input": "hi"}, {**KEY, **headers})

    async def ask(self, path: str, body: Any, headers: dict[str, str]) -> aiohttp.ClientResponse:
        """Post, and return the answer, read."""
        response = await self.http.post(self.url + path, json=body, headers=headers)
        await response.read()
        return response

    @property
    def server(self) -> Any:
        """The server span of the last request."""
        return [span for span in self.recorded.spans if span.kind == 2][-1]


@pytest.fixture
def trust() -> str:
    return "keys"


@pytest.fixture
async def gateway(valkey_url: str, trust: str) -> AsyncIterator[Gateway]:
    config = Config.model_validate(
        {
            "gateway": {"auth": {"mode": "token", "token": TOKEN}},
            "hooks": {"enabled": True, "token": HOOK_TOKEN},
            "agents": {"defaults": {"model": "own/m"}, "entries": {"main": {"default": True}}},
            "redis": {"url": valkey_url},
            "tracing": {"trust": trust},
        }
    )
    recorded = Recorded()
    store = await Store.connect(config.redis, config.runs, config.deliveries, role="test")
    ingress = IngressService(
        config, store, host="127.0.0.1", port=0, tracer=Tracer(recorded, secrets=[TOKEN])
    )
    port = await ingress.start()
    async with aiohttp.ClientSession() as http:
        yield Gateway(f"http://127.0.0.1:{port}", http, recorded)
    await ingress.stop()
    await store.close()


async def test_every_answer_names_its_trace(gateway: Gateway) -> None:
    response = await gateway.run()
    trace_id = gateway.server.trace_id.hex()
    assert response.status == 202
    assert response.headers["x-trace-id"] == trace_id
    span_id = gateway.server.span_id.hex()
    assert response.headers["traceresponse"] == f"00-{trace_id}-{span_id}-01"
    assert (await response.json())["trace_id"] == trace_id
    refused = await gateway.ask("/v1/runs", {}, {})
    assert refused.status == 401
    assert refused.headers["x-trace-id"] == gateway.server.trace_id.hex()


async def test_a_caller_with_a_credential_goes_on_with_its_trace(gateway: Gateway) -> None:
    response = await gateway.run(**GIVEN)
    assert response.headers["x-trace-id"] == TRACE
    assert gateway.server.parent_span_id.hex() == "00f067aa0ba902b7"
    assert gateway.server.trace_state == "vendor=1"
    (send,) = [span for span in gateway.recorded.spans if span.name == "send runs"]
    assert (send.trace_id.hex(), send.parent_span_id) == (TRACE, gateway.server.span_id)


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer wrong"}])
async def test_a_stranger_is_linked_to_and_not_joined(
    gateway: Gateway, headers: dict[str, str]
) -> None:
    await gateway.ask("/v1/runs", {"input": "hi"}, {**headers, **GIVEN})
    assert gateway.server.trace_id.hex() != TRACE
    assert gateway.server.parent_span_id == b""
    assert [link.trace_id.hex() for link in gateway.server.links] == [TRACE]


async def test_a_hooks_token_is_no_credential_of_the_gateway(gateway: Gateway) -> None:
    headers = {"X-OpenClaw-Token": HOOK_TOKEN, **GIVEN}
    response = await gateway.ask("/hooks/agent", {"message": "hi"}, headers)
    assert response.status == 200
    assert response.headers["x-trace-id"] != TRACE
    assert [link.trace_id.hex() for link in gateway.server.links] == [TRACE]


@pytest.mark.parametrize("trust", ["never"])
async def test_never_means_nobody(gateway: Gateway) -> None:
    await gateway.run(**GIVEN)
    assert gateway.server.trace_id.hex() != TRACE
    assert [link.trace_id.hex() for link in gateway.server.links] == [TRACE]


@pytest.mark.parametrize("trust", ["always"])
async def test_always_means_everybody(gateway: Gateway) -> None:
    headers = {"X-OpenClaw-Token": HOOK_TOKEN, **GIVEN}
    response = await gateway.ask("/hooks/agent", {"message": "hi"}, headers)
    assert response.headers["x-trace-id"] == TRACE


async def test_a_malformed_traceparent_is_a_new_trace_and_no_error(gateway: Gateway) -> None:
    response = await gateway.run(traceparent="00-rubbish")
    assert response.status == 202
    assert list(gateway.server.links) == []


async def test_two_traceparents_are_none_and_two_tracestates_are_one(gateway: Gateway) -> None:
    async def run(*more: tuple[str, str]) -> None:
        headers = CIMultiDict([*KEY.items(), *GIVEN.items(), *more])
        async with gateway.http.post(
            f"{gateway.url}/v1/runs", json={"input": "hi"}, headers=headers
        ) as response:
            assert response.status == 202

    await run(("tracestate", "other=2"))
    assert gateway.server.trace_id.hex() == TRACE
    assert gateway.server.trace_state == "vendor=1,other=2"
    await run(("traceparent", f"00-{'a' * 32}-{'b' * 16}-01"))
    assert gateway.server.trace_id.hex() not in (TRACE, "a" * 32)
    assert list(gateway.server.links) == []


@pytest.mark.parametrize(
    "traceparent",
    [
        f"00-{'0' * 32}-00f067aa0ba902b7-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE.upper()}-00f067aa0ba902b7-01",
        f"ff-{TRACE}-00f067aa0ba902b7-01",
        f"00-{TRACE}-00f067aa0ba902b7-01-more",
        f"00-{TRACE}-00f067aa0ba902b7-1",
        "",
    ],
)
async def test_what_is_no_traceparent_begins_a_trace(gateway: Gateway, traceparent: str) -> None:
    response = await gateway.run(traceparent=traceparent, tracestate="v=" + "x" * 600)
    assert response.status == 202
    assert gateway.server.trace_id.hex() not in (TRACE, "0" * 32)
    assert (gateway.server.parent_span_id, gateway.server.trace_state) == (b"", "")


async def test_a_tracestate_that_is_too_long_is_dropped_alone(gateway: Gateway) -> None:
    response = await gateway.run(traceparent=GIVEN["traceparent"], tracestate="v=" + "x" * 600)
    assert response.headers["x-trace-id"] == TRACE
    assert gateway.server.trace_state == ""


async def test_a_stream_that_its_client_leaves_has_an_end_and_its_status(
    gateway: Gateway,
) -> None:
    run = await (await gateway.run()).json()
    url = f"{gateway.url}/v1/runs/{run['id']}/events"
    async with gateway.http.get(url, headers=KEY) as response:
        await response.content.readany()
        response.close()
    async with asyncio.timeout(5):
        while gateway.server.name != "GET /v1/runs/{id}/events":
            await asyncio.sleep(0.01)
    assert attributes(gateway.server)["http.response.status_code"] == 200
    assert attributes(gateway.server)["openclaw.client_left"] is True
    assert gateway.server.status.code == 0


async def test_baggage_the_query_and_what_was_said_are_noted_nowhere(gateway: Gateway) -> None:
    headers = {**KEY, **GIVEN, "baggage": "planted=baggage", "x-api-key": "planted-key"}
    body = {"input": "planted-words"}
    await gateway.ask("/v1/runs?token=planted-query", body, headers)
    everything = b"".join(gateway.recorded.bodies)
    assert b"planted" not in everything
    assert TOKEN.encode() not in everything
    assert attributes(gateway.server)["http.route"] == "/v1/runs"


async def test_an_equal_idempotency_key_hangs_nothing_below_the_second_request(
    gateway: Gateway,
) -> None:
    first = await gateway.run(**{"Idempotency-Key": "k"})
    second = await gateway.run(**{"Idempotency-Key": "k"})
    assert (await second.json())["trace_id"] == first.headers["x-trace-id"]
    sends = [span for span in gateway.recorded.spans if span.name == "send runs"]
    assert attributes(sends[1])["openclaw.replayed"] is True
    run_id = (await first.json())["id"]
    assert attributes(sends[1])["messaging.message.id"] == run_id


async def test_runs_are_found_by_their_trace(gateway: Gateway) -> None:
    run = await (await gateway.run()).json()
    await gateway.run()
    url = f"{gateway.url}/v1/runs?trace_id={run['trace_id']}"
    async with gateway.http.get(url, headers=KEY) as response:
        page = await response.json()
    assert [found["id"] for found in page["data"]] == [run["id"]]


async def test_probes_make_no_spans(gateway: Gateway) -> None:
    async with gateway.http.get(f"{gateway.url}/readyz") as response:
        assert "x-trace-id" not in response.headers
    assert gateway.recorded.bodies == []


async def test_a_run_without_kept_spans_says_what_that_may_mean(gateway: Gateway) -> None:
    run = await (await gateway.run()).json()
    async with gateway.http.get(f"{gateway.url}/v1/runs/{run['id']}/trace", headers=KEY) as found:
        assert found.status == 404
        assert (await found.json())["error"]["code"] == "trace_not_available"
