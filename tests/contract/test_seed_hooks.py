"""The hooks of the original's documentation: its configuration, its requests, its answers.

They stand in `data/` as they are printed there.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pyjson5
import pytest
import yaml

from openclaw_common.contracts.run import DeliveryPlan
from tests.integration.ingress_hooks.hooked import Hooked, config_of, hooked

EXAMPLES = (Path(__file__).parent / "data" / "seed-hook-examples.txt").read_text(encoding="utf-8")
CONFIGURED: list[str] = re.findall(r"(?m)^hooks:\n(?:  .*\n)+", EXAMPLES)
REQUESTS = dict(
    re.findall(r"(?m)^POST (\S+)\nContent-Type: application/json\n\n(\{\n(?:  .*\n)+\})", EXAMPLES)
)
TOKENS = re.findall(r"(?m)^((?:Authorization|X-OpenClaw-Token): .*)$", EXAMPLES)


@pytest.fixture
async def gateway(valkey_url: str) -> AsyncIterator[Hooked]:
    """The documented configuration, both parts of it."""
    settings: dict[str, Any] = {}
    for block in CONFIGURED:
        settings |= yaml.safe_load(block)["hooks"]
    async with hooked(config_of(valkey_url, settings), channels=None) as gateway:
        yield gateway


def headers_of(line: str) -> dict[str, str]:
    name, _, value = line.partition(": ")
    return {name: value}


def body_of(path: str) -> Any:
    return pyjson5.decode(REQUESTS[path])


def test_the_examples_are_all_found() -> None:
    assert len(CONFIGURED) == 2
    assert set(REQUESTS) == {"/hooks/wake", "/hooks/agent"}
    assert [line.partition(":")[0] for line in TOKENS] == ["Authorization", "X-OpenClaw-Token"]


@pytest.mark.parametrize("token", TOKENS)
async def test_the_agent_example_is_answered_with_a_run(gateway: Hooked, token: str) -> None:
    path = "/hooks/agent"
    answer, said = await gateway.ask("POST", path, headers=headers_of(token), json=body_of(path))
    assert answer.status == 200
    assert said == {"ok": True, "runId": said["runId"]}
    run = await gateway.run(said["runId"])
    assert (run.agent_id, run.session_key) == ("main", "agent:main:hook:session-123")
    assert (run.message.text, run.model, run.thinking) == ("User message", "gpt-4", "high")
    assert run.delivery == DeliveryPlan("signal", "+1234567890")
    assert run.timeout_s == 300
    owner = {"Authorization": "Bearer a-gateway-token"}
    read, record = await gateway.ask("GET", f"/v1/runs/{said['runId']}", headers=owner)
    assert (read.status, record["id"], record["source"]) == (200, said["runId"], "hook")


@pytest.mark.parametrize("token", TOKENS)
async def test_the_wake_example_is_answered_as_documented(gateway: Hooked, token: str) -> None:
    path = "/hooks/wake"
    answer, said = await gateway.ask("POST", path, headers=headers_of(token), json=body_of(path))
    assert (answer.status, said["ok"], said["mode"]) == (200, True, "now")
    (event,) = await gateway.store.system_events.pending("agent:main:main")
    assert event.text == "Wake up message"


async def test_the_custom_mapping_turns_a_push_into_a_run(gateway: Hooked) -> None:
    body = {"commits": [{"message": "Fix the parser"}]}
    answer, said = await gateway.ask(
        "POST", "/hooks/github", headers=headers_of(TOKENS[0]), json=body
    )
    assert answer.status == 200
    run = await gateway.run(said["runId"])
    assert run.message.text == "Fix the parser"
    assert run.delivery == DeliveryPlan("discord", "#dev-notifications")


async def test_a_token_in_the_address_is_refused(gateway: Hooked) -> None:
    path = "/hooks/agent"
    answer, said = await gateway.ask(
        "POST", f"{path}?token=your-hook-token", headers=headers_of(TOKENS[0]), json=body_of(path)
    )
    assert (answer.status, said["error"]["type"]) == (400, "invalid_request_error")
