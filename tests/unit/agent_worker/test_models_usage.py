"""What an answer cost, and how its usage is named."""

from __future__ import annotations

import pytest
from pydantic_ai.messages import ModelResponse
from pydantic_ai.usage import RequestUsage

from openclaw_agent_worker.agent.usage import total_usage
from openclaw_agent_worker.models.usage import COST_NANO_USD, cost_nano_usd, priced
from openclaw_common.contracts.run import RunRequest, RunResult, Turn, Usage
from openclaw_common.runtime.config.models import Cost

COST = Cost(input=3.0, output=15.0, cache_read=0.3, cache_write=3.75)


def test_cached_tokens_have_their_own_price() -> None:
    usage = RequestUsage(
        input_tokens=1000, cache_read_tokens=600, cache_write_tokens=100, output_tokens=50
    )
    dollars = (300 * 3.0 + 600 * 0.3 + 100 * 3.75 + 50 * 15.0) / 1e6
    assert cost_nano_usd(usage, COST) == round(dollars * 1e9)


def test_without_prices_there_is_no_cost() -> None:
    assert COST_NANO_USD not in priced(RequestUsage(input_tokens=5), None).details


@pytest.mark.parametrize("name", ["reasoning_tokens", "thoughts_tokens"])
def test_reasoning_tokens_have_one_name(name: str) -> None:
    assert priced(RequestUsage(details={name: 7}), None).details["reasoning_tokens"] == 7


def test_the_cost_of_a_run_is_that_of_all_its_requests() -> None:
    replies = [
        ModelResponse(parts=[], usage=priced(RequestUsage(output_tokens=tokens), COST))
        for tokens in (100, 200)
    ]
    assert total_usage(replies).cost_usd == pytest.approx(300 * 15 / 1e6)
    assert total_usage([ModelResponse(parts=[])]).cost_usd is None


def test_cost_and_thinking_are_absent_from_what_an_older_process_wrote() -> None:
    assert Usage.from_wire({"prompt_tokens": 1}).cost_usd is None
    assert "cost_usd" not in Usage(prompt_tokens=1).to_wire()
    result = RunResult("text", usage=Usage(1, 2, 3, cost_usd=0.25))
    assert RunResult.decode(result.encode()).usage == result.usage
    asked = RunRequest("main", "s", "chat", "openclaw", Turn("user", "hi"), thinking="high")
    assert RunRequest.decode(asked.encode()).thinking == "high"
