"""Operator scopes: which exist, who gets which, and what one includes (contract §0.3)."""

from __future__ import annotations

from typing import Final

ADMIN: Final = "operator.admin"
READ: Final = "operator.read"
WRITE: Final = "operator.write"
ALL_SCOPES: Final = frozenset(
    {
        ADMIN,
        "operator.approvals",
        "operator.pairing",
        READ,
        "operator.talk.secrets",
        WRITE,
    }
)
SCOPES_HEADER: Final = "x-openclaw-scopes"


def narrowed(header: str | None) -> frozenset[str]:
    """Return the scopes that a comma-separated `x-openclaw-scopes` leaves; all without one."""
    if header is None:
        return ALL_SCOPES
    return ALL_SCOPES & {scope.strip() for scope in header.split(",")}


def covers(held: frozenset[str], needed: str) -> bool:
    """Whether `held` suffices: the admin may do everything, and who may write may read."""
    return needed in held or ADMIN in held or (needed == READ and WRITE in held)
