"""What is asked of pairings, and what is shown of one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypedDict

from openclaw_common.contracts.errors import InvalidRequest
from openclaw_common.store.pairings import Pairing

MAX_CHARS: Final = 256


class PairingObject(TypedDict):
    """Who was let in to an account (`approved`), or waits (`pending`, with a code).

    Times are Unix seconds.
    """

    object: str
    status: str
    channel: str
    account_id: str
    sender: str
    name: str | None
    code: str | None
    requested_at: int
    expires_at: int | None
    approved_at: int | None


def pairing_object(pairing: Pairing) -> PairingObject:
    """Return what is shown of a pairing."""
    return {
        "object": "pairing",
        "status": "pending" if pairing.approved_ms is None else "approved",
        "channel": pairing.channel,
        "account_id": pairing.account_id,
        "sender": pairing.sender,
        "name": pairing.name,
        "code": pairing.code,
        "requested_at": pairing.asked_ms // 1000,
        "expires_at": pairing.expires_ms // 1000 if pairing.expires_ms else None,
        "approved_at": pairing.approved_ms // 1000 if pairing.approved_ms else None,
    }


def member(body: Mapping[str, Any], name: str, default: str | None = None) -> str:
    """Return a text of a body. Raises InvalidRequest, which names it."""
    value = body.get(name, default)
    if not isinstance(value, str) or not value.strip() or len(value) > MAX_CHARS:
        raise InvalidRequest(f"`{name}` must be text of 1 to {MAX_CHARS} characters.", param=name)
    return value.strip()
