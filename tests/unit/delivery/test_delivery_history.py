"""The events of a delivery, folded into where it stands."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from openclaw_common.contracts.delivery_history import DeliveryHistory, Failure, Outcome
from openclaw_common.contracts.run_event import RunEvent


def event(type_: str, attempt: int = 1, **data: Any) -> RunEvent:
    return RunEvent(0, attempt, f"delivery.{type_}", json.dumps(data).encode())


def started(part: int, attempt: int = 1, **more: Any) -> RunEvent:
    return event(
        "part_started", attempt, **{"part": part, "parts": 3, "cut": "c", "at_ms": part, **more}
    )


def sent(part: int, attempt: int = 1) -> RunEvent:
    return event("part_sent", attempt, part=part, at_ms=9, message_id=f"m{part}", http_status=200)


def failed(part: int, outcome: str, attempt: int = 1, **more: Any) -> RunEvent:
    return event("part_failed", attempt, part=part, outcome=outcome, error="why", at_ms=5, **more)


def fold(*events: RunEvent) -> DeliveryHistory:
    return DeliveryHistory.of([event("pending", 0), event("sending"), *events])


def test_a_part_that_was_started_and_never_settled_is_in_doubt_in_the_next_attempt() -> None:
    history = fold(started(0), sent(0), started(1))
    assert (history.in_flight, history.doubtful, history.next_part) == (1, None, 1)
    history.add(event("sending", 2))
    assert (history.in_flight, history.doubtful, history.next_part) == (None, 1, 1)
    assert history.tries[0].outcome is Outcome.INTERRUPTED


def test_a_certain_failure_leaves_no_doubt() -> None:
    for outcome in ("rate_limited", "temporary", "permanent", "credentials_revoked"):
        assert fold(started(0), failed(0, outcome)).doubtful is None


def test_a_lost_answer_leaves_doubt_with_what_the_channel_said_of_it() -> None:
    history = fold(started(0), failed(0, "ambiguous", repeat_is_safe=False))
    assert (history.doubtful, history.repeat_is_safe, history.allowed) == (0, False, False)


def test_a_failure_before_the_send_does_not_end_an_older_doubt() -> None:
    history = fold(started(0), failed(0, "ambiguous"), event("sending", 2))
    history.add(failed(0, "temporary", 2))
    assert history.doubtful == 0


def test_a_certain_failure_of_a_repeated_send_leaves_the_doubt_of_the_first() -> None:
    history = fold(started(0, at_ms=1), failed(0, "ambiguous"), event("sending", 2))
    for entry in (started(0, 2, at_ms=50), failed(0, "temporary", 2)):
        history.add(entry)
    assert (history.doubtful, history.doubtful_since_ms) == (0, 1)


def test_doubt_counts_from_the_first_of_several_sends() -> None:
    history = fold(started(0, at_ms=1), failed(0, "ambiguous"), event("sending", 2))
    for entry in (started(0, 2, at_ms=50), event("sending", 3)):
        history.add(entry)
    assert (history.doubtful, history.doubtful_since_ms) == (0, 1)


def test_a_send_that_was_to_be_repeated_in_any_case_begins_a_doubt_of_its_own() -> None:
    history = fold(started(0, at_ms=1), failed(0, "ambiguous"), event("sending", 2))
    history.add(started(0, 2, at_ms=50, repeated=True))
    history.add(failed(0, "temporary", 2))
    assert history.doubtful is None
    history.add(started(0, 2, at_ms=70))
    history.add(failed(0, "ambiguous", 2))
    assert history.doubtful_since_ms == 70


def test_a_replay_allows_what_was_in_doubt_and_begins_the_tries_anew() -> None:
    history = fold(started(0), failed(0, "ambiguous", retry_at_ms=7), event("unknown", error={}))
    history.add(event("pending", 2, replayed_at_ms=100))
    assert (history.allowed, history.failures, history.retry_at_ms) == (True, 0, None)
    assert (history.replays, history.replayed_at_ms) == (1, 100)
    history.add(started(0, 2, repeated=True))
    assert history.duplicates_possible == 1


def test_a_part_that_was_sent_begins_the_tries_anew() -> None:
    history = fold(
        started(0),
        failed(0, "temporary"),
        started(0, 2),
        failed(0, "rate_limited", 2, counts=False),
    )
    assert (history.failures, history.rate_limits) == (1, 1)
    history.add(sent(0, 3))
    assert (history.failures, history.rate_limits, history.retry_at_ms) == (0, 0, None)


def test_the_end_tells_its_reason() -> None:
    history = fold(event("dead", error={"message": "given up", "code": "attempts_exhausted"}))
    assert history.last_failure == Failure("given up", "attempts_exhausted")


def test_each_attempt_that_asked_is_told_once_with_its_last_outcome() -> None:
    history = fold(
        started(0),
        sent(0),
        started(1),
        failed(1, "rate_limited", http_status=429, retry_after_s=3),
        event("sending", 2),
        event("sending", 3),
        started(1, 3),
        sent(1, 3),
    )
    told = [(one.number, one.outcome, one.part) for one in history.tries]
    assert told == [(1, Outcome.RATE_LIMITED, 1), (3, Outcome.SENT, 1)]
    assert (history.tries[0].http_status, history.tries[0].retry_after_s) == (429, 3)


ANY_EVENT = st.one_of(
    st.builds(started, st.integers(0, 2), st.integers(1, 3)),
    st.builds(sent, st.integers(0, 2), st.integers(1, 3)),
    st.builds(
        failed, st.integers(0, 2), st.sampled_from([o.value for o in Outcome]), st.integers(1, 3)
    ),
    st.builds(event, st.just("sending"), st.integers(1, 3)),
    st.builds(event, st.just("later.unheard_of")),
)


@given(st.lists(ANY_EVENT))
def test_a_part_with_a_receipt_is_never_the_next_one_nor_in_doubt(events: list[RunEvent]) -> None:
    history = fold(*events)
    assert history.next_part not in history.receipts
    assert history.failures >= 0
