"""`python -m openclaw_agent_worker.pdf_text PAGES CHARACTERS`: a PDF on stdin, its text on stdout.

A process of its own, with limits of its own, for a parser that works on what strangers write. It
ends with 1 for what is no readable PDF.
"""

from __future__ import annotations

import io
import resource
import sys
from contextlib import suppress
from pathlib import Path
from typing import Final

from pypdf import PdfReader
from pypdf.errors import PyPdfError

MAX_MEMORY_BYTES: Final = 512 << 20
MAX_CPU_S: Final = 30
OOM_SCORE: Final = Path("/proc/self/oom_score_adj")
_FAULTS: Final = (
    PyPdfError,
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    MemoryError,
    NotImplementedError,
    OSError,
    RecursionError,
    TypeError,
    ValueError,
)
"""What pypdf raises over broken files, besides its own errors."""


def extract(data: bytes, *, pages: int, characters: int) -> str:
    """Return the text of the first `pages` pages, of which `characters` suffice.

    Raises ValueError for what cannot be read.
    """
    texts: list[str] = []
    length = 0
    try:
        for number, page in enumerate(PdfReader(io.BytesIO(data)).pages):
            if number >= pages or length >= characters:
                break
            texts.append(page.extract_text())
            length += len(texts[-1])
    except _FAULTS as fault:
        raise ValueError("this is no readable PDF") from fault
    return "\n\n".join(texts)[:characters]


def _limit(what: int, most: int) -> None:
    _, hard = resource.getrlimit(what)
    most = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(what, (most, most))


def main() -> None:
    """Read stdin, write stdout."""
    # Where memory is short, this process goes before the worker does.
    with suppress(OSError):
        OOM_SCORE.write_text("1000", encoding="ascii")
    _limit(resource.RLIMIT_AS, MAX_MEMORY_BYTES)
    _limit(resource.RLIMIT_CPU, MAX_CPU_S)
    pages, characters = (int(word) for word in sys.argv[1:3])
    try:
        text = extract(sys.stdin.buffer.read(), pages=pages, characters=characters)
    except ValueError as fault:
        sys.exit(str(fault))
    sys.stdout.buffer.write(text.encode("utf-8", "replace"))


if __name__ == "__main__":
    main()
