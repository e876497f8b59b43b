"""Which model answers a run: fallbacks, and provider keys that rest over the whole fleet."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from openclaw_agent_worker.worker import AgentWorkerService
from openclaw_common.contracts.run import RunStatus
from openclaw_common.runtime.config import Config
from openclaw_common.store.run_reader import RunStreamReader
from openclaw_common.store.store import Store
from tests.fakes.provider import FakeProvider, Script, expected_text
from tests.integration.agent_worker.conftest import Bench, text_of, types_of

REST = {
    "providerBenchUnauthorizedSeconds": 60,
    "providerBenchPaymentSeconds": 60,
    "providerBenchRateLimitSeconds": 60,
}


@asynccontextmanager
async def fleet(
    valkey_url: str, first: FakeProvider, second: FakeProvider, **sections: Any
) -> AsyncIterator[tuple[Bench, Bench]]:
    """Two workers, of which one takes runs; `first/m` falls back to `second/m`."""
    keys = {"first": "sk-first", "second": "sk-second"}
    fakes = {"first": first, "second": second}
    config = Config.model_validate(
        {
            "redis": {"url": valkey_url},
            "worker": REST,
            "agents": {
                "defaults": {"model": {"primary": "first/m", "fallbacks": ["second/m"]}},
                "entries": {"main": {}, "alone": {"model": "first/m"}},
            },
            "models": {
                "providers": {
                    name: {"baseUrl": fakes[name].base_url, "apiKey": key}
                    for name, key in keys.items()
                }
            },
            **sections,
        }
    )
    store = await Store.connect(config.redis, config.runs, role="test")
    reader = RunStreamReader(store)
    await reader.start()
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    workers = [AgentWorkerService(config, store, worker_id=f"w{n}", sleep=sleep) for n in (1, 2)]
    try:
        benches = [Bench(first, store, reader, config, worker, slept) for worker in workers]
        yield benches[0], benches[1]
    finally:
        for worker in workers:
            await worker.stop()
        await reader.stop()
        await store.close()


@pytest.fixture
async def providers() -> AsyncIterator[tuple[FakeProvider, FakeProvider]]:
    async with FakeProvider() as first, FakeProvider(Script(seed="second")) as second:
        yield first, second


@pytest.fixture
async def bench(
    valkey_url: str, providers: tuple[FakeProvider, FakeProvider]
) -> AsyncIterator[Bench]:
    """One worker that takes runs."""
    async with fleet(valkey_url, *providers) as (bench, _):
        await bench.worker.start()
        yield bench


@pytest.mark.parametrize("code", [401, 402, 403, 404, 429, 500, 503, 504])
async def test_the_fallback_answers_when_the_first_model_cannot(bench: Bench, code: int) -> None:
    bench.provider.enqueue(*[Script(verb="status", code=code)] * 3)
    record, events = await bench.run()
    assert record.status is RunStatus.COMPLETED
    assert text_of(events) == expected_text(8, "second")
    assert types_of(events)[-2:] == ["message.completed", "run.completed"]


async def test_a_fault_that_may_pass_is_waited_for_before_the_fallback(bench: Bench) -> None:
    bench.provider.enqueue(*[Script(verb="status", code=503)] * 3)
    _, events = await bench.run()
    assert text_of(events) == expected_text(8, "second")
    assert len(bench.slept) == 2


async def test_another_model_is_asked_rather_than_a_rate_limit_waited_for(bench: Bench) -> None:
    bench.provider.enqueue(Script(verb="status", code=429, retry_after="7"))
    _, events = await bench.run()
    assert text_of(events) == expected_text(8, "second")
    assert bench.slept == []


async def test_a_request_that_is_at_fault_itself_is_not_asked_of_another(bench: Bench) -> None:
    bench.provider.enqueue(Script(verb="status", code=400))
    record, _ = await bench.run()
    assert record.error is not None
    assert record.error.status == 400


async def test_the_last_models_error_is_told(
    bench: Bench, providers: tuple[FakeProvider, FakeProvider]
) -> None:
    providers[0].enqueue(Script(verb="status", code=401))
    providers[1].enqueue(Script(verb="status", code=404, message="not here either"))
    record, _ = await bench.run()
    assert record.error is not None
    assert (record.error.status, record.error.message) == (404, "not here either")


async def test_nothing_is_asked_of_another_once_text_was_published(bench: Bench) -> None:
    record, events = await bench.run("/fake die after=3 delay_ms=20")
    assert record.status is RunStatus.FAILED
    assert text_of(events) == expected_text(3)


async def test_a_model_that_is_not_configured_is_passed_over(bench: Bench) -> None:
    _, events = await bench.run(model_override="nobody/m")
    assert text_of(events) == expected_text(8, "second")


@pytest.mark.parametrize("code", [401, 402, 429])
async def test_a_spoilt_key_rests_and_is_not_even_tried(bench: Bench, code: int) -> None:
    bench.provider.enqueue(Script(verb="status", code=code))
    for _ in range(3):
        _, events = await bench.run()
        assert text_of(events) == expected_text(8, "second")
    assert len(bench.provider.requests) == 1


async def test_a_key_that_one_worker_found_spoilt_rests_on_the_others(
    valkey_url: str, providers: tuple[FakeProvider, FakeProvider]
) -> None:
    async with fleet(valkey_url, *providers) as (one, other):
        await one.worker.start()
        providers[0].enqueue(Script(verb="status", code=401))
        await one.run()
        await one.worker.drain(5)
        await other.worker.start()
        _, events = await other.run()
        assert text_of(events) == expected_text(8, "second")
        assert len(providers[0].requests) == 1


@pytest.mark.parametrize(
    ("code", "kind"), [(401, "authentication_error"), (402, "insufficient_quota")]
)
async def test_without_another_model_the_run_fails_as_the_key_did(
    bench: Bench, code: int, kind: str
) -> None:
    bench.provider.enqueue(Script(verb="status", code=code, message="spoilt"))
    errors = [(await bench.run(agent_id="alone"))[0].error for _ in range(2)]
    for error in errors:
        assert error is not None
        assert (error.status, error.type, error.message) == (code, kind, "spoilt")
    assert len(bench.provider.requests) == 1


async def test_a_key_is_used_again_when_its_rest_is_over(
    valkey_url: str, providers: tuple[FakeProvider, FakeProvider]
) -> None:
    async with fleet(valkey_url, *providers) as (bench, _):
        await bench.worker.start()
        providers[0].enqueue(Script(verb="status", code=429, retry_after="1"))
        await bench.run()
        async with asyncio.timeout(5):
            texts = [text_of((await bench.run())[1])]
            while texts[-1] != expected_text(8):
                texts.append(text_of((await bench.run())[1]))
        assert texts[0] == expected_text(8, "second")


async def test_the_store_knows_keys_by_their_digest_only(bench: Bench, valkey: Any) -> None:
    bench.provider.enqueue(Script(verb="status", code=401))
    await bench.run()
    (key,) = await valkey.keys("*provider-bench*")
    assert b"sk-first" not in key + await valkey.get(key)
    assert 0 < await valkey.ttl(key) <= 60


def offered(provider: FakeProvider) -> list[str]:
    return [tool["function"]["name"] for tool in provider.requests[-1].body.get("tools", ())]


@pytest.mark.parametrize(
    ("denied", "of_first", "of_second"),
    [("second", ["current_time"], []), ("first", [], ["current_time"])],
)
async def test_a_fallback_is_offered_what_the_rules_of_its_provider_leave(
    valkey_url: str,
    providers: tuple[FakeProvider, FakeProvider],
    denied: str,
    of_first: list[str],
    of_second: list[str],
) -> None:
    rules = {"allow": ["current_time"], "byProvider": {denied: {"deny": ["current_time"]}}}
    async with fleet(valkey_url, *providers, tools=rules) as (bench, _):
        await bench.worker.start()
        providers[0].enqueue(Script(verb="status", code=404))
        await bench.run()
    assert (offered(providers[0]), offered(providers[1])) == (of_first, of_second)


async def test_a_fallback_calls_the_tools_that_it_alone_is_offered(
    valkey_url: str, providers: tuple[FakeProvider, FakeProvider]
) -> None:
    rules = {"allow": ["current_time"], "byProvider": {"first": {"deny": ["current_time"]}}}
    async with fleet(valkey_url, *providers, tools=rules) as (bench, _):
        await bench.worker.start()
        providers[0].enqueue(Script(verb="status", code=404))
        providers[1].enqueue(Script(verb="tool", tool_name="current_time", tool_args="{}"))
        _, events = await bench.run()
    assert text_of(events).startswith("The tool said: ")


async def test_a_later_attempt_goes_on_with_the_tools_of_the_fallback_that_called_them(
    valkey_url: str, providers: tuple[FakeProvider, FakeProvider]
) -> None:
    first, second = providers
    gemini = {"api": "google-generative-ai", "baseUrl": f"{second.root_url}/v1beta"}
    models = {"providers": {"first": {"baseUrl": first.base_url}, "second": gemini}}
    rules = {"allow": ["current_time"], "byProvider": {"first": {"deny": ["current_time"]}}}
    first.enqueue(*[Script(verb="status", code=404)] * 3)
    second.enqueue(Script(verb="tool", tool_name="current_time", tool_args="{}"))
    second.enqueue(Script(verb="hang", after=-1))
    async with fleet(valkey_url, *providers, models=models, tools=rules) as (one, other):
        async with asyncio.timeout(10):
            await one.worker.start()
            run_id = await one.submit()
            await (await second.request(1)).holding.wait()
            await one.worker.drain(0)
            await other.worker.start()
            record, events = await other.ended(run_id)
    assert (record.status, record.attempt) == (RunStatus.COMPLETED, 2)
    assert text_of(events).startswith("The tool said: ")
