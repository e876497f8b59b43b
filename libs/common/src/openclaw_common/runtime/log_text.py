"""Text of a log line: what comes from outside breaks no line, and no JSON.

A line break in it could forge a line of its own, an escape sequence what the terminal shows.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

INDENT: Final = "    "
"""What stands before each line of a traceback, so that none looks like a line of the log."""


def shown(text: str) -> str:
    """Return `text` on one line, with what cannot be printed escaped as JSON does it."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else json.dumps(c)[1:-1] for c in text)


def plain(value: Any) -> str:
    """Return a value as one word, in quotes where it would not be one."""
    text = str(value)
    return text if text and text.isprintable() and " " not in text else json.dumps(text)


def below(text: str) -> str:
    """Return a traceback as it stands below its line."""
    return "".join(f"\n{INDENT}{shown(line)}" for line in text.split("\n"))


def json_line(entry: Mapping[str, Any], redact: Callable[[str], str]) -> str:
    """Return `entry` as one JSON object without what `redact` takes out."""
    line = _dumped(entry)
    cleaned = redact(line)
    if cleaned == line or _is_json(cleaned):
        return cleaned
    # A secret that is a number, or a piece of JSON, went with what makes the line parse.
    texts = {
        name: value if isinstance(value, str) else _dumped(value) for name, value in entry.items()
    }
    return json.dumps({name: redact(text) for name, text in texts.items()})


def _dumped(value: Any) -> str:
    try:
        return json.dumps(value, default=str, allow_nan=False)
    except (TypeError, ValueError):
        # A key that is no text, a number that JSON has not, or an object that contains itself.
        if isinstance(value, Mapping):
            return json.dumps({str(name): _member(item) for name, item in value.items()})
        return json.dumps(str(value))


def _member(value: Any) -> Any:
    return value if isinstance(value, (str, int)) or value is None else str(value)


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True
