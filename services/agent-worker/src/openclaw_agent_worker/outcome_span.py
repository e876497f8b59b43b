"""How an attempt ended, on its span."""

from __future__ import annotations

from openclaw_agent_worker.attempt import Failed, Outcome
from openclaw_common.runtime import tracing


def note_outcome(outcome: Outcome) -> None:
    """Set the outcome; a run that failed makes its span an error."""
    span = tracing.current()
    if span is None:
        return
    span.put({"openclaw.outcome": type(outcome).__name__.lower()})
    if isinstance(outcome, Failed):
        span.fail(outcome.error.code or outcome.error.type)
