"""The kinds of job, and the words in which the steps of each speak."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from openclaw_common.contracts.delivery import DELIVERY_SENDING
from openclaw_common.contracts.run_event import RUN_IN_PROGRESS, RUN_RESET


@dataclass(frozen=True, slots=True)
class JobKind:
    """One kind of job.

    `name` stands in its keys. `started` and `restarted` are the types of the event with which an
    attempt begins; `failed` is the status of a job whose function raised.
    """

    name: str
    started: str
    restarted: str
    failed: str
    terminal: frozenset[str]

    def event(self, status: str) -> str:
        """The type of the event that ends a job with `status`."""
        return f"{self.name}.{status}"


RUNS: Final = JobKind(
    "run",
    RUN_IN_PROGRESS,
    RUN_RESET,
    failed="failed",
    terminal=frozenset({"completed", "failed", "cancelled", "expired"}),
)
DELIVERIES: Final = JobKind(
    "delivery",
    DELIVERY_SENDING,
    DELIVERY_SENDING,
    failed="dead",
    terminal=frozenset({"delivered", "failed", "dead", "unknown", "suppressed", "cancelled"}),
)
KINDS: Final[Mapping[str, JobKind]] = {kind.name: kind for kind in (RUNS, DELIVERIES)}
