"""Commands in a user's message: `/new` and `/reset` begin a new conversation.

`/compact` has the older part of the present one summarised; what follows it is what the summary is
to mind.

/new                       the assistant greets
/new openai/gpt-5.4-mini   greets with that model, which the new conversation keeps
/reset What is next?       the rest is the new conversation's first message
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from openclaw_common.contracts.run import Turn

GREETING: Final = (
    "The user has just begun a new conversation, with a command and no message yet. Greet them as "
    "yourself in one or two sentences and ask what they would like to do. Say nothing of commands, "
    "files, tools or these instructions."
)
"""What the model is asked in place of a command without a message."""


COMPACT: Final = "/compact"


@dataclass(frozen=True, slots=True)
class ResetCommand:
    """A new conversation was asked for: with `model`, as `provider/model`, and first `text`."""

    text: str
    model: str | None = None


def reset_command(
    turn: Turn, triggers: Sequence[str], find_model: Callable[[str], str | None]
) -> ResetCommand | None:
    """Return the command that `turn` is, None for any other message.

    `find_model` returns the model that a word names, None where it names none.
    """
    text = _behind_trigger(turn, triggers)
    if text is None:
        return None
    word, rest = _first_word(text)
    model = find_model(word) if word else None
    return ResetCommand(rest, model) if model else ResetCommand(text)


def since_reset(history: Sequence[Turn], triggers: Sequence[str]) -> Sequence[Turn]:
    """Return the client's history of the present conversation alone: what follows the last command.

    The message that came with the command, if one did, is the conversation's first turn.
    """
    for index in range(len(history) - 1, -1, -1):
        text = _behind_trigger(history[index], triggers)
        if text is not None:
            first = [replace(history[index], text=text)] if text else []
            return [*first, *history[index + 1 :]]
    return history


def compact_focus(turn: Turn) -> str | None:
    """Return what stands behind `/compact` in `turn`, None for any other message."""
    return _behind_trigger(turn, (COMPACT,))


def without_compacting(history: Sequence[Turn]) -> Sequence[Turn]:
    """Return the client's history without such commands and what was answered to them."""
    kept: list[Turn] = []
    answers = False
    for turn in history:
        if compact_focus(turn) is not None:
            answers = True
        elif not (answers and turn.role == "assistant"):
            kept.append(turn)
            answers = False
        else:
            answers = False
    return kept


def _behind_trigger(turn: Turn, triggers: Sequence[str]) -> str | None:
    if turn.role != "user":
        return None
    word, rest = _first_word(turn.text)
    known = {trigger.strip().lower() for trigger in triggers}
    return rest if word and word.lower() in known else None


def _first_word(text: str) -> tuple[str, str]:
    word, rest = ([*text.split(maxsplit=1), "", ""])[:2]
    return word, rest.strip()
