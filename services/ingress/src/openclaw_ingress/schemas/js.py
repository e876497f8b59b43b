"""JSON values with JavaScript's notions of them: what contract.md's texts were written for.

A boolean is no number, 1.0 is an integer, and integers are safe up to 2^53 - 1.
"""

from __future__ import annotations

from typing import Any, Final

from openclaw_common.contracts.errors import InvalidRequest

MAX_SAFE_INTEGER: Final = 2**53 - 1


def number(value: Any) -> float | None:
    """Return `value` when it is a number, else None."""
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def integer(value: Any) -> int | None:
    """Return `value` as an int when it is an integer of any size, else None."""
    found = number(value)
    return int(found) if found is not None and found == int(found) else None


def safe_integer(value: Any) -> int | None:
    """Return `value` as an int when it is a safe integer, else None."""
    found = integer(value)
    return found if found is not None and abs(found) <= MAX_SAFE_INTEGER else None


def trimmed(value: Any) -> str:
    """Return `value` without surrounding blanks when it is a string, else an empty string."""
    return value.strip() if isinstance(value, str) else ""


def type_name(value: Any) -> str:
    """Return the word that a type complaint uses for `value`."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, str):
        return "string"
    if isinstance(value, list):
        return "array"
    return "object" if isinstance(value, dict) else "number"


def wrong_type(path: str, expected: str, value: Any) -> InvalidRequest:
    """Return the complaint of contract §0.5 about the value at a dotted path."""
    message = f"{path}: Invalid input: expected {expected}, received {type_name(value)}"
    return InvalidRequest(message, param=path)
