"""Holds the arguments of a call against the tool's JSON Schema, in words that a model can act on.

Understands what tool schemas use: type, properties, required, additionalProperties, items, enum,
const, anyOf, oneOf and the bounds of numbers, texts and arrays (JSON Schema 2020-12,
https://json-schema.org/draft/2020-12/json-schema-validation). Other keywords are not checked; the
tool itself has the last word.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Final

import orjson

from openclaw_agent_worker.tools.tool import InvalidArguments

MAX_PROBLEMS: Final = 5
"""How many faults of one call are told."""

_TYPES: Final[dict[str, Callable[[Any], bool]]] = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "null": lambda value: value is None,
    "integer": lambda value: _is_number(value) and float(value).is_integer(),
    "number": lambda value: _is_number(value),
}
_FITS: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "minimum": lambda value, bound: not _is_number(value) or value >= bound,
    "maximum": lambda value, bound: not _is_number(value) or value <= bound,
    "minLength": lambda value, bound: not isinstance(value, str) or len(value) >= bound,
    "maxLength": lambda value, bound: not isinstance(value, str) or len(value) <= bound,
    "minItems": lambda value, bound: not isinstance(value, list) or len(value) >= bound,
    "maxItems": lambda value, bound: not isinstance(value, list) or len(value) <= bound,
}
_WORDS: Final = {
    "minimum": "must be at least {}",
    "maximum": "must be at most {}",
    "minLength": "must have at least {} characters",
    "maxLength": "must have at most {} characters",
    "minItems": "must have at least {} items",
    "maxItems": "must have at most {} items",
}


def parse_arguments(text: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments in a JSON text that fit `schema`. Raises InvalidArguments.

    An empty text is an empty object.
    """
    try:
        value = orjson.loads(text) if text.strip() else {}
    except orjson.JSONDecodeError as error:
        raise InvalidArguments(f"The arguments are not valid JSON: {error}.") from None
    if not isinstance(value, dict):
        raise InvalidArguments("The arguments must be a JSON object.")
    problems = list(islice(_problems(value, schema, ""), MAX_PROBLEMS))
    if problems:
        raise InvalidArguments("Invalid arguments: " + "; ".join(problems) + ".")
    return value


def _problems(value: Any, schema: Mapping[str, Any], place: str) -> Iterator[str]:
    name = place or "the arguments"
    allowed = schema.get("type")
    types = [allowed] if isinstance(allowed, str) else allowed or ()
    if types and not any(_TYPES.get(kind, _anything)(value) for kind in types):
        yield f"{name} must be of type {' or '.join(types)}"
        return
    if "enum" in schema and value not in schema["enum"]:
        yield f"{name} must be one of {', '.join(map(_show, schema['enum']))}"
    if "const" in schema and value != schema["const"]:
        yield f"{name} must be {_show(schema['const'])}"
    for keyword, fits in _FITS.items():
        if keyword in schema and not fits(value, schema[keyword]):
            yield f"{name} {_WORDS[keyword].format(schema[keyword])}"
    yield from _choice_problems(value, schema, name)
    if isinstance(value, dict):
        yield from _object_problems(value, schema, place)
    elif isinstance(value, list) and isinstance(schema.get("items"), dict):
        for index, item in enumerate(value):
            yield from _problems(item, schema["items"], f"{place}[{index}]")


def _choice_problems(value: Any, schema: Mapping[str, Any], name: str) -> Iterator[str]:
    for keyword in ("anyOf", "oneOf"):
        choices: Sequence[Mapping[str, Any]] = schema.get(keyword) or ()
        if choices and all(any(_problems(value, choice, name)) for choice in choices):
            yield f"{name} fits none of the forms that are allowed"


def _object_problems(value: dict[str, Any], schema: Mapping[str, Any], place: str) -> Iterator[str]:
    prefix = f"{place}." if place else ""
    properties: Mapping[str, Any] = schema.get("properties") or {}
    for key in schema.get("required") or ():
        if key not in value:
            yield f"{prefix}{key} is required"
    further = schema.get("additionalProperties", True)
    for key, item in value.items():
        if key in properties:
            yield from _problems(item, properties[key], f"{prefix}{key}")
        elif further is False:
            yield f"{prefix}{key} is not known"
        elif isinstance(further, dict):
            yield from _problems(item, further, f"{prefix}{key}")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _anything(_: Any) -> bool:
    return True


def _show(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
