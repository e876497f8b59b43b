"""What lies under `/api/channels` is nobody's to look at without a credential (contract §7.5).

However it is spelled: a proxy in front may read `%2fapi%2fchannels` as we do not.
"""

from __future__ import annotations

from posixpath import normpath
from typing import Final
from urllib.parse import unquote

from aiohttp import web

from openclaw_ingress.app_keys import AUTHENTICATOR
from openclaw_ingress.channel_webhooks import PREFIX
from openclaw_ingress.route import Handler, route_of

MOST_DECODINGS: Final = 8


def canonical_path(raw_path: str) -> str:
    """Return a path as the most lenient reader would have it: decoded, without `..` and `//`."""
    path = raw_path.partition("?")[0]
    for _ in range(MOST_DECODINGS):
        decoded = unquote(path)
        if decoded == path:
            break
        path = decoded
    return normpath("/" + path.replace("\\", "/").lstrip("/"))


@web.middleware
async def protect_channels(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Ask for the gateway's credential where no route was found under the channels' paths."""
    if route_of(request) is None:
        # A request may name the whole URL (RFC 9112, 3.2.2).
        raw = request.raw_path if request.raw_path.startswith("/") else request.rel_url.raw_path
        path = canonical_path(raw).lower()
        if path == PREFIX or path.startswith(f"{PREFIX}/"):
            await request.app[AUTHENTICATOR].authenticate(request)
    return await handler(request)
