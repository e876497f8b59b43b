"""The one way an object becomes a JSON response."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import orjson
from aiohttp import web

NO_STORE: Final = {"Cache-Control": "no-store"}


def json_response(
    payload: Any, *, status: int = 200, headers: Mapping[str, str] | None = None
) -> web.Response:
    """Return `payload` as `application/json; charset=utf-8` (contract §0.2)."""
    return web.Response(
        body=orjson.dumps(payload),
        status=status,
        headers=headers,
        content_type="application/json",
        charset="utf-8",
    )
