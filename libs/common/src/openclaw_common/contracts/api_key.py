"""A named API key: who holds it, what it may do, and how much of it.

The key itself is `ock_` and 256 random bits. Only its SHA-256 is kept: nobody can guess such a key,
so a slow password hash would only make every request slower.
"""

from __future__ import annotations

import hashlib
import secrets
import uuid
from dataclasses import dataclass
from typing import Any, Final

import orjson

from openclaw_common.contracts.json_text import dumps

SECRET_PREFIX: Final = "ock_"
SECRET_CHARS: Final = len(SECRET_PREFIX) + 43
SHOWN_CHARS: Final = len(SECRET_PREFIX) + 6
"""How much of a key is shown once it is made."""
SCOPES: Final = (
    "chat",
    "hooks",
    "tools",
    "runs:read",
    "runs:write",
    "deliveries:read",
    "deliveries:write",
    "admin",
)


@dataclass(frozen=True, slots=True)
class KeyLimits:
    """How much one key may do over the whole fleet; None for as much as it likes.

    `requests_per_minute` counts requests that ask for a run, `tokens_per_day` those that its runs
    used since midnight UTC.
    """

    requests_per_minute: int | None = None
    runs_in_progress: int | None = None
    queued_runs: int | None = None
    tokens_per_day: int | None = None


UNLIMITED: Final = KeyLimits()


@dataclass(frozen=True, slots=True)
class ApiKey:
    """One key; times are Unix ms. An empty `tenant` is none, no `agents` means all of them."""

    id: str
    name: str
    shown: str
    digest: str
    scopes: tuple[str, ...]
    created_ms: int
    tenant: str = ""
    agents: tuple[str, ...] | None = None
    limits: KeyLimits = UNLIMITED
    expires_ms: int | None = None
    revoked_ms: int | None = None

    def usable(self, now_ms: float) -> bool:
        """Whether the key lets anybody in now."""
        return self.revoked_ms is None and (self.expires_ms is None or now_ms < self.expires_ms)

    def encode(self) -> bytes:
        """Return the JSON form that is kept."""
        return dumps(self)

    @classmethod
    def decode(cls, raw: bytes) -> ApiKey:
        """Rebuild a key from `encode`'s JSON."""
        data: dict[str, Any] = orjson.loads(raw)
        agents = data["agents"]
        return cls(
            **{
                **data,
                "scopes": tuple(data["scopes"]),
                "agents": None if agents is None else tuple(agents),
                "limits": KeyLimits(**data["limits"]),
            }
        )


def new_key_id() -> str:
    """Return a fresh `key_<32 hex>`."""
    return f"key_{uuid.uuid4().hex}"


def new_secret() -> str:
    """Return a fresh key: `ock_` and 256 random bits, base64url."""
    return SECRET_PREFIX + secrets.token_urlsafe(32)


def may_be_secret(text: str) -> bool:
    """Whether `text` has the form of a key."""
    return text.startswith(SECRET_PREFIX) and len(text) == SECRET_CHARS


def digest_of(secret: str) -> str:
    """Return the SHA-256 by which a key is found."""
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).hexdigest()
