"""The HTTP client of a worker process, for what the operator configured: providers and platforms.

A URL that a stranger chose is for `egress` alone.
"""

from __future__ import annotations

from typing import Final

import aiohttp

KEEP_ALIVE_S: Final = 30.0
"""How long an idle connection is kept, in seconds."""


def client_session() -> aiohttp.ClientSession:
    """Return a session that the caller closes.

    It opens as many connections as there are jobs, and keeps no cookies, which would tie one run or
    account to another.
    """
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=KEEP_ALIVE_S),
        cookie_jar=aiohttp.DummyCookieJar(),
    )
