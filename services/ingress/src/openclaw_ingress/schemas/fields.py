"""Members of a JSON object, read with the complaints of contract §0.5 about the first wrong one.

A member that is null counts as absent. Paths are dotted, as the current release writes them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from openclaw_common.contracts.errors import InvalidRequest
from openclaw_ingress.schemas import js


def string(body: dict[str, Any], field: str, path: str = "") -> str | None:
    """Return the text under `field`, None where there is none; raises InvalidRequest."""
    value = body.get(field)
    if value is None or isinstance(value, str):
        return value
    raise js.wrong_type(path + field, "string", value)


def required_string(body: dict[str, Any], field: str, path: str = "") -> str:
    """Return the text under `field`; raises InvalidRequest where there is none."""
    found = string(body, field, path)
    if found is None:
        raise invalid(path + field, "Invalid input: expected string, received undefined")
    return found


def flag(body: dict[str, Any], field: str, *, default: bool) -> bool:
    """Return the truth value under `field`; raises InvalidRequest."""
    value = body.get(field)
    if value is None:
        return default
    if not isinstance(value, bool):
        raise js.wrong_type(field, "boolean", value)
    return value


def record(body: dict[str, Any], field: str, path: str = "") -> dict[str, Any] | None:
    """Return the object under `field`, None where there is none; raises InvalidRequest."""
    value = body.get(field)
    if value is None or isinstance(value, dict):
        return value
    raise js.wrong_type(path + field, "object", value)


def positive_integer(body: dict[str, Any], field: str) -> int | None:
    """Return the whole number from 1 under `field`, None where none; raises InvalidRequest."""
    value = body.get(field)
    if value is None:
        return None
    if js.number(value) is None:
        raise js.wrong_type(field, "number", value)
    found = js.safe_integer(value)
    if found is None:
        raise js.wrong_type(field, "int", value)
    if found < 1:
        raise invalid(field, "Too small: expected number to be >0")
    return found


def ranged(body: dict[str, Any], field: str, low: int, high: int) -> float | None:
    """Return the number under `field`, None where there is none; raises InvalidRequest."""
    value = body.get(field)
    if value is None:
        return None
    found = js.number(value)
    if found is None:
        raise js.wrong_type(field, "number", value)
    if found < low:
        raise invalid(field, f"Too small: expected number to be >={low}")
    if found > high:
        raise invalid(field, f"Too big: expected number to be <={high}")
    return found


def choice(body: dict[str, Any], field: str, words: Sequence[str], path: str = "") -> str | None:
    """Return the word under `field`, None where there is none; raises InvalidRequest."""
    value = body.get(field)
    if value is None:
        return None
    if not isinstance(value, str) or value not in words:
        options = "|".join(f'"{word}"' for word in words)
        raise invalid(path + field, f"Invalid option: expected one of {options}")
    return value


def invalid(path: str, complaint: str = "Invalid input") -> InvalidRequest:
    """Return the complaint about the value at a dotted path."""
    return InvalidRequest(f"{path}: {complaint}", param=path)
