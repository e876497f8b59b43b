"""Cursor lists: which page a request asks for, and the list object (run-api.md §4.1)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

from aiohttp import web

from openclaw_common.contracts.errors import InvalidRequest

PAGE_DEFAULT: Final = 20
PAGE_MAX: Final = 100
AFTER: Final = "after"
_LIMIT: Final = re.compile(r"[0-9]{1,3}\Z")


def page_limit(request: web.Request) -> int:
    """Return the size of the page that `?limit=` asks for. Raises InvalidRequest."""
    given = request.query.get("limit", str(PAGE_DEFAULT))
    if not _LIMIT.match(given) or not 1 <= int(given) <= PAGE_MAX:
        raise InvalidRequest(f"`limit` must be between 1 and {PAGE_MAX}.", param="limit")
    return int(given)


def unknown_cursor() -> InvalidRequest:
    """Return the error for an `after` that is no item of the list."""
    return InvalidRequest("`after` must be the id of an item of this list.", param=AFTER)


def list_object(data: Sequence[dict[str, Any]], *, has_more: bool) -> dict[str, Any]:
    """Return a page; `last_id` is the next page's `after`."""
    return {
        "object": "list",
        "data": list(data),
        "first_id": data[0]["id"] if data else None,
        "last_id": data[-1]["id"] if data else None,
        "has_more": has_more,
    }
