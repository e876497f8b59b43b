"""OpenAI's cursor lists in either order: `order`, `limit`, `after`, `before`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from openclaw_common.contracts.errors import InvalidRequest
from openclaw_common.store.pages import Place
from openclaw_ingress.cursor_list import Cursor, parse_cursor, place_behind


@dataclass(frozen=True, slots=True)
class OrderedCursor:
    """A page of a list that stands in `desc` (newest first) or `asc` order.

    `newer` says in which direction items are read from where the page begins.
    """

    cursor: Cursor
    ascending: bool

    @property
    def limit(self) -> int:
        """Items wanted."""
        return self.cursor.limit

    @property
    def newer(self) -> bool:
        """Whether newer items are wanted than the one where the page begins."""
        return self.ascending is not self.cursor.newer

    @property
    def backwards(self) -> bool:
        """Whether the page ends before the item that was named."""
        return self.cursor.newer

    async def place(self, place_of: Callable[[str], Awaitable[Place | None]]) -> Place | None:
        """Return where the page begins. Raises InvalidRequest for no such item."""
        return await place_behind(self.cursor, place_of)


def parse_ordered_cursor(query: Mapping[str, str]) -> OrderedCursor:
    """Return what a request's query asks for. Raises InvalidRequest."""
    order = query.get("order", "desc")
    if order not in ("asc", "desc"):
        raise InvalidRequest("`order` must be `asc` or `desc`.", param="order")
    return OrderedCursor(parse_cursor(query), order == "asc")


def ordered_list(
    items: Iterable[Any], cursor: OrderedCursor, *, more: bool, looked_at: str | None = None
) -> dict[str, Any]:
    """Return the list object of items that were read in the cursor's direction.

    `looked_at` is the id of the last item that was looked at, where the next page goes on.
    """
    data = list(items)
    far = looked_at or (data[-1]["id"] if data else None)
    near = data[0]["id"] if data else far
    if cursor.backwards:
        data.reverse()
        first_id, last_id = far, near
    else:
        first_id, last_id = near, far
    return {
        "object": "list",
        "data": data,
        "first_id": first_id,
        "last_id": last_id,
        "has_more": more,
    }
