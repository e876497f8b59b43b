"""Words at the start of a message that are for the gateway and not for the agent.

`/new`, `/reset` and `/compact` are executed with the run that they are; `/stop` and `/status` at
once, because they are about what runs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from openclaw_common.contracts.inbound import InboundMessage

STOP: Final = "/stop"
STATUS: Final = "/status"
COMPACT: Final = "/compact"


@dataclass(frozen=True, slots=True)
class Command:
    """A command: its `name` with the slash, in lower case, and the whole `text`."""

    name: str
    text: str

    @property
    def at_once(self) -> bool:
        """Whether it is executed without a run."""
        return self.name in (STOP, STATUS)


def command_of(message: InboundMessage, triggers: Sequence[str]) -> Command | None:
    """Return the command that a message is, None for any other; `triggers` begin a session anew."""
    known = {STOP, STATUS, COMPACT, *(trigger.strip().lower() for trigger in triggers)}
    for text in _readings(message):
        word, rest = [*text.split(maxsplit=1), "", ""][:2]
        name = word.lower()
        if name and name in known:
            return Command(name, f"{name} {rest.strip()}".strip())
    return None


def spoken_text(message: InboundMessage, *, own_session: bool) -> str:
    """Return what the agent is told: of a platform command with its own session only the words."""
    text = message.text.strip()
    if message.kind == "command" and own_session:
        return text.partition(" ")[2].strip() or text
    return text


def _readings(message: InboundMessage) -> tuple[str, ...]:
    """Return what may be a command: `/openclaw stop` is `/stop` said to a platform."""
    text = message.text.strip()
    if message.kind != "command":
        return (text,)
    rest = text.partition(" ")[2].strip()
    if rest and not rest.startswith("/") and " " not in rest:
        rest = f"/{rest}"
    return (text, rest)
