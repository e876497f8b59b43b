"""What a platform said, read without trust.

A field of another type than expected is as if it were not there, so that no payload, however
malformed, ends in anything but NotUnderstood.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from openclaw_channels.payloads import json_object


class Said:
    """A JSON object; reading its fields never raises."""

    __slots__ = ("_fields",)

    def __init__(self, fields: Mapping[str, Any]) -> None:
        self._fields = fields

    def has(self, name: str) -> bool:
        """Whether the field is there and not null."""
        return self._fields.get(name) is not None

    def text(self, name: str) -> str:
        """Return a string, empty where there is none."""
        value = self._fields.get(name)
        return value if isinstance(value, str) else ""

    def whole(self, name: str) -> int | None:
        """Return an integer, None where there is none."""
        value = self._fields.get(name)
        return value if type(value) is int else None

    def number(self, name: str) -> float | None:
        """Return any number, None where there is none."""
        value = self._fields.get(name)
        return float(value) if type(value) is int or type(value) is float else None

    def flag(self, name: str) -> bool:
        """Whether the field is true."""
        return self._fields.get(name) is True

    def part(self, name: str) -> Said | None:
        """Return an object, None where there is none."""
        value = self._fields.get(name)
        return Said(value) if isinstance(value, dict) else None

    def parts(self, name: str) -> list[Said]:
        """Return the objects of an array."""
        value = self._fields.get(name)
        items = value if isinstance(value, list) else []
        return [Said(item) for item in items if isinstance(item, dict)]

    def texts(self, name: str) -> list[str]:
        """Return the strings of an array."""
        value = self._fields.get(name)
        return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def read_object(body: bytes | str) -> Said:
    """Return the JSON object of a body; raises NotUnderstood. Lone surrogates become U+FFFD."""
    return Said(json_object(body))
