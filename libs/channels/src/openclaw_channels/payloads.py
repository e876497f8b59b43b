"""Reading what strangers put into a webhook's JSON: nothing in it has to be what it should be."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

import orjson

from openclaw_channels.inbound import NotUnderstood
from openclaw_common.contracts import json_text

Object = Mapping[str, Any]

_WITH_KIND: Final = ("image", "audio", "video")
_NOTHING: Final[Object] = {}


def json_object(body: bytes | str) -> Object:
    """Return the JSON object that `body` is; raises NotUnderstood. No text in it is half a pair."""
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError:
        found = _lenient(body)
    if not isinstance(found, dict):
        raise NotUnderstood("The body is no JSON object.")
    return found


def _lenient(body: bytes | str) -> Any:
    """Read what orjson is too strict for: half surrogate pairs, which become U+FFFD."""
    try:
        return orjson.loads(json_text.dumps(json.loads(body)))
    except (ValueError, RecursionError):
        raise NotUnderstood("The body is no JSON.") from None


def string(value: Object, key: str) -> str:
    """Return a field that is text, else the empty string."""
    found = value.get(key)
    return found if isinstance(found, str) else ""


def identifier(value: Object, key: str) -> str:
    """Return a field that names something; raises NotUnderstood without it."""
    found = string(value, key)
    if not found or len(found) > 255 or not found.isprintable():
        raise NotUnderstood(f"The body has no {key}.")
    return found


def part(value: Object, *path: str) -> Object:
    """Return the object at the end of a path of fields; an empty one where there is none."""
    for key in path:
        found = value.get(key)
        value = found if isinstance(found, dict) else _NOTHING
    return value


def objects(value: Object, key: str) -> list[Object]:
    """Return the objects of a field that is a list."""
    found = value.get(key)
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []


def strings(value: Object, key: str) -> tuple[str, ...]:
    """Return the texts of a field that is a list."""
    found = value.get(key)
    return tuple(item for item in found if isinstance(item, str)) if isinstance(found, list) else ()


def whole(value: Object, key: str) -> int | None:
    """Return a field that is a whole number, None if it is not."""
    found = value.get(key)
    return found if isinstance(found, int) and not isinstance(found, bool) else None


def kind_of(mime: str) -> str:
    """Return what sort of attachment a media type is."""
    sort = mime.partition("/")[0].lower()
    return sort if sort in _WITH_KIND else "document"


def lines(texts: Iterable[str]) -> str:
    """Return the texts that say something, one a line."""
    return "\n".join(text for text in texts if text)
