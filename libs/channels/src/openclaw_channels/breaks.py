"""Where text may be cut: after paragraphs, lines, sentences and words, and between graphemes."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

PARAGRAPH: Final = re.compile(r"\n(?=[ \t\r]*\n)")
LINE: Final = re.compile(r"\n")
SENTENCE: Final = re.compile(
    "(?<=[.!?\u2026])[\"'\u00bb\u201d\u2019)\\]*_]*(?=[ \t])|(?<=[\u3002\uff01\uff1f])"
)
WORD: Final = re.compile(r"(?=(?<![ \t])[ \t])")

_ZWJ: Final = "\u200d"
_REGIONAL: Final = range(0x1F1E6, 0x1F200)
_LONGEST_ROW: Final = 64
"""Flags in a row that are told apart, in code points."""
_MODIFIERS: Final = range(0x1F3FB, 0x1F400)
_TAGS: Final = range(0xE0020, 0xE0080)
_HANGUL_TAILS: Final = range(0x1160, 0x1200)


def is_grapheme_boundary(text: str, place: int) -> bool:
    """Whether nobody would miss a connection between `text[place - 1]` and `text[place]`.

    The cases of UAX #29 that chat is full of: combining marks, emoji with joiners, modifiers and
    tags, flags, Hangul syllables in parts, CR LF.
    """
    before, after = text[place - 1], text[place]
    if before.isascii() and after.isascii():
        return (before, after) != ("\r", "\n")
    code = ord(after)
    if code in _REGIONAL and ord(before) in _REGIONAL:
        first, least = place, max(0, place - _LONGEST_ROW)
        while first > least and ord(text[first - 1]) in _REGIONAL:
            first -= 1
        return (place - first) % 2 == 0
    joins = (
        _ZWJ in (before, after)
        or code in _MODIFIERS
        or code in _TAGS
        or code in _HANGUL_TAILS
        or unicodedata.category(after).startswith("M")
    )
    return not joins


def utf16_units(text: str) -> int:
    """Return the length in UTF-16 code units: Telegram's and Signal's unit."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) >> 1


def utf8_bytes(text: str) -> int:
    """Return the length in UTF-8 bytes."""
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))


def code_points(text: str) -> int:
    """Return the length in Unicode code points: Discord's unit."""
    return len(text)
