"""Saying what is wrong with a value, without saying the value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from openclaw_common.runtime.config.key_path import KeyPath, show

_EXPECTED: Final = {
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "int_parsing_size": "a smaller whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "finite_number": "a finite number",
    "bool_type": "true or false",
    "string_type": "a text",
    "dict_type": "an object",
    "mapping_type": "an object",
    "model_type": "an object",
    "model_attributes_type": "an object",
    "tuple_type": "a list",
    "list_type": "a list",
    "header_or_false": "false or the header's text",
    "invalid_key": "a text as key",
}
_LIMITS: Final = {
    "greater_than": ("more than", "gt"),
    "greater_than_equal": ("at least", "ge"),
    "less_than": ("less than", "lt"),
    "less_than_equal": ("at most", "le"),
}


def explain(
    error: ValidationError,
    origins: Mapping[KeyPath, str],
    missing: Mapping[KeyPath, tuple[str, ...]],
) -> Iterator[str]:
    """Yield a line per problem: its place, what was expected and what kind of thing was found.

    `origins` names the variable that set a place; `missing` the variables that its text refers to
    and that are not set.
    """
    for detail in error.errors(include_url=False):
        path: KeyPath = tuple(part for part in detail["loc"] if part != "[key]")
        place = f"{origins[path]} ({show(path)})" if path in origins else show(path)
        unset = missing.get(path)
        hint = f" ({', '.join(unset)} is not set in the environment)" if unset else ""
        yield f"{place}: {_complaint(detail)}{hint}"


def _complaint(detail: ErrorDetails) -> str:
    kind, context = detail["type"], detail.get("ctx", {})
    if kind == "missing":
        return "is required"
    if kind == "literal_error":
        return f"expected one of {context['expected']}"
    if kind in _LIMITS:
        words, key = _LIMITS[kind]
        return f"expected {words} {context[key]:g}, got {detail['input']}"
    if kind in _EXPECTED:
        return f"expected {_EXPECTED[kind]}, got {_kind(detail['input'])}"
    return str(detail["msg"])


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "true or false"
    kinds = ((str, "a text"), (int | float, "a number"), (dict, "an object"), (list, "a list"))
    return next((words for kind, words in kinds if isinstance(value, kind)), "something else")
