"""What ends a command: a text that says what to do, and the exit status."""

from __future__ import annotations

from typing import Final

FAILED: Final = 1
UNUSABLE: Final = 2
"""The configuration or the arguments cannot be used."""


class CommandFailed(Exception):
    """The command cannot do what was asked."""

    def __init__(self, message: str, status: int = FAILED) -> None:
        super().__init__(message)
        self.status = status
