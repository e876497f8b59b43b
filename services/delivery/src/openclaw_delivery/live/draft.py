"""The text of a run as far as its stream has it."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Final

from openclaw_common.contracts.run_event import MESSAGE_DELTA, RUN_RESET, RunEvent
from openclaw_delivery.live.context import Streams

MAX_DRAFTS: Final = 1000
"""Texts that one process remembers; one that it forgot is read again from the beginning."""
_PAGE: Final = 1000


@dataclass(slots=True)
class Draft:
    """`after` is the last event that was read; `shown` what this process put into a message."""

    after: int = 0
    shown: str = ""
    _pieces: list[tuple[int, str]] = field(default_factory=list)

    @property
    def text(self) -> str:
        """What the run has said."""
        return "".join(piece for _, piece in self._pieces)

    async def read_on(self, streams: Streams, run_id: str) -> None:
        """Take in what was published since. Raises StoreUnavailable."""
        while events := await streams.read(run_id, self.after, _PAGE):
            for event in events:
                self._add(event)
            if len(events) < _PAGE:
                return

    def _add(self, event: RunEvent) -> None:
        self.after = event.sequence
        if event.type == MESSAGE_DELTA:
            self._pieces.append((event.sequence, event.json()["delta"]))
        elif event.type == RUN_RESET:
            first = event.json()["discard_from"]
            self._pieces = [piece for piece in self._pieces if piece[0] < first]


class Drafts:
    """The drafts of one process."""

    def __init__(self) -> None:
        self._drafts: OrderedDict[str, Draft] = OrderedDict()

    def of(self, run_id: str) -> Draft:
        """Return the draft of a run."""
        draft = self._drafts.setdefault(run_id, Draft())
        self._drafts.move_to_end(run_id)
        while len(self._drafts) > MAX_DRAFTS:
            self._drafts.popitem(last=False)
        return draft

    def forget(self, run_id: str) -> None:
        """Drop the draft of a run."""
        self._drafts.pop(run_id, None)
