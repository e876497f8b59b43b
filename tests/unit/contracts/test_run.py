"""RunRequest and RunResult on their way through Redis, and the table of statuses."""

from __future__ import annotations

from dataclasses import replace

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from openclaw_common.contracts.run import (
    SCHEMA,
    TRANSITIONS,
    ClientTool,
    Image,
    RunRequest,
    RunResult,
    RunStatus,
    Sampling,
    SchemaNotSupported,
    ToolCall,
    Turn,
    Usage,
)

json_objects = st.dictionaries(
    st.text(),
    st.recursive(
        st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=5,
    ),
    max_size=3,
)
calls = st.builds(ToolCall, st.text(), st.text(), st.text())
turns = st.builds(
    Turn,
    st.sampled_from(["user", "assistant", "tool"]),
    st.text(),
    st.lists(calls, max_size=2).map(tuple),
    st.none() | st.text(),
    st.none() | st.text(),
)
floats = st.none() | st.floats(allow_nan=False, allow_infinity=False)
samplings = st.builds(
    Sampling,
    max_tokens=st.none() | st.integers(0, 2**31),
    temperature=floats,
    stop=st.lists(st.text(), max_size=4).map(tuple),
    response_format=st.none() | json_objects,
)
requests = st.builds(
    RunRequest,
    agent_id=st.text(),
    session_key=st.text(),
    source=st.text(),
    model=st.text(),
    message=turns,
    history=st.lists(turns, max_size=3).map(tuple),
    system=st.none() | st.text(),
    images=st.lists(
        st.builds(Image, st.text(), st.none() | st.text(), st.none() | st.text()), max_size=2
    ).map(tuple),
    tools=st.lists(
        st.builds(ClientTool, st.text(), st.none() | st.text(), json_objects), max_size=2
    ).map(tuple),
    sampling=samplings,
    ephemeral=st.booleans(),
    timeout_s=floats,
)
counts = st.integers(0, 2**40)
results = st.builds(
    RunResult,
    st.text(),
    st.sampled_from(["stop", "length", "tool_calls"]),
    st.lists(calls, max_size=3).map(tuple),
    st.builds(Usage, counts, counts, counts, counts, counts),
)


@given(requests)
def test_a_request_comes_back_as_it_was(request: RunRequest) -> None:
    assert RunRequest.decode(request.encode()) == request


@given(results)
def test_a_result_comes_back_as_it_was(result: RunResult) -> None:
    assert RunResult.decode(result.encode()) == result


@pytest.mark.parametrize("schema", [SCHEMA + 1, 0, None, "1"])
def test_a_request_of_another_schema_is_refused_by_name(schema: object) -> None:
    request = RunRequest("main", "s", "chat", "openclaw", Turn("user", "hi"))
    changed = {**orjson.loads(request.encode()), "schema": schema}
    with pytest.raises(SchemaNotSupported):
        RunRequest.decode(orjson.dumps(changed))


def test_usage_shows_details_only_where_there_are_any() -> None:
    usage = Usage(1, 2, 3)
    assert usage.to_wire() == {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}
    detailed = replace(usage, cached_tokens=1, reasoning_tokens=2)
    assert Usage.from_wire(detailed.to_wire()) == detailed
    assert Usage.from_wire({}) == Usage()


def test_what_has_ended_changes_no_more_and_everything_else_can_end() -> None:
    terminal = {status for status in RunStatus if status.terminal}
    assert terminal == {
        RunStatus.COMPLETED,
        RunStatus.FAILED,
        RunStatus.CANCELLED,
        RunStatus.EXPIRED,
    }
    for status in set(RunStatus) - terminal:
        assert TRANSITIONS[status] & terminal
    assert RunStatus.EXPIRED not in TRANSITIONS[RunStatus.IN_PROGRESS]


@pytest.mark.parametrize(
    ("text", "kept"), [("a\ud83db", "a\ufffdb"), ("\ud83d\ude00", "😀"), ("\ude00", "\ufffd")]
)
def test_text_that_no_utf8_can_hold_breaks_neither_a_request_nor_a_result(
    text: str, kept: str
) -> None:
    call = ToolCall("c", text, text)
    turn = Turn("assistant", text, tool_calls=(call,))
    request = RunRequest(
        "main", "k", "chat", "openclaw", Turn("user", text), history=(turn,), system=text
    )
    read = RunRequest.decode(request.encode())
    assert (read.message.text, read.system) == (kept, kept)
    assert read.history[0].tool_calls == (ToolCall("c", kept, kept),)
    result = RunResult(text, tool_calls=(call,), usage=Usage(prompt_tokens=3))
    assert RunResult.decode(result.encode()) == RunResult(
        kept, tool_calls=(ToolCall("c", kept, kept),), usage=Usage(prompt_tokens=3)
    )
