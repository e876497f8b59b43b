"""JSON Schema (2020-12) of the types that say what the API takes and answers.

TypedDicts and pydantic models become components under their names; their docstrings are the
descriptions. A mapping in `Annotated` is laid over the schema of the type it stands beside.
"""

from __future__ import annotations

import inspect
import types
from collections.abc import Mapping
from typing import (
    Annotated,
    Any,
    Final,
    Literal,
    NotRequired,
    Required,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

from pydantic import BaseModel
from typing_extensions import is_typeddict

from openclaw_ingress.openapi.model import Page

REF: Final = "#/components/schemas/"
_PLAIN: Final[dict[Any, dict[str, Any]]] = {
    Any: {},
    object: {},
    str: {"type": "string"},
    int: {"type": "integer"},
    float: {"type": "number"},
    bool: {"type": "boolean"},
    type(None): {"type": "null"},
    list: {"type": "array", "items": {}},
    dict: {"type": "object"},
}


class Schemas:
    """Makes schemas, and collects the components that they refer to."""

    def __init__(self) -> None:
        self.components: dict[str, dict[str, Any]] = {}

    def of(self, kind: Any, *, closed: bool = False) -> dict[str, Any]:
        """Return the schema of a type. Raises TypeError for one that is not known here.

        `closed` refuses members that a TypedDict does not name.
        """
        if isinstance(kind, Page):
            return self._page(kind)
        if is_typeddict(kind):
            return self._typed_dict(kind, closed=closed)
        if inspect.isclass(kind) and issubclass(kind, BaseModel):
            return self._model(kind)
        if isinstance(kind, Mapping):
            return dict(kind)
        return self._composed(kind)

    def _composed(self, kind: Any) -> dict[str, Any]:
        origin, arguments = get_origin(kind), get_args(kind)
        if origin is Annotated:
            base = self.of(arguments[0])
            for more in arguments[1:]:
                base = {**base, **more}
            return base
        if origin in (Required, NotRequired):
            return self.of(arguments[0])
        if origin is Literal:
            return {"enum": list(arguments)}
        if origin in (Union, types.UnionType):
            return {"anyOf": [self.of(argument) for argument in arguments]}
        if origin is list:
            return {"type": "array", "items": self.of(arguments[0])}
        if origin is dict:
            return {"type": "object", "additionalProperties": self.of(arguments[1])}
        if kind not in _PLAIN:
            raise TypeError(f"{kind!r} has no JSON Schema; describe it with Annotated.")
        return dict(_PLAIN[kind])

    def _typed_dict(self, kind: Any, *, closed: bool) -> dict[str, Any]:
        name = kind.__name__
        if name not in self.components:
            schema = self.components[name] = {"type": "object"}
            if text := inspect.getdoc(kind):
                schema["description"] = _prose(text)
            hints = get_type_hints(kind, include_extras=True)
            schema["properties"] = {key: self.of(hint) for key, hint in hints.items()}
            required = sorted(key for key in hints if key in _required_keys(hints, kind))
            if required:
                schema["required"] = required
            if closed:
                schema["additionalProperties"] = False
        return {"$ref": REF + name}

    def _model(self, kind: type[BaseModel]) -> dict[str, Any]:
        schema = kind.model_json_schema(ref_template=REF + "{model}")
        self.components.update(schema.pop("$defs", {}))
        self.components[kind.__name__] = schema
        return {"$ref": REF + kind.__name__}

    def _page(self, page: Page) -> dict[str, Any]:
        item = self.of(page.item)
        name = item["$ref"].removeprefix(REF) + "List"
        self.components[name] = {
            "type": "object",
            "description": "A page; `first_id` and `last_id` are for `before` and `after`.",
            "properties": {
                "object": {"const": "list"},
                "data": {"type": "array", "items": item},
                "first_id": {"type": ["string", "integer", "null"]},
                "last_id": {"type": ["string", "integer", "null"]},
                "has_more": {"type": "boolean"},
            },
            "required": ["object", "data", "first_id", "last_id", "has_more"],
        }
        return {"$ref": REF + name}


def _required_keys(hints: Mapping[str, Any], kind: Any) -> set[str]:
    # With postponed annotations __required_keys__ knows nothing of NotRequired.
    optional = {key for key, hint in hints.items() if get_origin(hint) is NotRequired}
    marked = {key for key, hint in hints.items() if get_origin(hint) is Required}
    return (set(hints) - optional) if kind.__total__ else marked


def _prose(text: str) -> str:
    return "\n\n".join(" ".join(part.split()) for part in text.split("\n\n"))
