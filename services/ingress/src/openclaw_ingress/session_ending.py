"""Cancelling what a session does."""

from __future__ import annotations

from typing import Final

from aiohttp import web

from openclaw_ingress.app_keys import READER, STORE
from openclaw_ingress.follow import wait_for_end
from openclaw_ingress.open_streams import OPEN_STREAMS

_TRUE: Final = frozenset({"true", "1"})


def wants_cancel(request: web.Request) -> bool:
    """Whether `?cancel=true` was given."""
    return request.query.get("cancel", "").lower() in _TRUE


async def cancel_and_wait(app: web.Application, key: str, reason: str, seconds: float) -> None:
    """Cancel every run of a session, and return once the active one has ended.

    Raises TimeoutError when it has not within `seconds`, StoreUnavailable.
    """
    steps = app[STORE].session_steps
    if not await steps.cancel(key, reason):
        return
    async with app[OPEN_STREAMS].until_closing(seconds):
        while run_ids := (await steps.lane(key)).run_ids:
            await wait_for_end(app[STORE], app[READER], run_ids[0], after=0)
