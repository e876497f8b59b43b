"""The prompt: what the client sent, as the text of one user message (contract §1.1)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from openclaw_common.contracts.run import ToolCall, Turn

HISTORY_HEADER: Final = "[Chat messages since your last reply - for context]"
CURRENT_HEADER: Final = "[Current message - respond to this]"

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
    """Return the turns that `known` does not hold; each known one hides one equal turn."""
    left = Counter((role, text.strip()) for role, text in known)
    earlier: list[Turn] = []
    unknown: list[Turn] = []
    met = False
    for turn in history:
        key = (turn.role, turn.text.strip())
        if left[key] == 0:
            unknown.append(turn)
            continue
        left[key] -= 1
        if not met:
            met = True
            earlier, unknown = unknown, []
    return UnknownTurns(tuple(earlier), tuple(unknown))
