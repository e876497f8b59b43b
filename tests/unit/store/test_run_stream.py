"""Entry ids of a run stream."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from openclaw_common.store.run_stream import parse_entries, start_after

attempts = st.lists(st.integers(1, 5), min_size=1, max_size=5)


def entry(attempt: int, sequence: int) -> tuple[bytes, list[bytes]]:
    return (b"%d-%d" % (attempt, sequence), [b"message.delta", b"{}"])


def key(entry_id: str) -> tuple[int, int]:
    attempt, _, sequence = entry_id.partition("-")
    return int(attempt), int(sequence)


@given(attempts, st.integers(0, 30))
def test_everything_after_a_sequence_lies_behind_its_start(lengths: list[int], after: int) -> None:
    stream = [entry(0, 1)]
    for attempt, length in enumerate(lengths, start=1):
        stream += [entry(attempt, len(stream) + 1 + offset) for offset in range(length)]
    behind = [one for one in stream if key(one[0].decode()) > key(start_after(after))]
    found = [event.sequence for event in parse_entries(behind, after)]
    assert found == list(range(after + 1, len(stream) + 1))


def test_the_end_of_a_run_that_was_never_claimed_lies_behind_its_first_event() -> None:
    assert key("0-2") > key(start_after(1))
