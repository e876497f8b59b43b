"""A client's history beside a transcript that holds the newer part of it."""

from __future__ import annotations

from openclaw_agent_worker.agent.prompt import UnknownTurns, unknown_turns
from openclaw_common.contracts.run import Turn

OK, FINE = Turn("user", "ok"), Turn("assistant", "fine")
Q, A = Turn("user", "q"), Turn("assistant", "a")
KNOWN = [("user", "q"), ("assistant", "a"), ("user", "ok"), ("assistant", "fine")]


def test_words_that_were_said_before_do_not_stand_for_those_that_are_held() -> None:
    found = unknown_turns([OK, FINE, OK, FINE, Q, A, OK, FINE], KNOWN)
    assert found == UnknownTurns(earlier=(OK, FINE, OK, FINE), missing=())


def test_a_turn_that_failed_is_missing_behind_what_is_held() -> None:
    failed = Turn("user", "failed")
    found = unknown_turns([OK, FINE, Q, A, OK, FINE, failed], KNOWN)
    assert found == UnknownTurns(earlier=(OK, FINE), missing=(failed,))


def test_an_endless_history_is_searched_at_its_end_only() -> None:
    history = [OK] * 50_000 + [Q, A, Turn("user", "new")]
    found = unknown_turns(history, KNOWN)
    assert found.missing == (Turn("user", "new"),)
    assert len(found.earlier) == 50_000
