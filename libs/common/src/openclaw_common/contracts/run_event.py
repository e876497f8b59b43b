"""Run events: the typed facts of a run, as they stand in its run stream.

An entry of the stream is one field, `<type>` = `<JSON object>`, under the id `<attempt>-<sequence>`
(design: Streams and readers). Sequence numbers start at 1, are gapless over all attempts of the
run and equal for every reader.

The JSON of a `message.delta` is exactly `{"delta":<JSON string>}`, so that a reader can put the
string into a frame of its own without decoding it (`delta_literal`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import orjson

RUN_QUEUED: Final = "run.queued"
RUN_IN_PROGRESS: Final = "run.in_progress"
RUN_RESET: Final = "run.reset"
"""A later attempt starts: `{"discard_from":<sequence>}` names the first event it takes back."""
MESSAGE_DELTA: Final = "message.delta"
REASONING_DELTA: Final = "reasoning.delta"
TOOL_CALL_DELTA: Final = "tool_call.delta"
"""A piece of a call of a client's tool: `{"index":0,"id":…,"name":…,"arguments":…}`; `id` and
`name` stand in the first piece of an index only."""
TOOL_STARTED: Final = "tool.started"
TOOL_COMPLETED: Final = "tool.completed"
MESSAGE_COMPLETED: Final = "message.completed"
"""The reply is whole: `{"finish_reason":…}`. Comes directly before `run.completed`."""
RUN_COMPLETED: Final = "run.completed"
"""`{"usage":{…}}`; the text is in the run record."""
RUN_FAILED: Final = "run.failed"
"""`{"error":{"status":…,"type":…,"message":…}}`"""
RUN_CANCELLED: Final = "run.cancelled"
"""`{"reason":"user"|"disconnect"|…}`"""
RUN_EXPIRED: Final = "run.expired"
"""`{"error":{…}}`"""

TERMINAL_TYPES: Final = frozenset({RUN_COMPLETED, RUN_FAILED, RUN_CANCELLED, RUN_EXPIRED})

_DELTA_HEAD: Final = b'{"delta":'


@dataclass(frozen=True, slots=True)
class RunEvent:
    """One event of a run stream; `data` is the JSON object as it stands in Redis."""

    sequence: int
    attempt: int
    type: str
    data: bytes

    @property
    def terminal(self) -> bool:
        """Whether no event follows this one."""
        return self.type in TERMINAL_TYPES

    def json(self) -> dict[str, Any]:
        """Return `data` decoded."""
        value: dict[str, Any] = orjson.loads(self.data)
        return value

    def to_wire(self, run_id: str) -> dict[str, Any]:
        """Return the object of run-api.md §4.3: the data plus type, number, run and attempt."""
        return {
            "type": self.type,
            "sequence_number": self.sequence,
            "run_id": run_id,
            "attempt": self.attempt,
            **self.json(),
        }


def encode_delta(text: str) -> bytes:
    """Return the data of a `message.delta`; lone surrogates become U+FFFD, as JSON has none."""
    try:
        return _DELTA_HEAD + orjson.dumps(text) + b"}"
    except (orjson.JSONEncodeError, UnicodeEncodeError):
        clean = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        return _DELTA_HEAD + orjson.dumps(clean) + b"}"


def delta_literal(data: bytes) -> bytes:
    """Return the JSON string literal, quotes included, inside the data of a `message.delta`."""
    return data[len(_DELTA_HEAD) : -1]
