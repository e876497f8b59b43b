"""The template language of hook mappings (contract §3.5): `{{ path }}`, and nothing else.

A template is cut once, when the configuration is read, into text and expressions; rendering puts
values between the texts. What a payload brings is never looked at again, so nothing in it can
become part of a template. There are no filters, conditions or nested braces.

An expression is `path`, `now`, `headers.<name in lower case>`, `query.<name>`, `payload.<path>` or
a path into the payload, as in `commits[0].message`. Values are written as JavaScript writes them:
null and what is missing as nothing, texts as they are, objects and arrays as JSON.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

_EXPRESSION: Final = re.compile(r"\{\{\s*([^}]+)\s*\}\}")
_PART: Final = re.compile(r"([^.\[\]]+)|\[([0-9]{1,15})\]")
_INDEX: Final = re.compile(r"(?:0|[1-9][0-9]{0,14})\Z")
_BLOCKED: Final = frozenset({"__proto__", "prototype", "constructor"})

Part = str | int


class TemplateTooLong(Exception):
    """What a template became is longer than it may be."""


@dataclass(frozen=True, slots=True)
class TemplateContext:
    """What expressions may name: one webhook.

    `headers` and `query` have their names in lower case and as they came; `now` is ISO 8601.
    """

    payload: Any
    headers: Mapping[str, str]
    query: Mapping[str, str]
    path: str
    now: str


@dataclass(frozen=True, slots=True)
class Template:
    """A template cut into texts and the expressions between them (one fewer than texts)."""

    texts: tuple[str, ...]
    expressions: tuple[Expression, ...]

    @classmethod
    def parse(cls, source: str) -> Template:
        """Cut `source`; every text is a template."""
        pieces = _EXPRESSION.split(source)
        expressions = tuple(Expression.parse(text.strip()) for text in pieces[1::2])
        return cls(tuple(pieces[::2]), expressions)

    def render(self, context: TemplateContext, *, max_bytes: int) -> str:
        """Return the texts with the values between them.

        Raises TemplateTooLong for more than `max_bytes` of UTF-8, as soon as that is certain.
        """
        written: list[str] = []
        left = max_bytes
        for piece in self._pieces(context):
            # A character is a byte at least, so nothing longer need be encoded to be refused.
            left -= len(piece) if len(piece) > left else len(piece.encode("utf-8", "replace"))
            if left < 0:
                raise TemplateTooLong
            written.append(piece)
        return "".join(written)

    def _pieces(self, context: TemplateContext) -> Iterator[str]:
        yield self.texts[0]
        for expression, text in zip(self.expressions, self.texts[1:], strict=True):
            yield from written_form(expression.value(context))
            yield text


@dataclass(frozen=True, slots=True)
class Expression:
    """Where a value is found: `root` names what is looked into, `parts` leads on from there."""

    root: str
    parts: tuple[Part, ...]

    @classmethod
    def parse(cls, text: str) -> Expression:
        """Return the expression that stands between braces."""
        if text in ("path", "now"):
            return cls(text, ())
        for root in ("headers", "query", "payload"):
            if text.startswith(f"{root}."):
                return cls(root, _parts(text[len(root) + 1 :]))
        if text.startswith("payload["):
            return cls("payload", _parts(text.removeprefix("payload")))
        return cls("", _parts(text))

    def value(self, context: TemplateContext) -> Any:
        """Return the value, None where there is none."""
        match self.root:
            case "path":
                return context.path
            case "now":
                return context.now
            case "headers":
                return _walk(context.headers, self.parts)
            case "query":
                return _walk(context.query, self.parts)
            case "payload":
                return _walk(context.payload, self.parts)
            case _:
                whole_array = self.parts == ("payload",) and isinstance(context.payload, list)
                return context.payload if whole_array else _walk(context.payload, self.parts)


def written_form(value: Any) -> Iterable[str]:
    """Return the pieces in which a template writes a value."""
    if value is None:
        return ()
    if isinstance(value, str):
        return (value,)
    return _json(value)


def js_number(value: float) -> str:
    """Return a number as JavaScript's `String` does; integers keep all their digits."""
    if isinstance(value, int):
        return str(value)
    if value != value or value in (float("inf"), float("-inf")):
        return "NaN" if value != value else ("Infinity" if value > 0 else "-Infinity")
    if value == 0:
        return "0"
    sign, digits, exponent = Decimal(repr(value)).normalize().as_tuple()
    assert isinstance(exponent, int)
    text, point = "".join(map(str, digits)), len(digits) + exponent
    return ("-" if sign else "") + _placed(text, point)


def _placed(digits: str, point: int) -> str:
    """Write 0.`digits` times ten to the `point` (ECMA-262, Number::toString)."""
    if len(digits) <= point <= 21:
        return digits + "0" * (point - len(digits))
    if 0 < point <= 21:
        return f"{digits[:point]}.{digits[point:]}"
    if -6 < point <= 0:
        return "0." + "0" * -point + digits
    mantissa = digits[0] + (f".{digits[1:]}" if len(digits) > 1 else "")
    return f"{mantissa}e{point - 1:+d}"


def _parts(text: str) -> tuple[Part, ...]:
    return tuple(int(found[2]) if found[2] else found[1] for found in _PART.finditer(text))


def _walk(value: Any, parts: Sequence[Part]) -> Any:
    if not parts:
        return None
    for part in parts:
        value = _item(value, part) if isinstance(part, int) else _member(value, part)
        if value is None:
            return None
    return value


def _item(value: Any, index: int) -> Any:
    return value[index] if isinstance(value, list) and index < len(value) else None


def _member(value: Any, name: str) -> Any:
    if name in _BLOCKED:
        return None
    if isinstance(value, Mapping):
        return value.get(name)
    if isinstance(value, list):
        if name == "length":
            return len(value)
        return _item(value, int(name)) if _INDEX.match(name) else None
    return None


def _json(value: Any) -> Iterator[str]:
    write = _WRITERS.get(type(value))
    if write is not None:
        yield write(value)
    elif isinstance(value, Mapping):
        yield "{"
        for index, (key, item) in enumerate(value.items()):
            yield f"{',' if index else ''}{_text(key)}:"
            yield from _json(item)
        yield "}"
    else:
        yield "["
        for index, item in enumerate(value):
            if index:
                yield ","
            yield from _json(item)
        yield "]"


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)


_WRITERS: Final[dict[type, Callable[[Any], str]]] = {
    str: _text,
    bool: lambda value: "true" if value else "false",
    int: js_number,
    float: js_number,
    type(None): lambda _: "null",
}
