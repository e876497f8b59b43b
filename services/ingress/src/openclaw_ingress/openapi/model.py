"""What is written down of one route."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

JSON: Final = "application/json"
EVENTS: Final = "text/event-stream"
HTML: Final = "text/html"
FORM: Final = "application/x-www-form-urlencoded"


class Where(dict[str, Any]):
    """Keywords of JSON Schema beside a type in `Annotated`, which takes what can be hashed."""

    __hash__ = object.__hash__  # type: ignore[assignment]


@dataclass(frozen=True, slots=True)
class Page:
    """A cursor list of `item`s."""

    item: Any


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter in `place` (query, header or path); `schema` is its JSON Schema."""

    name: str
    description: str
    schema: Mapping[str, Any]
    place: str = "query"

    @property
    def required(self) -> bool:
        """Whether a request must have it: those of the path are part of it."""
        return self.place == "path"


@dataclass(frozen=True, slots=True)
class Body:
    """A request body of type `shape`, which `closed` holds to its members."""

    shape: Any
    closed: bool = False
    required: bool = True
    forms: bool = False
    """Whether a form is read too."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer that is no error: `content` is its shape by media type, empty for no body."""

    description: str
    content: Mapping[str, Any] = field(default_factory=dict)
    headers: tuple[str, ...] = ()
    """Headers that it always has."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path. `errors` are its statuses beside those that every route has."""

    id: str
    tag: str
    summary: str
    answers: Mapping[int, Answer]
    parameters: tuple[Parameter, ...] = ()
    body: Body | None = None
    errors: tuple[int, ...] = ()
    description: str = ""


Operations = Mapping[tuple[str, str], Operation]
"""By method and by path as OpenAPI writes it."""


def answers(shape: Any, *, status: int = 200, description: str = "Done.") -> dict[int, Answer]:
    """Return the one answer of an operation that always says the same kind of thing."""
    return {status: Answer(description, {JSON: shape})}
