"""What an attempt leaves to the next."""

from __future__ import annotations

from typing import Any

import pytest

from openclaw_agent_worker.recovery import RecordedToolBox, Recovered, published_text
from openclaw_agent_worker.tools.tool import Tool, ToolContext
from openclaw_agent_worker.tools.toolbox import AgentToolBox, CallLimits
from openclaw_common.contracts.run import ToolCall
from openclaw_common.contracts.run_event import RunEvent, encode_delta


class Record(dict[str, bytes]):
    """Checkpoints of a run."""

    async def checkpoint(self, name: str, value: bytes) -> None:
        self[name] = value


def box(record: Record, *, idempotent: bool) -> tuple[RecordedToolBox, list[str]]:
    """A recorded box of one tool, and what is written down at its calls."""
    calls: list[str] = []

    async def note(context: ToolContext, arguments: dict[str, Any]) -> str:
        calls.append(context.call_id)
        return f"mark: {sorted(record)}"

    tools = {"pay": Tool("pay", "Pays.", note, idempotent=idempotent)}
    caller = ToolContext("run_1", "", "main", "s")
    inner = AgentToolBox(tools, caller, CallLimits(5, 1000))
    return RecordedToolBox(inner, record, dict(record)), calls


CALL = ToolCall("c", "pay", "{}")


@pytest.mark.parametrize(("idempotent", "before"), [(True, "[]"), (False, "['tool:1.1']")])
async def test_only_a_call_that_cannot_be_repeated_is_marked_as_started(
    idempotent: bool, before: str
) -> None:
    record = Record()
    recorded, calls = box(record, idempotent=idempotent)
    outcome = await recorded.call(CALL, "1.1")
    assert outcome.content == f"mark: {before}"
    assert calls == ["run_1:1.1"]
    again, calls = box(record, idempotent=idempotent)
    assert await again.call(CALL, "1.1") == outcome
    assert calls == []


async def test_a_call_of_unknown_outcome_is_told_so_in_every_later_attempt() -> None:
    record = Record({"tool:1.1": b'{"started":true}'})
    for _ in range(2):
        recorded, calls = box(record, idempotent=False)
        outcome = await recorded.call(CALL, "1.1")
        assert outcome.is_error
        assert outcome.content.startswith("The outcome of this call is unknown")
        assert calls == []


def test_replies_are_read_up_to_the_first_that_is_missing() -> None:
    found = Recovered.read({"step:1": b"a", "step:2": b"b", "step:4": b"d", "tool:1.1": b"{}"})
    assert found.replies == (b"a", b"b")


@pytest.mark.parametrize(
    ("texts", "seen"),
    [
        ([], ""),
        ([(1, "abc")], "abc"),
        ([(1, "abcdef"), (2, "abc")], "abcdef"),
        ([(1, "abc"), (2, "abcdef")], "abcdef"),
        ([(1, "abc"), (2, "xy")], "xy"),
    ],
)
def test_what_readers_have_seen_is_the_longest_that_was_repeated(
    texts: list[tuple[int, str]], seen: str
) -> None:
    events = [
        RunEvent(number, attempt, "message.delta", encode_delta(char))
        for number, (attempt, char) in enumerate((a, c) for a, text in texts for c in text)
    ]
    assert published_text(events) == seen


def test_text_does_not_go_on_behind_a_clients_call() -> None:
    events = [
        RunEvent(1, 1, "message.delta", encode_delta("a")),
        RunEvent(2, 1, "tool_call.delta", b"{}"),
    ]
    assert published_text(events) == ""
