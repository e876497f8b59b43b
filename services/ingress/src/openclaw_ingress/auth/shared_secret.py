"""The bearer credential of modes `token` and `password`."""

from __future__ import annotations

import hashlib
import hmac

from aiohttp import hdrs, web


class SharedSecret:
    """Knows only the digest of the secret. Without a secret, nothing matches."""

    def __init__(self, secret: str | None) -> None:
        self._digest = _digest(secret) if secret else None

    def matches(self, presented: str) -> bool:
        """Compare digests in constant time, so that neither length nor content shows."""
        return self._digest is not None and hmac.compare_digest(_digest(presented), self._digest)


def bearer(request: web.BaseRequest) -> str | None:
    """Return the trimmed bearer credential, or None when there is none or another scheme."""
    scheme, _, credential = request.headers.get(hdrs.AUTHORIZATION, "").strip().partition(" ")
    if scheme.lower() != "bearer":
        return None
    return credential.strip() or None


def _digest(text: str) -> bytes:
    # Headers may hold any byte; aiohttp keeps what is no UTF-8 as surrogates.
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).digest()
