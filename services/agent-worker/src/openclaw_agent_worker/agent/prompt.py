"""The prompt: what the client sent, as the text of one user message (contract §1.1)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Final

from openclaw_common.contracts.run import ToolCall, Turn

HISTORY_HEADER: Final = "[Chat messages since your last reply - for context]"
CURRENT_HEADER: Final = "[Current message - respond to this]"

SEARCHED: Final = 4
"""How many times the length of a transcript is looked for it in a client's history."""

Known = tuple[str, str]
"""Role and text of a turn that a transcript holds."""


def render_prompt(current: Turn, context: Sequence[Turn]) -> str:
    """Return the prompt for `current` behind the earlier turns `context`.

    Without earlier turns a user's message is the prompt itself.
    """
    if not context and current.role != "tool":
        return current.text
    lines = [HISTORY_HEADER, *map(render_turn, context), "", CURRENT_HEADER, render_turn(current)]
    return "\n".join(lines)


def render_turn(turn: Turn) -> str:
    """Return one turn as the prompt shows it."""
    if turn.role == "assistant":
        return "Assistant: " + render_reply(turn.text, turn.tool_calls)
    if turn.role == "tool":
        return render_result(turn.tool_call_id, turn.text)
    return f"User: {turn.text}"


def render_reply(text: str, calls: Iterable[ToolCall]) -> str:
    """Return an assistant's text with its tool calls as lines of text behind it."""
    lines = [text] if text else []
    lines += [f"tool_call id={c.id} name={c.name} arguments={c.arguments}" for c in calls]
    return "\n".join(lines)


def render_result(call_id: str | None, text: str) -> str:
    """Return a tool's result as text."""
    return f"Tool:{call_id}: {text}" if call_id else f"Tool: {text}"


@dataclass(frozen=True, slots=True)
class UnknownTurns:
    """The turns of a client's history that a transcript lacks, in order.

    `earlier` stand before the first turn it holds: they were trimmed from it, most likely, and
    must not be added at its end. `missing` are the others.
    """

    earlier: tuple[Turn, ...]
    missing: tuple[Turn, ...]


def unknown_turns(history: Sequence[Turn], known: Iterable[Known]) -> UnknownTurns:
    """Return the turns that `known` does not hold, both being in order of time.

    They are compared from the end, where a transcript is: an old turn may have the words of a newer
    one.
    """
    sent = [(turn.role, turn.text.strip()) for turn in history]
    held = [(role, text.strip()) for role, text in known]
    same = 0
    while same < min(len(sent), len(held)) and sent[-1 - same] == held[-1 - same]:
        same += 1
    matched = set(range(len(sent) - same, len(sent)))
    left = held[: len(held) - same]
    # Of a client's endless history only the end can be in a transcript.
    start = max(0, len(sent) - same - SEARCHED * len(left))
    blocks = SequenceMatcher(None, left, sent[start : len(sent) - same]).get_matching_blocks()
    for block in blocks:
        matched.update(range(start + block.b, start + block.b + block.size))
    first = min(matched, default=-1)
    unknown = [(index, turn) for index, turn in enumerate(history) if index not in matched]
    return UnknownTurns(
        tuple(turn for index, turn in unknown if index < first),
        tuple(turn for index, turn in unknown if index > first),
    )
