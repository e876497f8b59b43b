"""What commands print for people: tables, objects, times; and queries without empty members."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

NOTHING = "nothing found"
REPLACED = "\ufffd"


def table(rows: Iterable[tuple[str, ...]]) -> str:
    """Return rows with their columns aligned."""
    told = [tuple(map(harmless, row)) for row in rows]
    if not told:
        return NOTHING
    widths = [max(map(len, column)) for column in zip(*told, strict=True)]
    return "\n".join(
        "  ".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in told
    )


def page_of(row: Callable[[dict[str, Any]], tuple[str, ...]]) -> Callable[[dict[str, Any]], str]:
    """Return what makes a table of a page of a list, by what `row` tells of each item."""
    return lambda page: table(map(row, page.get("data", [])))


def harmless(text: str) -> str:
    """Return a text that does nothing to a terminal: people in chats choose their own names."""
    return "".join(char if char.isprintable() else REPLACED for char in text)


def as_lines(found: Mapping[str, Any]) -> str:
    """Return an object's known members, one a line."""
    known = {name: value for name, value in found.items() if value is not None}
    width = max(map(len, known), default=0)
    return "\n".join(
        f"{name:{width}} {value if isinstance(value, str) else json.dumps(value)}"
        for name, value in known.items()
    )


def moment(seconds: int) -> str:
    """Return a Unix time as UTC."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%SZ")


def with_query(path: str, members: Mapping[str, object]) -> str:
    """Return `path` with the members that are not None as its query."""
    return f"{path}?{urlencode({n: v for n, v in members.items() if v is not None})}"
