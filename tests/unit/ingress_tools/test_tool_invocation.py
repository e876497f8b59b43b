"""Reading the body of /tools/invoke."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from openclaw_common.contracts.run import RunRequest, ToolInvocation
from openclaw_common.runtime.config import Config
from openclaw_ingress.schemas.tool_invocation import (
    InvalidInvocation,
    ToolInvocationRequest,
    parse_tool_invocation,
)

CONFIG = Config.model_validate({"agents": {"entries": {"main": {"default": True}, "ops": {}}}})


def parse(**body: Any) -> ToolInvocationRequest:
    return parse_tool_invocation({"tool": "t", **body}, {}, CONFIG, by_owner=True)


def call_of(**body: Any) -> ToolInvocation:
    run = RunRequest.decode(parse(**body).run.encode())
    assert run.tool is not None
    return run.tool


@pytest.mark.parametrize(
    ("body", "arguments"),
    [
        ({}, {}),
        ({"params": {"a": 1}}, {"a": 1}),
        ({"args": {"a": 1}}, {"a": 1}),
        ({"args": {"a": 1}, "params": {"a": 1}}, {"a": 1}),
        ({"args": [1]}, {}),
        ({"args": "x", "params": {"a": 1}}, {"a": 1}),
    ],
)
def test_arguments_come_in_either_shape(body: dict[str, Any], arguments: dict[str, Any]) -> None:
    assert orjson.loads(call_of(**body).arguments) == arguments


def test_the_name_wins_over_the_tool() -> None:
    assert call_of(name=" n ").name == "n"


@pytest.mark.parametrize(
    ("body", "session"),
    [
        ({}, "agent:main:main"),
        ({"agentId": "OPS"}, "agent:ops:main"),
        ({"sessionKey": "agent:ops:x"}, "agent:ops:x"),
        ({"sessionKey": "x", "agentId": "ops"}, "agent:ops:x"),
    ],
)
def test_the_session_is_the_agents_main_one_or_the_one_that_is_named(
    body: dict[str, Any], session: str
) -> None:
    assert call_of(**body).session_key == session


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"tool": ""}, "tools.invoke requires name"),
        ({"tool": 5}, "`tool` must be a string."),
        ({"args": {"a": 1}, "params": {"a": 2}}, "`args` and `params` differ; send one of them."),
        (
            {"agentId": "main", "sessionKey": "agent:ops:x"},
            'agent id "main" does not match session agent "ops"',
        ),
        ({"agentId": "gone"}, "Unknown agent 'gone'."),
        ({"sessionKey": "agent:gone:x"}, "Unknown agent 'gone'."),
        ({"idempotencyKey": "k" * 256}, "`idempotencyKey` is limited to 255 characters."),
    ],
)
def test_what_contradicts_itself_is_refused(body: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidInvocation) as caught:
        parse(**body)
    assert (caught.value.body.status, caught.value.body.type) == (400, "invalid_request")
    assert caught.value.body.message == message


def test_each_call_has_a_lane_of_its_own_and_equal_calls_one_fingerprint() -> None:
    one, two = parse(args={"a": 1, "b": 2}), parse(params={"b": 2, "a": 1})
    assert one.run.session_key != two.run.session_key
    assert one.fingerprint == two.fingerprint
    assert one.fingerprint != parse(args={"a": 2}).fingerprint


def test_a_key_makes_the_calls_id_stable() -> None:
    assert call_of(idempotencyKey="k").call_id == "http-main-k"
    assert call_of().call_id != call_of().call_id
