"""JSON of text that came from elsewhere: what no UTF-8 can hold is replaced, never an error."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, is_dataclass
from typing import Any, Final

import orjson

_SURROGATE: Final = re.compile("[\ud800-\udfff]")


def dumps(value: Any) -> bytes:
    """Return compact JSON of data and dataclasses; lone surrogates become U+FFFD, pairs join."""
    try:
        return orjson.dumps(value)
    except TypeError:
        pass
    text = json.dumps(value, default=_plain, ensure_ascii=False, separators=(",", ":"))
    if not _SURROGATE.search(text):
        return text.encode()
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode()


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    raise TypeError(f"a {type(value).__name__} is no JSON value")
