"""Tables of Markdown for platforms that have none: as code with even columns, or as lists."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from typing import Final

_DELIMITER: Final = re.compile(r" {0,3}\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*\Z")
_FENCE: Final = re.compile(r"[ \t]*(`{3,}|~{3,})")
_CELL_END: Final = re.compile(r"(?<!\\)\|")


def tables_as_code(text: str) -> str:
    """Return `text` with each table (GitHub Flavored Markdown §4.10) as a fenced code block."""
    if "|" not in text:
        return text
    return "\n".join(_lines(text.split("\n"), _rendered))


def tables_as_lists(text: str) -> str:
    """Return `text` with each row of a table as an item that names its columns."""
    if "|" not in text:
        return text
    return "\n".join(_lines(text.split("\n"), _listed))


Rows = Sequence[Sequence[str]]


def _lines(lines: Sequence[str], rendered: Callable[[Rows], Iterator[str]]) -> Iterator[str]:
    place, fence = 0, ""
    while place < len(lines):
        line = lines[place]
        found = _FENCE.match(line)
        if fence:
            if found and line.strip().startswith(fence) and not line.strip().strip(fence[0]):
                fence = ""
        elif found:
            fence = found[1]
        elif rows := _table(lines, place):
            yield from rendered(rows)
            place += len(rows) + 1
            continue
        yield line
        place += 1


def _table(lines: Sequence[str], start: int) -> list[list[str]]:
    """Return the rows of the table whose head is the line `start`, none if there is no table."""
    if start + 1 >= len(lines) or "|" not in lines[start]:
        return []
    head, delimiter = _cells(lines[start]), lines[start + 1]
    if not _DELIMITER.match(delimiter) or len(_cells(delimiter)) != len(head):
        return []
    rows = [head]
    for line in lines[start + 2 :]:
        if "|" not in line or not line.strip():
            break
        cells = _cells(line)[: len(head)]
        rows.append(cells + [""] * (len(head) - len(cells)))
    return rows


def _cells(line: str) -> list[str]:
    inner = line.strip().removeprefix("|")
    if inner.endswith("|") and not inner.endswith("\\|"):
        inner = inner[:-1]
    return [cell.strip().replace("\\|", "|") for cell in _CELL_END.split(inner)]


def _listed(rows: Rows) -> Iterator[str]:
    head = rows[0]
    if len(rows) == 1:
        yield f"- {', '.join(filter(None, head))}"
    for row in rows[1:]:
        first, rest = row[0], zip(head[1:], row[1:], strict=True)
        cells = [f"{name}: {cell}" if name else cell for name, cell in rest if cell]
        yield f"- {'; '.join(filter(None, (first, *cells)))}"
    yield ""


def _rendered(rows: Rows) -> Iterator[str]:
    widths = [max(map(_width, column)) for column in zip(*rows, strict=True)]
    fence = "`" * max(3, 1 + max(_longest_ticks(cell) for row in rows for cell in row))
    yield fence
    for number, row in enumerate(rows):
        cells = [
            cell + " " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True)
        ]
        yield " | ".join(cells).rstrip()
        if number == 0:
            yield "-+-".join("-" * width for width in widths)
    yield fence


def _width(text: str) -> int:
    """Columns that `text` takes in a monospaced font."""
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1
        for c in text
    )


def _longest_ticks(text: str) -> int:
    return max(map(len, re.findall(r"`+", text)), default=0)
