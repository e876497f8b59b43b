"""What a protocol brings to the fake provider: its routes' bodies, frames and error objects."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from tests.fakes.provider_script import Script


class Frames(Protocol):
    """The bytes of one streamed answer."""

    def opening(self) -> bytes:
        """Return what comes before the first token."""
        ...

    def content(self) -> list[bytes]:
        """Return one frame a token, or the fragments of the tool calls."""
        ...

    def closing(self) -> bytes:
        """Return what ends the answer."""
        ...

    def error(self, code: int, message: str | None) -> bytes:
        """Return an error inside the stream."""
        ...

    def rubbish(self, kind: str) -> bytes:
        """Return the bytes that a broken provider sends in place of the next frame."""
        ...


class Wire(Protocol):
    """One protocol."""

    def error_body(self, code: int, message: str | None) -> dict[str, Any]:
        """Return the body of an error answer."""
        ...

    def authorised(self, headers: Mapping[str, str], key: str) -> bool:
        """Whether a request carries the key."""
        ...

    def streams(self, path: str, body: dict[str, Any]) -> bool:
        """Whether a stream was asked for."""
        ...

    def chat(self, body: dict[str, Any]) -> dict[str, Any]:
        """Return the conversation of a request as the `messages` of chat completions."""
        ...

    def whole(self, script: Script, body: dict[str, Any]) -> dict[str, Any]:
        """Return the answer that is not streamed."""
        ...

    def frames(self, script: Script, body: dict[str, Any]) -> Frames:
        """Return the answer that is streamed."""
        ...


def fragments(text: str, size: int = 12) -> list[str]:
    """Return `text` cut into pieces, at least one."""
    return [text[start : start + size] for start in range(0, len(text), size)] or [""]
