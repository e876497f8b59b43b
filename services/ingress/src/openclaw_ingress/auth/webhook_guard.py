"""Counts webhooks that no platform has signed, per address and for all replicas (contract §7.1).

It never stands in the way of a valid one: many platforms share a few addresses.
"""

from __future__ import annotations

from typing import Final, NoReturn, Protocol

from aiohttp import web

from openclaw_common.contracts.errors import Unauthorized
from openclaw_common.runtime.config import RateLimit
from openclaw_common.runtime.config.inbound import Inbound
from openclaw_ingress.auth.client_address import ClientAddresses
from openclaw_ingress.auth.hook_guard import TooManyRequests

SCOPE: Final = "channels"
"""What the counters are kept for."""


class WebhookLimits(Protocol):
    """What is needed of `store.limits`; every call may raise StoreUnavailable."""

    async def auth_locked(self, scope: str, client_ip: str) -> float | None: ...
    async def auth_failed(
        self, scope: str, client_ip: str, rate_limit: RateLimit
    ) -> float | None: ...


class WebhookGuard:
    """Refuses; the failures are in Redis."""

    def __init__(
        self, limits: Inbound, addresses: ClientAddresses, failures: WebhookLimits
    ) -> None:
        self._addresses = addresses
        self._failures = failures
        self._rate = RateLimit(
            max_attempts=limits.failure_attempts,
            window_ms=limits.failure_window_ms,
            lockout_ms=limits.failure_window_ms,
        )

    async def refuse(self, request: web.Request) -> NoReturn:
        """Count a request without a valid signature, and raise Unauthorized.

        Raises TooManyRequests instead while the address is locked; StoreUnavailable.
        """
        client = self._addresses.of(request).client
        left = await self._failures.auth_locked(SCOPE, client)
        if left is not None:
            raise TooManyRequests(retry_after_s=left)
        await self._failures.auth_failed(SCOPE, client, self._rate)
        raise Unauthorized
