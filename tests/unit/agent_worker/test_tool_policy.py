"""Which tools an agent may use."""

from __future__ import annotations

from typing import Any

import pytest

from openclaw_agent_worker.tools.policy import Policy
from openclaw_common.runtime.config.tools import ToolRules

NAMES = ["current_time", "session_status", "sessions_send", "web_fetch", "message", "own_tool"]


def permitted(gateway: dict[str, Any], agent: dict[str, Any] | None = None) -> list[str]:
    rules = (ToolRules.model_validate(gateway), ToolRules.model_validate(agent or {}))
    return Policy(*rules, "acme/big").permitted(NAMES)


@pytest.mark.parametrize(
    ("gateway", "expected"),
    [
        ({"profile": "minimal"}, ["current_time", "session_status"]),
        (
            {"profile": "messaging"},
            ["current_time", "session_status", "sessions_send", "message"],
        ),
        ({"profile": "full"}, NAMES),
        ({}, NAMES),
        ({"allow": ["web_*", "OWN_tool"]}, ["web_fetch", "own_tool"]),
        ({"alsoAllow": ["web_fetch"]}, ["web_fetch"]),
        (
            {"profile": "minimal", "alsoAllow": ["own_tool"]},
            ["current_time", "session_status", "own_tool"],
        ),
        ({"allow": ["group:sessions"], "deny": ["sessions_send"]}, ["session_status"]),
        ({"profile": "full", "deny": ["*_*"]}, ["message"]),
    ],
)
def test_a_profile_is_widened_and_then_narrowed(
    gateway: dict[str, Any], expected: list[str]
) -> None:
    assert permitted(gateway) == expected


def test_an_agent_has_its_own_profile_and_can_otherwise_only_narrow() -> None:
    assert (
        permitted({"profile": "minimal"}, {"profile": "full", "deny": ["own_tool"]}) == NAMES[:-1]
    )
    assert permitted({"deny": ["web_fetch"]}, {"allow": ["web_fetch", "message"]}) == ["message"]


@pytest.mark.parametrize("key", ["acme", "ACME/big"])
def test_a_provider_and_a_model_can_narrow(key: str) -> None:
    rules = {
        "profile": "full",
        "byProvider": {key: {"profile": "minimal"}, "other": {"deny": ["*"]}},
    }
    assert permitted(rules) == ["current_time", "session_status"]


@pytest.mark.parametrize(
    ("gateway", "agent", "configured"),
    [
        ({}, {}, False),
        ({"deny": ["exec"]}, {}, False),
        ({"profile": "full"}, {}, True),
        ({"alsoAllow": ["x"]}, {}, True),
        ({}, {"allow": ["x"]}, True),
    ],
)
def test_tools_are_configured_once_something_names_one(
    gateway: dict[str, Any], agent: dict[str, Any], configured: bool
) -> None:
    rules = (ToolRules.model_validate(gateway), ToolRules.model_validate(agent))
    assert Policy(*rules, "acme/big").configured is configured
