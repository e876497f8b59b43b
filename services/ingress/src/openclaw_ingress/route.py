"""One row of the route table."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final

from aiohttp import web

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Gate = Callable[[web.Request], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Route:
    """A method and path (aiohttp's pattern syntax), who answers, and who may ask.

    `scope` is the operator scope a caller needs. None makes a probe: no authentication, and
    answered while the process drains. A `gate` lets requests in by rules of its own, before their
    body is asked for. `says_ok` puts `"ok":false` beside the `error` of its errors.
    """

    method: str
    path: str
    handler: Handler
    scope: str | None
    gate: Gate | None = None
    says_ok: bool = False


ROUTES: Final[web.AppKey[Mapping[web.AbstractRoute, Route]]] = web.AppKey("routes")


def route_of(request: web.Request) -> Route | None:
    """Return the row that `request` matched, or None for an unknown path or method."""
    return request.app[ROUTES].get(request.match_info.route)
