"""Who may send hooks: the hook token, and a failure limiter of its own (contract §3.2).

Unlike the gateway's limiter this one counts missing credentials too, exempts nobody, and never
stands in the way of a valid one, which resets it. Behind a proxy that is not trusted everybody is
one client: that locks out strangers together, and no sender with a valid token.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from typing import Final, NoReturn, Protocol

from aiohttp import web

from openclaw_common.contracts.errors import (
    RATE_LIMITED,
    ErrorBody,
    GatewayError,
    Unauthorized,
)
from openclaw_common.runtime.clock import Clock
from openclaw_common.runtime.config.hooks import HookRateLimit, Hooks
from openclaw_ingress.auth.client_address import ClientAddresses
from openclaw_ingress.auth.shared_secret import SharedSecret, bearer

TOKEN_HEADER: Final = "X-OpenClaw-Token"
SCOPE: Final = "hooks"
"""What the counters are kept for."""
FRESH_S: Final = 1.0
"""How long a client that was forgiven need not be forgiven again, in seconds."""
MAX_CLIENTS: Final = 10_000
"""Clients of whom this replica remembers that; the oldest is forgotten first."""


class HookLimits(Protocol):
    """What is needed of `store.limits`; every call may raise StoreUnavailable."""

    async def auth_locked(self, scope: str, client_ip: str) -> float | None: ...
    async def auth_failed(
        self, scope: str, client_ip: str, rate_limit: HookRateLimit
    ) -> float | None: ...
    async def auth_reset(self, scope: str, client_ip: str) -> None: ...


def presented_token(request: web.BaseRequest) -> str:
    """Return the credential of a hook, empty for none; a bearer one wins over the header."""
    return bearer(request) or request.headers.get(TOKEN_HEADER, "").strip()


class TooManyRequests(GatewayError):
    """Too Many Requests"""

    def __init__(self, *, retry_after_s: float) -> None:
        body = ErrorBody(429, RATE_LIMITED, "Too Many Requests")
        super().__init__(body, retry_after_s=retry_after_s)


class HookGuard:
    """Knows the token; the failures are in Redis, for all replicas."""

    def __init__(
        self, hooks: Hooks, addresses: ClientAddresses, limits: HookLimits, clock: Clock
    ) -> None:
        token = hooks.token.get_secret_value().strip() if hooks.token else ""
        self._token = SharedSecret(token or None)
        self.token_digest = hashlib.sha256(token.encode()).hexdigest()
        self._addresses = addresses
        self._limits = limits
        self._settings = hooks.rate_limit
        self._clock = clock
        self._forgiven: OrderedDict[str, float] = OrderedDict()

    def holds_token(self, request: web.Request) -> bool:
        """Whether the request carries the hook token; a bearer credential wins over the header."""
        presented = presented_token(request)
        return bool(presented) and self._token.matches(presented)

    async def welcome(self, request: web.Request) -> None:
        """Forget the client's failures. Raises StoreUnavailable."""
        client = self._addresses.of(request).client
        now = self._clock.monotonic()
        if self._forgiven.get(client, float("-inf")) > now:
            return
        await self._limits.auth_reset(SCOPE, client)
        self._forgiven[client] = now + FRESH_S
        self._forgiven.move_to_end(client)
        if len(self._forgiven) > MAX_CLIENTS:
            self._forgiven.popitem(last=False)

    async def refuse(self, request: web.Request) -> NoReturn:
        """Count a missing or wrong credential, and raise Unauthorized.

        Raises TooManyRequests instead while the client is locked; StoreUnavailable.
        """
        client = self._addresses.of(request).client
        self._forgiven.pop(client, None)
        left = await self._limits.auth_locked(SCOPE, client)
        if left is not None:
            raise TooManyRequests(retry_after_s=left)
        await self._limits.auth_failed(SCOPE, client, self._settings)
        raise Unauthorized
