"""What a fake platform does to a message instead of taking it."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Self


class FaultKind(StrEnum):
    """The ways in which a platform fails."""

    RATE_LIMIT = "rate_limit"
    """Refused for now, in the platform's own words for it."""
    SERVER_ERROR = "server_error"
    """A 5xx answer; nothing was taken."""
    HANG = "hang"
    """No answer; nothing was taken."""
    RESET_BEFORE = "reset_before"
    """The connection breaks; nothing was taken."""
    RESET_AFTER = "reset_after"
    """The message is taken, then the connection breaks: a lost answer."""
    PERMANENT = "permanent"
    """Refused for good, in the platform's own words for `code`."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault: `retry_after_s` is of RATE_LIMIT, `status` of SERVER_ERROR, `code` of PERMANENT.

    `account_wide` makes a RATE_LIMIT one of the whole account, where the platform tells them apart.
    """

    kind: FaultKind
    retry_after_s: float = 1.0
    status: int = 500
    code: str = ""
    account_wide: bool = False

    @classmethod
    def rate_limit(cls, retry_after_s: float = 1.0, *, account_wide: bool = False) -> Self:
        """Return a RATE_LIMIT."""
        return cls(FaultKind.RATE_LIMIT, retry_after_s=retry_after_s, account_wide=account_wide)

    @classmethod
    def server_error(cls, status: int = 500) -> Self:
        """Return a SERVER_ERROR with this HTTP status."""
        return cls(FaultKind.SERVER_ERROR, status=status)

    @classmethod
    def hang(cls) -> Self:
        """Return a HANG; it ends when the client leaves or the test calls `let_go`."""
        return cls(FaultKind.HANG)

    @classmethod
    def reset_before(cls) -> Self:
        """Return a RESET_BEFORE."""
        return cls(FaultKind.RESET_BEFORE)

    @classmethod
    def reset_after(cls) -> Self:
        """Return a RESET_AFTER."""
        return cls(FaultKind.RESET_AFTER)

    @classmethod
    def permanent(cls, code: str = "") -> Self:
        """Return a PERMANENT; each platform names the codes it knows."""
        return cls(FaultKind.PERMANENT, code=code)

    @classmethod
    def from_wire(cls, value: Mapping[str, Any]) -> Self:
        """Return the fault of a JSON object with this class's fields."""
        return cls(**{**value, "kind": FaultKind(value["kind"])})


class RandomFaults:
    """Decides by chance, repeatably: `rates` are probabilities by kind, together at most 1.

    Rate limits last between 0 and `retry_after_s` seconds.
    """

    def __init__(
        self, seed: int, rates: Mapping[FaultKind, float], *, retry_after_s: float = 1.0
    ) -> None:
        self._random = random.Random(seed)
        self._rates = dict(rates)
        self._retry_after_s = retry_after_s

    @classmethod
    def from_wire(cls, value: Mapping[str, Any]) -> Self:
        """Return it from `{"seed":1,"rates":{"hang":0.1},"retry_after_s":1}`."""
        rates = {FaultKind(kind): float(rate) for kind, rate in value["rates"].items()}
        return cls(value["seed"], rates, retry_after_s=value.get("retry_after_s", 1.0))

    def __call__(self, _: object) -> Fault | None:
        """Return what happens to the next message."""
        drawn = self._random.random()
        for kind, rate in self._rates.items():
            drawn -= rate
            if drawn < 0:
                pause = round(self._random.uniform(0, self._retry_after_s), 3)
                return Fault(kind, retry_after_s=pause, status=self._random.choice((500, 502, 503)))
        return None
