"""One row of the route table."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final

from aiohttp import web

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class Route:
    """A method and path (aiohttp's pattern syntax), who answers, and who may ask.

    `scope` is the operator scope a caller needs. None makes a probe: no authentication, and
    answered while the process drains.
    """

    method: str
    path: str
    handler: Handler
    scope: str | None


ROUTES: Final[web.AppKey[Mapping[web.AbstractRoute, Route]]] = web.AppKey("routes")


def route_of(request: web.Request) -> Route | None:
    """Return the row that `request` matched, or None for an unknown path or method."""
    return request.app[ROUTES].get(request.match_info.route)
