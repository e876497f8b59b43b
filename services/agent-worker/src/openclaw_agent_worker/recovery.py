"""What an attempt leaves to the next: finished model replies, tool results, published text.

Checkpoints of a run, by name:

    step:<n>            the n-th model reply that called our tools, from 1, as JSON
    tool:<n>.<i>        its i-th call: `{"started":true}`, then `{"content":…,"is_error":…}`
    invocation          the call of a run without a model: `{"started":true}`

Only a call of a tool that is not idempotent is marked as started: of such a one without a result
nobody can tell whether it happened, and the model is told so. Every other is made again.
"""

from __future__ import annotations

from collections.abc import Awaitable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Final, Protocol

import orjson

from openclaw_agent_worker.agent.port import ToolOutcome
from openclaw_agent_worker.tools.toolbox import AgentToolBox
from openclaw_common.contracts.run import ToolCall
from openclaw_common.contracts.run_event import MESSAGE_DELTA, TOOL_CALL_DELTA, RunEvent

OUTCOME_UNKNOWN: Final = (
    "The outcome of this call is unknown: the worker that made it was lost before it could record "
    "the result. It may or may not have taken effect, and was not made again."
)
STARTED: Final = b'{"started":true}'


class Checkpoints(Protocol):
    """Where finished steps are kept; a Lease."""

    def checkpoint(self, name: str, value: bytes) -> Awaitable[None]:
        """Record one. Raises LeaseLost."""
        ...


@dataclass(frozen=True, slots=True)
class Recovered:
    """What earlier attempts left; nothing for the first."""

    replies: tuple[bytes, ...] = ()
    tools: Mapping[str, bytes] = field(default_factory=dict)
    published: str = ""

    @classmethod
    def read(cls, checkpoints: Mapping[str, bytes], events: Iterable[RunEvent] = ()) -> Recovered:
        """Return what checkpoints and run events say."""
        replies: list[bytes] = []
        for number in count(1):
            if (reply := checkpoints.get(step_name(number))) is None:
                break
            replies.append(reply)
        return cls(tuple(replies), checkpoints, published_text(events))


def step_name(number: int) -> str:
    """Return the name of a model reply's checkpoint."""
    return f"step:{number}"


def published_text(events: Iterable[RunEvent]) -> str:
    """Return the text that readers of the chat view have seen at most.

    That is an attempt's, and goes on with a later one's that repeats it. Empty where a call of a
    client's tool was published: text cannot go on behind one.
    """
    attempts: dict[int, list[str]] = {}
    for event in events:
        if event.type == TOOL_CALL_DELTA:
            return ""
        if event.type == MESSAGE_DELTA:
            attempts.setdefault(event.attempt, []).append(event.json()["delta"])
    seen = ""
    for pieces in attempts.values():
        text = "".join(pieces)
        seen = seen if seen.startswith(text) else text
    return seen


class RecordedToolBox:
    """A ToolBox that executes each call of a run once, over all its attempts."""

    def __init__(
        self, box: AgentToolBox, checkpoints: Checkpoints, recorded: Mapping[str, bytes]
    ) -> None:
        self._box = box
        self._checkpoints = checkpoints
        self._recorded = recorded
        self.specs = box.specs

    async def call(self, call: ToolCall, place: str) -> ToolOutcome:
        """See ToolBox.call. Raises LeaseLost."""
        name = f"tool:{place}"
        recorded = self._recorded.get(name)
        if recorded is not None and recorded != STARTED:
            return ToolOutcome(**orjson.loads(recorded))
        if recorded is not None:
            outcome = ToolOutcome(OUTCOME_UNKNOWN, is_error=True)
        else:
            if not self._box.is_idempotent(call.name):
                await self._checkpoints.checkpoint(name, STARTED)
            outcome = await self._box.call(call, place)
        await self._checkpoints.checkpoint(name, orjson.dumps(outcome))
        return outcome
