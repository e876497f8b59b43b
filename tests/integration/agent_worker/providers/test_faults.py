"""Everything a provider can do wrong, for every family, and what it means (contract §1.1)."""

from __future__ import annotations

import asyncio
import traceback
from typing import Any

import pytest

from openclaw_agent_worker.models.errors import CONTEXT_OVERFLOW, UpstreamFailure
from tests.fakes.provider import Script, expected_text
from tests.integration.agent_worker.providers.families import API_KEY, Answer, Bench, bench_of

ERROR, OVERLOADED, TIMEOUT = (
    "upstream provider error",
    "upstream provider overloaded",
    "upstream provider timeout",
)


async def failure_of(bench: Bench, prompt: str, **settings: Any) -> UpstreamFailure:
    async with asyncio.timeout(10):
        with pytest.raises(UpstreamFailure) as caught:
            await bench.ask(prompt, **settings)
    return caught.value


@pytest.mark.parametrize(
    ("code", "status", "kind", "retryable"),
    [
        (400, 400, "invalid_request_error", False),
        (401, 401, "authentication_error", False),
        (402, 402, "insufficient_quota", False),
        (403, 403, "permission_error", False),
        (404, 404, "invalid_request_error", False),
        (413, 413, "invalid_request_error", False),
        (422, 400, "invalid_request_error", False),
        (429, 429, "rate_limit_error", True),
    ],
)
async def test_what_the_provider_says_of_a_refused_request_is_passed_on(
    family_bench: Bench, code: int, status: int, kind: str, retryable: bool
) -> None:
    failure = await failure_of(family_bench, f"/fake status code={code} message=Because-{code}")
    assert (failure.body.status, failure.body.type) == (status, kind)
    assert failure.body.message == f"Because-{code}"
    assert failure.retryable is retryable
    assert len(family_bench.provider.requests) == 1


@pytest.mark.parametrize(
    ("code", "status", "message"),
    [
        (408, 408, TIMEOUT),
        (418, 418, ERROR),
        (500, 502, ERROR),
        (502, 502, ERROR),
        (503, 503, OVERLOADED),
        (504, 504, TIMEOUT),
        (529, 503, OVERLOADED),
    ],
)
async def test_nothing_is_passed_on_of_a_providers_own_trouble(
    family_bench: Bench, code: int, status: int, message: str
) -> None:
    failure = await failure_of(family_bench, f"/fake status code={code}")
    assert (failure.body.status, failure.body.type) == (status, "api_error")
    assert failure.body.message == message
    assert len(family_bench.provider.requests) == 1


async def test_a_pause_that_the_provider_asks_for_is_known(family_bench: Bench) -> None:
    failure = await failure_of(family_bench, "/fake status code=429 retry_after=7")
    assert failure.retry_after_s == 7.0


@pytest.mark.parametrize(
    "said",
    [
        "This model's maximum context length is 4096 tokens.",
        "prompt is too long: 210000 tokens > 200000 maximum",
        "The input token count (40000) exceeds the maximum number of tokens allowed (32768).",
        "the request exceeds the available context size",
    ],
)
async def test_a_request_that_is_too_long_is_told_by_its_code(
    family_bench: Bench, said: str
) -> None:
    family_bench.provider.enqueue(Script(verb="status", code=400, message=said))
    failure = await failure_of(family_bench, "hello")
    assert (failure.body.status, failure.body.code) == (400, CONTEXT_OVERFLOW)


@pytest.mark.parametrize("after", [0, 3])
@pytest.mark.parametrize(
    ("code", "status"), [(500, 502), (529, 503), (503, 503), (429, 429), (400, 400)]
)
async def test_an_error_inside_the_stream_means_what_it_means_before(
    family_bench: Bench, code: int, status: int, after: int
) -> None:
    if code == 503 and family_bench.family.api == "anthropic-messages":
        # Its error type, which is all that a stream has, is that of any error of the server.
        status = 502
    failure = await failure_of(family_bench, f"/fake error after={after} code={code}")
    assert failure.body.status == status


@pytest.mark.parametrize(
    "fault",
    [
        "die after=-1",
        "die after=0",
        "die after=3",
        "rubbish kind=json after=0",
        "rubbish kind=json after=3",
        "rubbish kind=html",
        "rubbish kind=empty",
        "rubbish kind=truncated after=0",
        "rubbish kind=truncated after=3",
        "rubbish kind=cut after=0",
        "rubbish kind=cut after=3",
    ],
)
async def test_an_answer_that_breaks_off_or_makes_no_sense_is_an_upstream_error(
    family_bench: Bench, fault: str
) -> None:
    failure = await failure_of(family_bench, f"/fake {fault}")
    assert (failure.body.status, failure.body.message) == (502, ERROR)
    assert (await family_bench.ask("hello")).text


@pytest.mark.parametrize("kind", ["null", "array"])
async def test_json_that_is_no_event_is_an_upstream_error_or_passed_over(
    family_bench: Bench, kind: str
) -> None:
    asked = family_bench.ask(f"/fake rubbish kind={kind} after=3")
    (said,) = await asyncio.gather(asked, return_exceptions=True)
    if isinstance(said, UpstreamFailure):
        assert said.body.message == ERROR
    else:
        assert isinstance(said, Answer)
        assert said.text == expected_text(3)


@pytest.mark.parametrize("after", [-1, 0, 3])
async def test_a_silent_provider_is_a_timeout_and_its_socket_is_closed(
    family_bench: Bench, after: int
) -> None:
    failure = await failure_of(family_bench, f"/fake hang after={after}", timeout=0.3)
    assert (failure.body.status, failure.body.message) == (504, TIMEOUT)
    async with asyncio.timeout(5):
        await family_bench.provider.requests[0].aborted.wait()


@pytest.mark.parametrize("after", [-1, 0, 3])
async def test_whoever_stops_reading_closes_the_socket(family_bench: Bench, after: int) -> None:
    asking = asyncio.create_task(family_bench.ask(f"/fake hang after={after}"))
    async with asyncio.timeout(5):
        received = await family_bench.provider.request(0)
        await received.holding.wait()
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        await received.aborted.wait()


async def test_a_provider_that_is_not_there_is_an_upstream_error(family_bench: Bench) -> None:
    async with bench_of(family_bench.family) as gone:
        model = gone.model()
        await gone.provider.__aexit__(None, None, None)
        failure = await failure_of(gone, "hello", model=model)
    assert (failure.body.status, failure.retryable) == (502, True)


async def test_the_key_never_reaches_the_client(family_bench: Bench) -> None:
    script = Script(verb="status", code=401, message=f"bad key: {API_KEY}")
    family_bench.provider.enqueue(script)
    failure = await failure_of(family_bench, "hello")
    assert failure.body.message == "bad key: [redacted]"
    assert API_KEY not in "".join(traceback.format_exception(failure))


async def test_a_model_does_not_show_its_key(family_bench: Bench) -> None:
    model = family_bench.model()
    assert API_KEY not in repr(model) + repr(vars(model))
