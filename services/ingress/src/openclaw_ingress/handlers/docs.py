"""`GET /openapi.json` and `GET /docs`: what this gateway serves, for programs and for people.

Neither asks who is there: the document names no agent, key or address of this gateway.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import orjson
from aiohttp import web

from openclaw_common.runtime.config import Config
from openclaw_ingress.openapi.document import openapi_document
from openclaw_ingress.openapi.page import CONTENT_SECURITY_POLICY, docs_page
from openclaw_ingress.route import Route

_CACHE: Final = {"Cache-Control": "no-cache"}


class Docs:
    """Answers the document of the configuration's routes, and their own, as JSON and as a page."""

    def __init__(self, config: Config, routes: Sequence[Route]) -> None:
        self.routes = (
            Route("GET", "/openapi.json", self.read_document, scope=None),
            Route("GET", "/docs", self.read_page, scope=None),
        )
        document = openapi_document(config, (*routes, *self.routes))
        self._document = orjson.dumps(document)
        self._page = docs_page(document)

    async def read_document(self, request: web.Request) -> web.Response:
        """Answer the OpenAPI document."""
        return web.Response(
            body=self._document,
            headers=_CACHE,
            content_type="application/json",
            charset="utf-8",
        )

    async def read_page(self, request: web.Request) -> web.Response:
        """Answer the page, which may load nothing and run nothing."""
        headers = {**_CACHE, "Content-Security-Policy": CONTENT_SECURITY_POLICY}
        return web.Response(text=self._page, headers=headers, content_type="text/html")
