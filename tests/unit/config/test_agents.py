"""How agents inherit, which one is the default, and which models they may use."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from openclaw_common.runtime.config import Agent, Config, LoadedConfig, normalise_agent_id

Load = Callable[..., LoadedConfig]
PROVIDERS = {
    "models": {
        "providers": {
            "p": {"baseUrl": "http://p", "models": [{"id": "big"}, {"id": "small"}]},
            "q": {"baseUrl": "http://q", "models": [{"id": "small"}, {"id": "vendor/x"}]},
        }
    }
}


def _agents(load: Load, agents: dict[str, Any]) -> dict[str, Agent]:
    return load({"agents": agents, **PROVIDERS}).config.agents.entries


@pytest.mark.parametrize("form", ["entries", "list"])
def test_both_forms_inherit_what_they_leave_out(form: str, load: Load) -> None:
    own = {"Ops": {"name": "Operations", "timeoutSeconds": 5, "default": True}, "main": {}}
    listed = [{"id": name, **keys} for name, keys in own.items()]
    defaults = {"model": "p/big", "timeoutSeconds": 60, "systemPrompt": "Be brief."}
    agents = _agents(load, {"defaults": defaults, form: own if form == "entries" else listed})
    assert list(agents) == ["ops", "main"]
    ops, main = agents["ops"], agents["main"]
    assert (ops.id, ops.name, ops.timeout_seconds) == ("ops", "Operations", 5)
    assert (main.id, main.name, main.timeout_seconds) == ("main", None, 60)
    assert {a.model.primary for a in agents.values()} == {"p/big"}
    assert {a.system_prompt for a in agents.values()} == {"Be brief."}
    assert {a.model_idle_timeout_seconds for a in agents.values()} == {120}


def test_both_forms_may_stand_together(load: Load) -> None:
    agents = _agents(load, {"list": [{"id": "a", "default": True}], "entries": {"b": {}}})
    assert list(agents) == ["a", "b"]


@pytest.mark.parametrize(
    ("agents", "default"),
    [
        ({}, "main"),
        ({"entries": {"ops": {}}}, "ops"),
        ({"entries": {"a": {}, "main": {}}}, "main"),
        ({"entries": {"a": {}, "B": {"default": True}, "main": {}}}, "b"),
        ({"entries": {"a": {}, "b": {}}, "defaults": {"systemAgent": {"agentId": "B"}}}, "b"),
    ],
)
def test_the_default_agent(agents: dict[str, Any], default: str, load: Load) -> None:
    assert load({"agents": agents}).config.agents.default_id == default


@pytest.mark.parametrize(
    ("written", "primary", "fallbacks"),
    [
        ("p/big", "p/big", ()),
        ({"primary": "p/big"}, "p/big", ()),
        ({"primary": "p/big", "fallbacks": ["q/vendor/x"]}, "p/big", ("q/vendor/x",)),
        ("big", "p/big", ()),
        ("Fast", "q/small", ()),
        ({"primary": "fast", "fallbacks": ["big"]}, "q/small", ("p/big",)),
        ({"fallbacks": ["p/small"]}, "p/big", ("p/small",)),
    ],
)
def test_the_model_of_an_entry_replaces_the_default_whole(
    written: Any, primary: str, fallbacks: tuple[str, ...], load: Load
) -> None:
    defaults = {
        "model": {"primary": "q/small", "fallbacks": ["p/small"]},
        "models": {"q/small": {"alias": "fast"}},
    }
    agents = _agents(load, {"defaults": defaults, "entries": {"main": {"model": written}}})
    assert (agents["main"].model.primary, agents["main"].model.fallbacks) == (primary, fallbacks)


@pytest.mark.parametrize(
    ("settings", "allowed"),
    [
        ({}, ("*",)),
        ({"models": {}}, ("*",)),
        ({"models": {"q/small": {}}}, ("q/small", "p/big", "p/small")),
        ({"models": {"p/big": {"alias": "b"}, "q/*": {}}}, ("p/big", "q/*", "p/small")),
        ({"models": {"q/small": {}}, "modelPolicy": {"allow": []}}, ("*",)),
        (
            {"models": {"q/small": {"alias": "s"}}, "modelPolicy": {"allow": ["s"]}},
            ("q/small", "p/big", "p/small"),
        ),
        ({"modelPolicy": {"allow": ["*"]}}, ("*",)),
    ],
)
def test_the_models_a_request_may_ask_for(
    settings: dict[str, Any], allowed: tuple[str, ...], load: Load
) -> None:
    model = {"primary": "p/big", "fallbacks": ["p/small"]}
    agents = _agents(load, {"defaults": {"model": model, **settings}})
    assert agents["main"].allowed_models == allowed


@pytest.mark.parametrize(
    ("rules", "model", "allowed"),
    [
        (("*",), "a/b", True),
        (("a/b",), "a/b", True),
        (("a/b",), "a/bc", False),
        (("a/*",), "a/vendor/b", True),
        (("a/*",), "ab/c", False),
        ((), "a/b", False),
    ],
)
def test_an_agent_allows_what_a_rule_names(
    rules: tuple[str, ...], model: str, allowed: bool
) -> None:
    assert Agent(allowed_models=rules).allows(model) is allowed


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("main", "main"),
        (" Ops-2_x ", "ops-2_x"),
        ("0", "0"),
        ("a" * 64, "a" * 64),
        ("a" * 65, None),
        ("", None),
        ("-a", None),
        ("a b", None),
        ("a\n", "a"),
        ("é", None),
    ],
)
def test_agent_ids_are_normalised(written: str, normal: str | None) -> None:
    assert normalise_agent_id(written) == normal


def test_agents_made_in_code_are_merged_the_same_way() -> None:
    config = Config.model_validate(
        {"agents": {"defaults": {"timeout_seconds": 7}, "entries": {"A": {}}}}
    )
    assert config.agents.entries["a"].timeout_seconds == 7
    assert config.agents.default_id == "a"
