"""Text to cut, and what must hold of its parts; written without the chunker's own rules."""

from __future__ import annotations

import re
from collections.abc import Sequence

from hypothesis import strategies as st

from openclaw_channels.chunking import Chunk, Length, code_points, utf8_bytes, utf16_units

UNITS: tuple[Length, ...] = (utf16_units, code_points, utf8_bytes)

_pieces = st.one_of(
    st.text(max_size=30),
    st.sampled_from(
        [
            "\n",
            "\n\n",
            " ",
            "   ",
            "\r\n",
            "\t",
            "```",
            "```python\n",
            "\n```\n",
            "\n~~~\n",
            "\n    ````js title=x\n",
            "````",
            "`",
            "``",
            "~~~",
            "> ",
            "- item\n",
            "| a | b |\n|---|---|\n",
            "**bold** ",
            "[label](https://example.com/a_b) ",
            "word ",
            "A sentence. ",
            "Ein Satz! ",
            "文。",
            "👩‍👩‍👧‍👦",
            "🇩🇪🇫🇷",
            "👍🏽",
            "e\u0301",
            "\u200d",
            "\ufe0f",
            "\U0001d4b3" * 9,
            "x" * 40,
            "`" * 17,
        ]
    ),
)
markdown = st.lists(_pieces, max_size=40).map("".join)

_LINE = re.compile(r"[ \t]*(`{3,}|~{3,})(.*)", re.S)


def fence_left_open(part: str) -> bool:
    """Whether a reader of `part` is in a code fence at its end."""
    fence = ""
    for line in part.split("\n"):
        found = _LINE.fullmatch(line)
        if found is None:
            continue
        marker, rest = found.groups()
        if fence:
            if marker.startswith(fence) and not rest.strip(" \t\r"):
                fence = ""
        elif marker[0] == "~" or "`" not in rest:
            fence = marker
    return bool(fence)


def left_out(source: str, chunks: Sequence[Chunk]) -> list[str]:
    """Return what no part holds, in order."""
    ends = [0, *(chunk.end for chunk in chunks)]
    starts = [*(chunk.start for chunk in chunks), len(source)]
    return [source[end:start] for end, start in zip(ends, starts, strict=True)]
