"""Everything a provider can do wrong, and the contract's answer to it (contract §1.1)."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from openclaw_common.contracts.run import RunStatus
from tests.fakes.provider import Script, expected_text
from tests.integration.agent_worker.conftest import API_KEY, Bench, text_of, types_of

ERROR, OVERLOADED, TIMEOUT = (
    "upstream provider error",
    "upstream provider overloaded",
    "upstream provider timeout",
)


@pytest.mark.parametrize(
    ("command", "status", "kind", "message"),
    [
        ("status code=400", 400, "invalid_request_error", "Invalid value for 'messages'."),
        ("status code=401", 401, "authentication_error", "Incorrect API key provided."),
        ("status code=402", 402, "insufficient_quota", "Your credit balance is too low."),
        ("status code=403", 403, "permission_error", "Country not supported."),
        ("status code=404", 404, "invalid_request_error", "The model `gone` does not exist."),
        ("status code=408", 408, "api_error", TIMEOUT),
        ("status code=413", 413, "invalid_request_error", "Request too large."),
        ("status code=429", 429, "rate_limit_error", "Rate limit reached for requests."),
        ("status code=500", 502, "api_error", ERROR),
        ("status code=503", 503, "api_error", OVERLOADED),
        ("status code=504", 504, "api_error", TIMEOUT),
        ("status code=529", 503, "api_error", OVERLOADED),
        ("error after=0 code=500", 502, "api_error", ERROR),
        ("error after=3 code=529", 503, "api_error", OVERLOADED),
        ("error after=3 code=400", 400, "invalid_request_error", "Invalid value for 'messages'."),
        ("die after=-1", 502, "api_error", ERROR),
        ("die after=0", 502, "api_error", ERROR),
        ("die after=3", 502, "api_error", ERROR),
        ("rubbish kind=json after=0", 502, "api_error", ERROR),
        ("rubbish kind=json after=3", 502, "api_error", ERROR),
        ("rubbish kind=html", 502, "api_error", ERROR),
        ("rubbish kind=empty", 502, "api_error", ERROR),
        ("rubbish kind=truncated after=0", 502, "api_error", ERROR),
        ("rubbish kind=truncated after=3", 502, "api_error", ERROR),
        ("rubbish kind=null", 502, "api_error", ERROR),
        ("rubbish kind=array", 502, "api_error", ERROR),
    ],
)
async def test_a_fault_of_the_provider_fails_the_run_and_the_next_one_works(
    bench: Bench, command: str, status: int, kind: str, message: str
) -> None:
    record, events = await bench.run(f"/fake {command}")
    assert record.status is RunStatus.FAILED
    assert record.error is not None
    assert (record.error.status, record.error.type, record.error.message) == (status, kind, message)
    assert events[-1].json()["error"] == record.error.to_record()
    after, _ = await bench.run("hello")
    assert after.status is RunStatus.COMPLETED


@pytest.mark.parametrize(
    ("kind", "text"), [("surrogate", "a�b "), ("utf8", "caf�"), ("no_choices", "")]
)
async def test_rubbish_that_can_be_read_past_is_read_past(
    bench: Bench, kind: str, text: str
) -> None:
    record, events = await bench.run(f"/fake rubbish kind={kind} after=2")
    assert record.status is RunStatus.COMPLETED
    assert text_of(events) == expected_text(2) + text


@pytest.mark.parametrize(
    "fault",
    ["status code=500", "status code=503", "status code=429", "die after=0", "die after=-1"],
)
async def test_a_passing_fault_before_the_first_token_is_not_seen(bench: Bench, fault: str) -> None:
    record, events = await bench.run(f"/fake {fault} times=2")
    assert record.status is RunStatus.COMPLETED
    assert text_of(events) == expected_text(8)
    assert 1 <= bench.slept[0] <= 1.25
    assert 4 <= bench.slept[1] <= 5
    keys = {request.headers["Idempotency-Key"] for request in bench.provider.requests}
    assert len(keys) == 1


async def test_a_provider_that_asks_for_a_longer_pause_gets_it(bench: Bench) -> None:
    await bench.run("/fake status code=429 retry_after=7 times=1")
    assert bench.slept == [7.0]


@pytest.mark.parametrize(
    "fault", ["status code=429 retry_after=60", "status code=401", "error after=1"]
)
async def test_what_waiting_cannot_mend_is_tried_once(bench: Bench, fault: str) -> None:
    record, _ = await bench.run(f"/fake {fault} times=1")
    assert record.status is RunStatus.FAILED
    assert len(bench.provider.requests) == 1


async def test_text_before_the_fault_stays_published(bench: Bench) -> None:
    _, events = await bench.run("/fake die after=3 delay_ms=20")
    assert types_of(events)[-2:] == ["message.delta", "run.failed"]
    assert text_of(events) == expected_text(3)


async def test_a_provider_that_cannot_be_reached_is_tried_and_then_named_an_upstream_error(
    bench: Bench,
) -> None:
    record, _ = await bench.run(model_override="dead/model")
    assert record.error is not None
    assert (record.error.status, record.error.message) == (502, ERROR)
    assert len(bench.slept) == 2


async def test_the_providers_credentials_never_reach_the_client(bench: Bench) -> None:
    bench.provider.enqueue(Script(verb="status", code=401, message=f"bad key: {API_KEY}"))
    record, _ = await bench.run()
    assert record.error is not None
    assert record.error.message == "bad key: [redacted]"


@pytest.mark.parametrize(
    ("request_fields", "status", "code", "hint"),
    [
        ({"model_override": "other/opus"}, 500, "provider_api_not_supported", "other.api"),
        ({"model_override": "nobody/x"}, 500, "model_not_configured", "models.providers.nobody"),
        ({"agent_id": "gone"}, 400, None, "Unknown agent 'gone'."),
    ],
)
async def test_a_run_that_cannot_start_says_what_is_missing(
    bench: Bench, request_fields: dict[str, Any], status: int, code: str | None, hint: str
) -> None:
    record, _ = await bench.run(**request_fields)
    assert record.error is not None
    assert (record.error.status, record.error.code) == (status, code)
    assert hint in record.error.message


class TestWithoutAModel:
    @pytest.fixture
    def sections(self) -> dict[str, Any]:
        return {"agents": {}}

    async def test_an_agent_without_a_model_names_the_key_to_set(self, bench: Bench) -> None:
        record, _ = await bench.run()
        assert record.error is not None
        assert record.error.code == "model_not_configured"
        assert "agents.defaults.model" in record.error.message


class TestWithShortTimeLimits:
    @pytest.fixture
    def sections(self) -> dict[str, Any]:
        agent = {"model": "fake/m", "modelIdleTimeoutSeconds": 1}
        return {"agents": {"defaults": agent}, "runs": {"maxOutputBytes": 64}}

    @pytest.mark.parametrize("after", [-1, 3])
    async def test_a_silent_provider_is_a_timeout_and_its_socket_is_closed(
        self, bench: Bench, after: int
    ) -> None:
        record, _ = await bench.run(f"/fake hang after={after}")
        assert record.error is not None
        assert (record.error.status, record.error.message) == (504, TIMEOUT)
        async with asyncio.timeout(5):
            await bench.provider.requests[0].aborted.wait()

    async def test_the_runs_own_time_limit_ends_an_answer_as_it_stands(self, bench: Bench) -> None:
        record, events = await bench.run("/fake text tokens=9 delay_ms=50", timeout_s=0.15)
        assert record.result is not None
        assert (record.result.finish_reason, record.result.incomplete_reason) == (
            "length",
            "timeout",
        )
        assert 0 < len(record.result.output) < len(expected_text(9))
        assert record.result.output == text_of(events)

    async def test_a_run_that_said_nothing_in_its_time_failed(self, bench: Bench) -> None:
        record, _ = await bench.run("/fake hang", timeout_s=0.15)
        assert record.error is not None
        assert (record.error.status, record.error.code) == (504, "run_timeout")

    async def test_a_reply_without_measure_is_cut_off_at_the_limit(self, bench: Bench) -> None:
        record, events = await bench.run("/fake text tokens=500 delay_ms=1")
        assert record.result is not None
        assert record.result.incomplete_reason == "max_output_bytes"
        assert record.result.output == text_of(events) == expected_text(500)[:64]
        async with asyncio.timeout(5):
            await bench.provider.requests[0].aborted.wait()
