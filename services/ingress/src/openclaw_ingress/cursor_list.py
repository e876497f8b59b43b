"""Lists in the way of OpenAI's API: `limit`, `after`, `before`, and where the next page begins."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from openclaw_common.contracts.errors import InvalidRequest
from openclaw_common.store.pages import Place
from openclaw_ingress.schemas.js import integer

PAGE_DEFAULT: Final = 20
PAGE_MAX: Final = 100
_LIMIT: Final = re.compile(r"[0-9]{1,3}\Z")
_TIME: Final = re.compile(r"[0-9]{1,12}\Z")


@dataclass(frozen=True, slots=True)
class Cursor:
    """How many items are wanted, behind which one, and in which direction from there."""

    limit: int
    item_id: str | None
    newer: bool


def parse_cursor(query: Mapping[str, str]) -> Cursor:
    """Return what `limit`, `after` and `before` ask for. Raises InvalidRequest."""
    given = query.get("limit", str(PAGE_DEFAULT))
    if not _LIMIT.match(given) or not 1 <= int(given) <= PAGE_MAX:
        raise InvalidRequest(f"`limit` must be between 1 and {PAGE_MAX}.", param="limit")
    after, before = query.get("after"), query.get("before")
    if after and before:
        raise InvalidRequest("Give `after` or `before`, not both.", param="before")
    return Cursor(int(given), after or before or None, bool(before))


def parse_time_ms(query: Mapping[str, Any], name: str) -> int | None:
    """Return a time given in Unix seconds as ms, None without one. Raises InvalidRequest."""
    given = query.get(name)
    if given is None or given == "":
        return None
    seconds = given if isinstance(given, str) else integer(given)
    if seconds is None or not _TIME.match(str(seconds)):
        raise InvalidRequest(f"`{name}` must be a time in Unix seconds.", param=name)
    return int(seconds) * 1000


async def place_behind(
    cursor: Cursor, place_of: Callable[[str], Awaitable[Place | None]]
) -> Place | None:
    """Return where the page begins, None for the newest. Raises InvalidRequest for no such item."""
    if cursor.item_id is None:
        return None
    place = await place_of(cursor.item_id)
    if place is None:
        name = "before" if cursor.newer else "after"
        raise InvalidRequest(
            f"`{name}` must be the id of an item of this list that is still there.",
            param=name,
            code="invalid_cursor",
        )
    return place


def list_object(
    items: Sequence[Mapping[str, Any]], cursor: Cursor, *, more: bool, last: Place | None
) -> dict[str, Any]:
    """Return a page, newest first whatever its direction.

    The id at its far end (`last_id` for `after`, `first_id` for `before`) is the last one that was
    looked at: with a filter that matches little, a page may be short and have more behind it.
    """
    data = list(reversed(items)) if cursor.newer else list(items)
    first_id, last_id = (data[0]["id"], data[-1]["id"]) if data else (None, None)
    if more and last is not None:
        first_id, last_id = (
            (last.id, last_id or last.id) if cursor.newer else (first_id or last.id, last.id)
        )
    return {
        "object": "list",
        "data": data,
        "first_id": first_id,
        "last_id": last_id,
        "has_more": more,
    }
