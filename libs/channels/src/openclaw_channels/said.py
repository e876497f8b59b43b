"""What a platform said, read without trust.

A field of another type than expected is as if it were not there, so that no payload, however
malformed, ends in anything but NotUnderstood.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from openclaw_channels.payloads import json_object, objects, string, strings, whole


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
        return string(self._fields, name)

    def whole(self, name: str) -> int | None:
        """Return an integer, None where there is none."""
        return whole(self._fields, name)

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
        return [Said(item) for item in objects(self._fields, name)]

    def texts(self, name: str) -> list[str]:
        """Return the strings of an array."""
        return list(strings(self._fields, name))


def read_object(body: bytes | str) -> Said:
    """Return the JSON object of a body; raises NotUnderstood."""
    return Said(json_object(body))
