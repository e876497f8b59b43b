"""A body is one JSON object, or it is an invalid request; never anything else."""

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openclaw_common.contracts.errors import InvalidRequest
from openclaw_ingress.json_body import MAX_CONTAINERS, parse_object

DEPTH = 64

REFUSED = {
    "malformed": b'{"a":',
    "trailing comma": b'{"a":1,}',
    "two values": b"{} {}",
    "array": b"[]",
    "string": b'"x"',
    "null": b"null",
    "blanks only": b"  ",
    "byte order mark": b"\xef\xbb\xbf{}",
    "utf-16": '{"a":1}'.encode("utf-16"),
    "bad utf-8": b'{"a":"\xff"}',
    "surrogate as utf-8": b'{"a":"\xed\xa0\xbd"}',
    "surrogate and bad utf-8": b'{"a":"\\ud83d","b":"\xff"}',
    "NaN": b'{"a":NaN}',
    "Infinity": b'{"a":Infinity}',
    "infinite by exponent": b'{"a":1e400}',
    "NaN beside a surrogate": b'{"a":"\\ud83d","b":NaN}',
    "infinite beside a surrogate": b'{"a":"\\ud83d","b":-1e999}',
    "huge integer beside a surrogate": b'{"a":"\\ud83d","b":' + b"9" * 5000 + b"}",
    "an integer beyond any float beside a surrogate": b'{"a":"\\ud83d","b":' + b"9" * 400 + b"}",
    "duplicate key": b'{"a":1,"a":2}',
    "duplicate key with blanks": b'{"a" :1,"a"\n:2}',
    "duplicate key spelled with an escape": b'{"a":1,"\\u0061":2}',
    "duplicate key further down": b'{"a":[{"b":1,"b":1}]}',
    "duplicate key beside text that looks like one": rb'{"a":"\":","b\\":1,"b\\":2}',
    "duplicate key beside a surrogate": b'{"a":"\\ud83d","a":1}',
    "too deep in arrays": b'{"a":' + b"[" * DEPTH + b"]" * DEPTH + b"}",
    "too deep in objects": b'{"a":' * (DEPTH + 1) + b"1" + b"}" * (DEPTH + 1),
    "deeper than any parser goes": b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "deep beside a surrogate": b'{"s":"\\ud83d","a":' + b"[" * 900 + b"]" * 900 + b"}",
    "deeper than any parser goes beside a surrogate": b'{"s":"\\ud83d","a":' + b"[" * 100_000,
}


@pytest.mark.parametrize("raw", REFUSED.values(), ids=REFUSED.keys())
def test_a_body_that_is_no_clean_object_is_an_invalid_request(raw: bytes) -> None:
    with pytest.raises(InvalidRequest) as refused:
        parse_object(raw, max_depth=DEPTH)
    assert refused.value.body.status == 400
    assert refused.value.body.message == "Invalid request body"


ACCEPTED: dict[str, tuple[bytes, dict[str, Any]]] = {
    "empty": (b"", {}),
    "blanks around": (b' \n{"a":1}\t', {"a": 1}),
    "as deep as allowed": (
        b'{"a":' + b"[" * (DEPTH - 1) + b"]" * (DEPTH - 1) + b"}",
        {"a": json.loads("[" * (DEPTH - 1) + "]" * (DEPTH - 1))},
    ),
    "what looks like keys inside a string": (
        rb'{"a":"{\"b\":1,\"b\":2}"}',
        {"a": '{"b":1,"b":2}'},
    ),
    "lone surrogates": (rb'{"a":"x\ud83dy\udc00"}', {"a": "x\ufffdy\ufffd"}),
    "a lone surrogate in a key": (rb'{"\ud83d":1}', {"\ufffd": 1}),
    "a whole pair beside a lone surrogate": (
        rb'{"a":"\ud83d\ude00","b":"\ud83d"}',
        {"a": "😀", "b": "\ufffd"},
    ),
    "what looks like a surrogate behind an escaped backslash": (
        rb'{"a":"\\ud83d","b":"\\\ud83d","c":"\ud83d\ud83d\ude00\""}',
        {"a": r"\ud83d", "b": "\\\ufffd", "c": '\ufffd😀"'},
    ),
    "control characters in escapes": (rb'{"a":"\u0000\u001f"}', {"a": "\x00\x1f"}),
    "an integer beyond 64 bits": (
        b'{"a":123456789012345678901234567890}',
        {"a": 1.2345678901234568e29},
    ),
}


@pytest.mark.parametrize(("raw", "value"), ACCEPTED.values(), ids=ACCEPTED.keys())
def test_an_object_is_taken(raw: bytes, value: dict[str, Any]) -> None:
    assert parse_object(raw, max_depth=DEPTH) == value


def test_a_body_of_too_many_pieces_is_refused_and_one_of_as_many_as_allowed_is_not() -> None:
    lists = [[] for _ in range(MAX_CONTAINERS - 2)]
    assert parse_object(json.dumps({"a": lists}).encode(), max_depth=DEPTH) == {"a": lists}
    with pytest.raises(InvalidRequest, match="more than 50000 objects and arrays"):
        parse_object(json.dumps({"a": [*lists, {}]}).encode(), max_depth=DEPTH)


@given(st.binary(max_size=200))
def test_no_bytes_do_anything_but_parse_or_be_refused(raw: bytes) -> None:
    with contextlib.suppress(InvalidRequest):
        assert isinstance(parse_object(raw, max_depth=4), dict)


_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.text(st.characters(exclude_categories=()), max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.text(st.characters(exclude_categories=()), max_size=4), inner, max_size=3
        )
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.text(max_size=4), _JSON, max_size=4))
def test_any_json_object_of_javascript_parses_to_what_it_says(value: dict[str, Any]) -> None:
    parsed = parse_object(json.dumps(value).encode(), max_depth=DEPTH)
    expected = json.dumps(value, ensure_ascii=False)
    cleaned = expected.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    assert parsed == json.loads(cleaned)
