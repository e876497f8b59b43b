"""Locks out clients that keep presenting wrong credentials (contract §0.4), over all replicas.

Counts and locks live in Redis. A lock must hold even for a correct credential, yet asking Redis on
every request would cost each of them a round trip, so this replica keeps a table of all locks:
refreshed when it is older than a second, and set at once by what this replica itself sees. A
client that failed here within the window is always asked about, so that attempts spread over
several replicas are locked everywhere by the next one.

A program on this host is delayed instead, where `exemptLoopback` says so; that needs no Redis.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final, Protocol

from openclaw_common.runtime.clock import Clock
from openclaw_common.runtime.config import RateLimit
from openclaw_ingress.auth.client_address import ClientAddress
from openclaw_ingress.cached import Cached
from openclaw_ingress.errors import TooManyFailures

SCOPE: Final = "gateway"
"""What the counters are kept for; hooks have their own."""
FRESH_S: Final = 1.0
"""Age in seconds at which what Redis said is asked for again."""
MAX_CLIENTS: Final = 10_000
"""Clients remembered by this replica; the one seen longest ago is forgotten first."""
FIRST_DELAY_S: Final = 0.25
LAST_DELAY_S: Final = 5.0


class SharedLimits(Protocol):
    """What is needed of `store.limits`; every call may raise StoreUnavailable."""

    async def auth_locked(self, scope: str, client_ip: str) -> float | None: ...
    async def auth_failed(
        self, scope: str, client_ip: str, rate_limit: RateLimit
    ) -> float | None: ...
    async def auth_succeeded(self, scope: str, client_ip: str) -> None: ...
    async def locks(self) -> dict[str, float]: ...


@dataclass(slots=True)
class _Client:
    """What this replica knows of one client; moments are the clock's monotonic seconds."""

    locked_until: float = 0.0
    suspect_until: float = 0.0
    forgiven_until: float = 0.0
    failures: int = 0


class FailureLimiter:
    """Asked before a credential is looked at (`check`), told afterwards how it was."""

    def __init__(self, limits: SharedLimits, settings: RateLimit, clock: Clock) -> None:
        self._limits = limits
        self._settings = settings
        self._clock = clock
        self._window_s = settings.window_ms / 1000
        self._clients: OrderedDict[str, _Client] = OrderedDict()
        self._locks = Cached(limits.locks, fresh_s=FRESH_S, clock=clock)

    @property
    def remembered(self) -> int:
        """How many clients this replica remembers; at most MAX_CLIENTS."""
        return len(self._clients)

    async def check(self, address: ClientAddress) -> None:
        """Raise TooManyFailures while the client is locked, StoreUnavailable if none can tell."""
        if self._exempt(address):
            return
        now = self._clock.monotonic()
        client = self._clients.get(address.client) or _Client()
        self._refuse(client.locked_until)
        if client.suspect_until > now:
            left = await self._limits.auth_locked(SCOPE, address.client)
            self._lock(address.client, left)
            return
        locks = await self._locks.get()
        self._refuse(locks.get(f"{SCOPE}:{address.client}", 0.0))

    async def failed(self, address: ClientAddress) -> None:
        """Count a wrong credential; raises TooManyFailures when others had locked it meanwhile."""
        client = self._remember(address.client)
        now = self._clock.monotonic()
        if self._exempt(address):
            await self._delay(client, now)
            return
        client.suspect_until = now + self._window_s
        client.forgiven_until = 0.0
        left = await self._limits.auth_failed(SCOPE, address.client, self._settings)
        # A burst that was let in before the lock was known is counted on, and may lock again.
        known = client.locked_until
        if left is not None:
            client.locked_until = self._clock.monotonic() + left
        self._refuse(known)

    async def succeeded(self, address: ClientAddress) -> None:
        """Forget the client's failures, on all replicas."""
        if self._exempt(address):
            self._clients.pop(address.client, None)
            return
        now = self._clock.monotonic()
        client = self._remember(address.client)
        if client.forgiven_until <= now:
            await self._limits.auth_succeeded(SCOPE, address.client)
            client.suspect_until = 0.0
            client.forgiven_until = now + FRESH_S

    def _exempt(self, address: ClientAddress) -> bool:
        return self._settings.exempt_loopback and address.local_direct

    async def _delay(self, client: _Client, now: float) -> None:
        client.failures = client.failures + 1 if client.suspect_until > now else 1
        client.suspect_until = now + self._window_s
        await asyncio.sleep(min(FIRST_DELAY_S * 2 ** min(client.failures - 1, 10), LAST_DELAY_S))

    def _lock(self, client_ip: str, left_s: float | None) -> None:
        if left_s is not None:
            until = self._clock.monotonic() + left_s
            self._remember(client_ip).locked_until = until
            self._refuse(until)

    def _refuse(self, locked_until: float) -> None:
        left = locked_until - self._clock.monotonic()
        if left > 0:
            raise TooManyFailures(retry_after_s=left)

    def _remember(self, client_ip: str) -> _Client:
        client = self._clients.get(client_ip)
        if client is None:
            client = self._clients[client_ip] = _Client()
            if len(self._clients) > MAX_CLIENTS:
                self._clients.popitem(last=False)
        else:
            self._clients.move_to_end(client_ip)
        return client
