"""The base of all sections, and the types their fields share.

Files use OpenClaw's camelCase keys; code uses the snake_case attribute of the same name.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError


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

    free_form: ClassVar[bool] = False
    """Whether any further key is somebody else's business: no warning."""


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
