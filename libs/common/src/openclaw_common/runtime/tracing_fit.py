"""What may not stand in a span, and how large one may be."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from openclaw_common.runtime.redaction import REDACTED, spellings
from openclaw_common.runtime.tracing_encoding import Value

MAX_SPAN_BYTES: Final = 128 * 1024
"""Size of an encoded span, which goes through a socket at once; texts of a larger one are cut."""
MAX_TEXT_BYTES: Final = 112 * 1024
"""What name and attributes have of it then; the rest is for its links."""


class Fit:
    """Knows `secrets`, and leaves them out."""

    def __init__(self, secrets: Iterable[str]) -> None:
        self._secrets = spellings(secrets)
        self._bytes = [secret.encode("utf-8", "replace") for secret in self._secrets]

    def holds(self, body: bytes) -> bool:
        """Whether an encoded span may leave as it is."""
        return len(body) <= MAX_SPAN_BYTES and not any(map(body.__contains__, self._bytes))

    def holds_all(self, bodies: Sequence[bytes]) -> bool:
        """Whether all may leave as they are; also False where a secret goes over from one to the
        next."""
        together = b"".join(bodies)
        if any(map(together.__contains__, self._bytes)):
            return False
        return len(together) <= MAX_SPAN_BYTES or max(map(len, bodies)) <= MAX_SPAN_BYTES

    def text(self, value: str) -> str:
        """Return a text without secrets, and no longer than a span."""
        for secret in self._secrets:
            value = value.replace(secret, REDACTED)
        return value[:MAX_TEXT_BYTES]

    def values(self, values: Mapping[str, Value]) -> dict[str, Value]:
        """Return attributes without secrets, of which all fit into one span."""
        clean = {name: self._clean(value) for name, value in values.items()}
        most = MAX_TEXT_BYTES
        while sum(map(_size, clean.values())) > MAX_TEXT_BYTES:
            most //= 2
            clean = {name: _cut(value, most) for name, value in clean.items()}
        return clean

    def _clean(self, value: Value) -> Value:
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Sequence):
            return [self.text(item) for item in value]
        return value


def _size(value: Value) -> int:
    if isinstance(value, str):
        return len(value.encode("utf-8", "replace"))
    return sum(map(_size, value)) if isinstance(value, Sequence) else 8


def _cut(value: Value, most: int) -> Value:
    if isinstance(value, str):
        return value[:most]
    return [item[:most] for item in value[:most]] if isinstance(value, Sequence) else value
