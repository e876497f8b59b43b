"""Run events, and the text inside a `message.delta`."""

from __future__ import annotations

import orjson
from hypothesis import example, given
from hypothesis import strategies as st

from openclaw_common.contracts.run import RunStatus
from openclaw_common.contracts.run_event import (
    MESSAGE_DELTA,
    TERMINAL_TYPES,
    RunEvent,
    delta_literal,
    encode_delta,
)

any_text = st.text(st.characters(exclude_categories=()))


@given(any_text)
@example("\ud83d")
@example("a\udc00b\ud800")
def test_a_delta_is_valid_json_whatever_its_text(text: str) -> None:
    delta = orjson.loads(encode_delta(text))["delta"]
    delta.encode("utf-8")
    if not any("\ud800" <= character <= "\udfff" for character in text):
        assert delta == text


def test_halves_of_a_pair_that_came_together_are_one_character() -> None:
    assert orjson.loads(encode_delta("\ud83d\ude00!")) == {"delta": "\U0001f600!"}
    assert orjson.loads(encode_delta("a\ud83d!")) == {"delta": "a\ufffd!"}


@given(any_text)
def test_the_literal_can_stand_in_another_frame(text: str) -> None:
    data = encode_delta(text)
    frame = b'{"content":' + delta_literal(data) + b"}"
    assert orjson.loads(frame)["content"] == orjson.loads(data)["delta"]


def test_every_terminal_status_has_its_terminal_event() -> None:
    ends = {f"run.{status.value}" for status in RunStatus if status.terminal}
    assert ends == TERMINAL_TYPES
    assert all(RunEvent(1, 1, kind, b"{}").terminal for kind in ends)
    assert not RunEvent(1, 1, MESSAGE_DELTA, b"{}").terminal


def test_on_the_wire_an_event_says_where_it_belongs() -> None:
    assert RunEvent(7, 2, "run.reset", b'{"discard_from":3}').to_wire("run_1") == {
        "type": "run.reset",
        "sequence_number": 7,
        "run_id": "run_1",
        "attempt": 2,
        "discard_from": 3,
    }
