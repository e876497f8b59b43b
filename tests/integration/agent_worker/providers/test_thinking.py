"""How hard a model is to think, as each family is told it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.agent_worker.providers.families import FAMILIES, LOOKUP, Bench, bench_of


def told(api: str, body: dict[str, Any]) -> Any:
    """Return the part of a request that says how hard to think."""
    if api in ("openai-completions", "ollama"):
        return body.get("reasoning_effort")
    if api == "openai-responses":
        return (body.get("reasoning") or {}).get("effort")
    if api == "anthropic-messages":
        return (body.get("thinking") or {}).get("budget_tokens")
    return (body.get("generationConfig") or {}).get("thinkingConfig")


@pytest.mark.parametrize(
    ("api", "level", "expected"),
    [
        ("openai-completions", False, "none"),
        ("openai-completions", "minimal", "minimal"),
        ("openai-completions", "high", "high"),
        ("openai-completions", "max", "xhigh"),
        ("ollama", "low", "low"),
        ("openai-responses", "minimal", "minimal"),
        ("openai-responses", "high", "high"),
        ("openai-responses", "max", "high"),
        ("anthropic-messages", False, None),
        ("anthropic-messages", "low", 2048),
        ("anthropic-messages", "high", 16384),
        ("google-generative-ai", False, {"thinkingBudget": 0}),
    ],
)
async def test_each_family_is_told_in_its_own_words(
    api: str, level: bool | str, expected: object
) -> None:
    async with bench_of(FAMILIES[api]) as bench:
        await bench.ask(model=bench.model(reasoning=True), thinking=level)
        assert told(api, await bench.body()) == expected


async def test_a_level_reaches_gemini(family_bench: Bench) -> None:
    await family_bench.ask(model=family_bench.model(reasoning=True), thinking="high")
    assert told(family_bench.family.api, await family_bench.body())


async def test_a_model_that_does_not_think_is_not_told(family_bench: Bench) -> None:
    await family_bench.ask(model=family_bench.model(reasoning=False), thinking="high")
    assert told(family_bench.family.api, await family_bench.body()) is None


async def test_nothing_is_said_where_nothing_was_asked(family_bench: Bench) -> None:
    await family_bench.ask(model=family_bench.model(reasoning=True))
    assert told(family_bench.family.api, await family_bench.body()) is None


@pytest.mark.parametrize(("limit", "budget"), [(4000, 2000), (1500, None)])
async def test_thinking_leaves_half_of_an_anthropic_answer_to_the_answer(
    limit: int, budget: int | None
) -> None:
    async with bench_of(FAMILIES["anthropic-messages"]) as bench:
        await bench.ask(thinking="high", max_tokens=limit, temperature=0.3, top_p=0.9)
        body = await bench.body()
        assert body["max_tokens"] == limit
        assert told("anthropic-messages", body) == budget


async def test_a_call_that_must_be_made_is_made_without_thinking() -> None:
    async with bench_of(FAMILIES["anthropic-messages"]) as bench:
        await bench.ask("/fake tool n=1", tools=[LOOKUP], tool_choice="required", thinking="high")
        body = await bench.body()
        assert body["tool_choice"]["type"] == "any"
        assert "thinking" not in body
