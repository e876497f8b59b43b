"""The `message` tool: what an agent sends becomes a delivery, once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest

from openclaw_common.contracts.delivery import DeliveryRequest, Destination, Media
from openclaw_common.contracts.run import DeliveryPlan, RunStatus, ToolInvocation
from openclaw_common.store.keys import DELIVERY
from tests.integration.agent_worker.conftest import SESSION, Bench
from tests.integration.agent_worker.step_provider import Step, StepProvider


@pytest.fixture
async def provider() -> AsyncIterator[StepProvider]:
    async with StepProvider() as provider:
        yield provider


@pytest.fixture
def sections(provider: StepProvider) -> dict[str, Any]:
    return {
        "agents": {"defaults": {"model": "own/m"}},
        "models": {"providers": {"own": {"baseUrl": provider.base_url, "models": [{"id": "m"}]}}},
        "tools": {"profile": "messaging"},
        "channels": {
            "telegram": {"botToken": "t", "defaultTo": "42", "accounts": {"ops": {}}},
            "discord": {"token": "t", "defaultAccount": "work", "accounts": {"work": {}}},
            "signal": {"enabled": False},
        },
    }


async def sent(bench: Bench) -> list[DeliveryRequest]:
    keys, client = bench.store.keys, bench.store.client
    ids = await client.execute("ZRANGE", keys.index(DELIVERY), 0, -1)
    payloads = [
        await client.execute("HGET", keys.record(DELIVERY, i.decode()), "payload") for i in ids
    ]
    return [DeliveryRequest.decode(payload) for payload in payloads]


async def invoke(bench: Bench, call_id: str = "call-1", **arguments: Any) -> Any:
    """Call the tool as `/tools/invoke` does; returns its value, or the message of its error."""
    invocation = ToolInvocation(
        "message", orjson.dumps(arguments).decode(), SESSION, call_id, by_owner=True
    )
    record, _ = await bench.run(source="tools", tool=invocation)
    if record.status is RunStatus.FAILED:
        assert record.error is not None
        return record.error.message
    assert record.result is not None
    return orjson.loads(record.result.output)


async def test_a_model_sends_a_message(bench: Bench, provider: StepProvider) -> None:
    arguments = {"channel": "telegram", "to": "telegram:-100:topic:7", "message": "*done*"}
    provider.steps = [
        Step(calls=(("message", orjson.dumps(arguments).decode()),)),
        Step("I have told them."),
    ]
    record, _ = await bench.run("tell them", session_key=SESSION, ephemeral=False)
    assert record.status is RunStatus.COMPLETED
    (delivery,) = await sent(bench)
    assert delivery.destination == Destination("telegram", "-100", thread_id="7")
    assert (delivery.text, delivery.source, delivery.run_id) == ("*done*", "tool", record.id)


async def test_the_channel_may_stand_in_the_target_or_be_left_to_its_default(bench: Bench) -> None:
    assert (await invoke(bench, "1", to="telegram:7", message="a"))["status"] == "pending"
    assert (await invoke(bench, "2", channel="telegram", message="b"))["destination"]["to"] == "42"
    with_account = await invoke(bench, "3", to="tg:7", accountId="ops", message="c")
    assert with_account["destination"]["account_id"] == "ops"


@pytest.mark.parametrize("named", [{}, {"accountId": "default"}, {"accountId": "work"}])
async def test_the_default_account_is_known_by_its_own_name(
    bench: Bench, named: dict[str, str]
) -> None:
    answer = await invoke(bench, to="discord:channel:7", message="a", **named)
    assert answer["destination"]["account_id"] == "work"


async def test_without_a_target_it_goes_where_the_session_was_heard_last(
    bench: Bench, provider: StepProvider
) -> None:
    provider.steps = [Step("Hello.")]
    plan = DeliveryPlan("telegram", "99")
    await bench.run(session_key=SESSION, ephemeral=False, source="hook", delivery=plan)
    assert (await invoke(bench, message="hi"))["destination"]["to"] == "99"


async def test_attachments_go_along(bench: Bench) -> None:
    await invoke(bench, to="telegram:7", media=["https://example.com/a/cat.png"])
    (delivery,) = await sent(bench)
    assert delivery.media == (
        Media("image/png", url="https://example.com/a/cat.png", filename="cat.png"),
    )


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ({}, "nothing to send"),
        ({"message": " "}, "nothing to send"),
        ({"message": "x"}, "Nothing was heard"),
        ({"message": "x", "to": "7"}, "name a channel"),
        ({"message": "x", "to": "nonsense", "channel": "carrier-pigeon"}, "There is no channel"),
        ({"message": "x", "to": "telegram:7", "channel": "discord"}, "leave one of them out"),
        ({"message": "x", "to": "signal:+123456789"}, "is not configured; use one of"),
        ({"message": "x", "to": "telegram:7", "accountId": "nobody"}, "has no account 'nobody'"),
        ({"to": "telegram:7", "media": ["http://example.com/x"]}, "must be https URLs"),
        ({"to": "telegram:7", "media": ["https://[::1"]}, "must be https URLs"),
    ],
)
async def test_what_cannot_be_sent_is_told_and_nothing_is_queued(
    bench: Bench, arguments: dict[str, Any], why: str
) -> None:
    assert why in await invoke(bench, **arguments)
    assert await sent(bench) == []


async def test_the_same_call_is_the_same_delivery(bench: Bench) -> None:
    first = await invoke(bench, "same", to="telegram:7", message="once")
    again = await invoke(bench, "same", to="telegram:7", message="once")
    assert first == again
    assert len(await sent(bench)) == 1
