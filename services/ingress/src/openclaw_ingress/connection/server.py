"""aiohttp's server and runner, making guarded connections."""

from __future__ import annotations

import asyncio
from typing import Final

from aiohttp import web

from openclaw_ingress.connection.guarded import GuardedConnection
from openclaw_ingress.connection.limits import Guard

LINGER_S: Final = 5.0
"""How long an answered request's unread body is still taken, so that the answer is read."""


class GuardedServer(web.Server):
    """The protocol factory of the listener."""

    def __init__(self, inner: web.Server, guard: Guard) -> None:
        # A reader that leaves must be noticed at once, so that its run can be cancelled: aiohttp
        # tells a handler only with handler_cancellation.
        super().__init__(
            inner.request_handler,
            request_factory=inner.request_factory,
            handler_cancellation=True,
        )
        self._guard = guard

    def __call__(self) -> web.RequestHandler:
        return GuardedConnection(
            self,
            guard=self._guard,
            loop=asyncio.get_running_loop(),
            access_log=None,
            lingering_time=min(LINGER_S, self._guard.limits.body_timeout_s),
            # A compressed body would grow past its limit before anybody sees its size.
            auto_decompress=False,
        )


class GuardedRunner(web.AppRunner):
    """Runs an application behind the guard. `shutdown_s` bounds what `cleanup` waits for."""

    def __init__(self, app: web.Application, guard: Guard, *, shutdown_s: float) -> None:
        super().__init__(app, access_log=None, shutdown_timeout=shutdown_s)
        self._guard = guard

    async def _make_server(self) -> web.Server:
        return GuardedServer(await super()._make_server(), self._guard)
