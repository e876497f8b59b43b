"""Bytes become the text that they were written as."""

from __future__ import annotations

import pytest

from openclaw_agent_worker.tools.page_encoding import decode_page


@pytest.mark.parametrize(
    ("body", "charset"),
    [
        ("é".encode(), None),
        ("é".encode(), "utf-8"),
        (b"\xe9", "iso-8859-1"),
        (b"\xe9", "Windows-1252"),
        ("\ufeffé".encode(), "iso-8859-1"),
        ("é".encode("utf-16"), None),
        ("é".encode("utf-16-be"), "utf-16be"),
    ],
)
def test_a_header_or_a_mark_says_the_encoding(body: bytes, charset: str | None) -> None:
    assert decode_page(body, charset).lstrip("\ufeff") == "é"


@pytest.mark.parametrize(
    "head",
    [
        b"<meta charset=windows-1252>",
        b'<META http-equiv="Content-Type" content="text/html; charset=ISO-8859-1">',
        b"<?xml version='1.0' encoding='latin-1'?>",
    ],
)
def test_the_markup_says_it_where_the_header_does_not(head: bytes) -> None:
    assert decode_page(head + b"\xe9", None).endswith("é")


@pytest.mark.parametrize(
    "charset", ["zlib", "idna", "punycode", "undefined", "rot13", "x", "utf-99"]
)
def test_what_is_no_encoding_of_the_web_is_read_as_utf_8(charset: str) -> None:
    assert decode_page("é".encode(), charset) == "é"


def test_broken_bytes_are_replaced() -> None:
    assert decode_page(b"a\xff", "utf-8") == "a\ufffd"
