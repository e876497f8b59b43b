"""Reading the data lines of a provider's event stream."""

from __future__ import annotations

import pytest

from openclaw_agent_worker.models.sse import MAX_LINE_BYTES, DataLines, LineTooLong


@pytest.mark.parametrize(
    "raw",
    [
        b'data: {"a":1}\n\ndata: [DONE]\n\n',
        b'data:{"a":1}\n\ndata:[DONE]\n\n',
        b'data: {"a":1}\r\n\r\ndata: [DONE]\r\n\r\n',
        b': ping\n\nevent: x\nid: 4\ndata: {"a":1}\n\nretry: 3\ndata: [DONE]\n\n',
        b'data: {"a":1}\ndata: [DONE]\n',
    ],
    ids=["plain", "no space", "crlf", "other fields", "no blank lines"],
)
def test_every_dialect_gives_the_same_values_however_it_is_cut(raw: bytes) -> None:
    for cut in range(len(raw) + 1):
        lines = DataLines()
        assert lines.feed(raw[:cut]) + lines.feed(raw[cut:]) == [b'{"a":1}', b"[DONE]"]


def test_an_unterminated_line_is_given_out_at_the_end() -> None:
    lines = DataLines()
    assert lines.feed(b"data: 1\ndata: 2") == [b"1"]
    assert lines.end() == [b"2"]


def test_a_line_without_end_is_refused() -> None:
    with pytest.raises(LineTooLong):
        DataLines().feed(b"x" * (MAX_LINE_BYTES + 1))
