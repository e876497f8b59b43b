"""The base of all sections, and the types their fields share.

Files use OpenClaw's camelCase keys; code uses the snake_case attribute of the same name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Final, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    model_validator,
)
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

_SECRET_KEY: Final = re.compile(
    r"(?:token|secret|password|passphrase|api_?key|private_?key|authorization|cookie)\Z", re.I
)


class Section(BaseModel):
    """An object of the configuration file. Frozen; unknown keys are reported by the loader."""

    model_config = ConfigDict(
        frozen=True,
        alias_generator=to_camel,
        populate_by_name=True,
        extra="ignore",
        hide_input_in_errors=True,
    )

    accepted_keys: ClassVar[frozenset[str]] = frozenset()
    """Keys that OpenClaw has here and that mean nothing to this gateway: no warning."""

    kept_keys: ClassVar[frozenset[str]] = frozenset()
    """Keys that are no fields of their own but are read by a validator."""

    computed_fields: ClassVar[frozenset[str]] = frozenset()
    """Attributes that are worked out from others and are no keys of the file."""

    free_form: ClassVar[bool] = False
    """Whether further keys are kept for somebody else: no warning."""


class Bounded(Section):
    """Limits of which some may not be more than others.

    A default yields to the bound that somebody sets below it; only what is set contradicts.
    """

    bounds: ClassVar[tuple[tuple[str, str, int], ...]] = ()
    """Field, the field that bounds it, and how often the first must fit into the second."""

    @model_validator(mode="after")
    def _yield(self) -> Self:
        for name, bound, times in self.bounds:
            if name not in self.model_fields_set:
                most = max(getattr(self, bound) // times, 1)
                # The model is frozen for everybody but its own validation.
                object.__setattr__(self, name, min(getattr(self, name), most))
        return self

    def contradictions(self) -> Iterator[tuple[str, str]]:
        """Yield the key at fault and what it must be, for each bound that is not kept."""
        keys = {name: field.alias for name, field in type(self).model_fields.items()}
        for name, bound, times in self.bounds:
            value, most = getattr(self, name), getattr(self, bound) / times
            if value > most:
                part = f"1/{times} of {keys[bound]}" if times > 1 else f"{keys[bound]}"
                yield (
                    str(keys[name]),
                    f"must not be more than {part}; {value} is more than {most:g}",
                )


@dataclass(frozen=True, slots=True)
class Keys:
    """Annotation of an object that is kept as written: its known keys, for warnings only."""

    names: frozenset[str]


def names_secret(key: str | int) -> bool:
    """Whether the value under this key of a file is a credential."""
    return isinstance(key, str) and _SECRET_KEY.search(key) is not None


def seal(value: Any, *, secret: bool = False) -> Any:
    """Return a copy in which every text under a key that names a secret is a SecretStr.

    So that an object kept as written can be shown without showing a credential. All values under
    `headers` count as secret.
    """
    if isinstance(value, dict):
        return {
            key: seal(item, secret=secret or key == "headers" or names_secret(key))
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [seal(item, secret=secret) for item in value]
    return SecretStr(value) if secret and isinstance(value, str) else value


def _whole_number(value: Any) -> Any:
    if isinstance(value, bool):
        raise PydanticCustomError("int_type", "Input should be a valid integer")
    return value


def _flag(value: Any) -> Any:
    if isinstance(value, bool):
        return value
    if value in ("true", "false"):
        return value == "true"
    raise PydanticCustomError("bool_type", "Input should be a valid boolean")


Flag = Annotated[bool, BeforeValidator(_flag)]
"""true or false; the words as text too, because `${NAME}` always gives text."""

WholeNumber = Annotated[int, BeforeValidator(_whole_number)]
Positive = Annotated[WholeNumber, Field(gt=0)]
NonNegative = Annotated[WholeNumber, Field(ge=0)]
Port = Annotated[WholeNumber, Field(ge=0, le=65535)]
Words = tuple[str, ...]
Written = Annotated[dict[str, Any], AfterValidator(seal)]
"""An object kept as written, with its secrets sealed."""
