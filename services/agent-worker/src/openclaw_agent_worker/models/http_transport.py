"""The provider SDKs' HTTP client over the worker's own aiohttp session.

So that there is one HTTP stack with one connection pool and one place for time limits, and nothing
of it to close.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Final

import aiohttp
import httpx2
from yarl import URL

CONNECT_TIMEOUT_S: Final = 10.0
READ_TIMEOUT_S: Final = 600.0
"""Longest silence of a provider where the request sets none, in seconds."""

_NOT_FORWARDED: Final = frozenset({"host", "content-length", "connection", "accept-encoding"})
_NOT_RETURNED: Final = frozenset({"content-encoding", "content-length", "transfer-encoding"})


def sdk_client(http: aiohttp.ClientSession) -> httpx2.AsyncClient:
    """Return a client for an SDK; closing it leaves `http` open, and it need not be closed."""
    return httpx2.AsyncClient(
        transport=AiohttpTransport(http),
        timeout=httpx2.Timeout(READ_TIMEOUT_S, connect=CONNECT_TIMEOUT_S),
        follow_redirects=False,
    )


class AiohttpTransport(httpx2.AsyncBaseTransport):
    """Sends requests over an aiohttp session that belongs to somebody else."""

    def __init__(self, http: aiohttp.ClientSession) -> None:
        self._http = http

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send one request. Raises httpx2.TransportError."""
        timeout = aiohttp.ClientTimeout(
            total=None,
            sock_connect=CONNECT_TIMEOUT_S,
            sock_read=request.extensions.get("timeout", {}).get("read"),
        )
        headers = [
            (name, value)
            for name, value in request.headers.multi_items()
            if name.lower() not in _NOT_FORWARDED
        ]
        # A compressed stream would be held back until the compressor's block is full.
        headers.append(("Accept-Encoding", "identity"))
        body = await request.aread()
        with _as_httpx2():
            response = await self._http.request(
                request.method,
                URL(str(request.url), encoded=True),
                headers=headers,
                data=body or None,
                allow_redirects=False,
                timeout=timeout,
            )
        returned = [
            (name, value)
            for name, value in response.headers.items()
            if name.lower() not in _NOT_RETURNED
        ]
        return httpx2.Response(response.status, headers=returned, stream=_Body(response))


class _Body(httpx2.AsyncByteStream):
    """What one network read holds comes out as one chunk."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._response = response

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with _as_httpx2():
            while data := await self._response.content.readany():
                yield data

    async def aclose(self) -> None:
        # A body that was read to its end has given its connection back already.
        self._response.close()


@contextmanager
def _as_httpx2() -> Iterator[None]:
    try:
        yield
    except aiohttp.ConnectionTimeoutError as error:
        raise httpx2.ConnectTimeout(str(error)) from error
    except TimeoutError as error:
        raise httpx2.ReadTimeout(str(error)) from error
    except aiohttp.ClientConnectorError as error:
        raise httpx2.ConnectError(str(error)) from error
    except (aiohttp.ClientError, OSError) as error:
        raise httpx2.ReadError(str(error)) from error
