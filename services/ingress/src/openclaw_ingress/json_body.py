"""A request's body as a JSON object: read within limits, parsed without surprises (contract §0.5).

Stricter than JSON needs: duplicate keys, a byte order mark, NaN and infinities, and nesting deeper
than the limit are refused. More lenient in one place: lone surrogates, which JavaScript clients
send, are taken and become U+FFFD.
"""

from __future__ import annotations

import asyncio
import re
from typing import Any, Final

import orjson
from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from openclaw_common.contracts.errors import InvalidRequest
from openclaw_ingress.errors import BodyTimeout

MAX_CONTAINERS: Final = 50_000
"""Objects and arrays in one body: what is made of them must not hold up other requests."""
_SURROGATE: Final = re.compile(rb"\\u[dD][89a-fA-F]")
_ESCAPES: Final = re.compile(
    rb"(?:\\[^u])++"
    rb"|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    rb"|(\\u[dD][89a-fA-F][0-9a-fA-F]{2})"
    rb"|\\u",
    re.DOTALL,
)
"""Every escape, so that none begins inside another; a lone surrogate is the group."""
_REPLACEMENT: Final = rb"\ufffd"
_KEY_END: Final = re.compile(rb'"[ \t\r\n]*+:')
_STRING: Final = re.compile(rb'"(?:[^"\\]++|\\.)*+"[ \t\r\n]*+(:)?', re.DOTALL)
"""A whole string; one that is a key has the group."""


async def read_body(request: web.Request, *, max_bytes: int, timeout_s: float) -> bytes:
    """Return the whole body, at most `max_bytes`, within `timeout_s` seconds.

    Raises InvalidRequest with status 413 before reading anything when `Content-Length` says too
    much, else at the first byte over the limit; BodyTimeout (408); InvalidRequest for a body that
    cannot be decoded.
    """
    length = request.content_length
    if length is not None and length > max_bytes:
        raise _too_large()
    chunks: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(timeout_s):
            while chunk := await request.content.readany():
                size += len(chunk)
                if size > max_bytes:
                    raise _too_large()
                chunks.append(chunk)
    except TimeoutError:
        raise BodyTimeout from None
    except (web.RequestPayloadError, HttpProcessingError, ConnectionError):
        raise InvalidRequest from None
    return b"".join(chunks)


def parse_object(raw: bytes, *, max_depth: int) -> dict[str, Any]:
    """Return the JSON object in `raw`, an empty one for an empty body.

    Raises InvalidRequest for anything else, for nesting deeper than `max_depth` and for more than
    `MAX_CONTAINERS`.
    """
    value = parse_value(raw, max_depth=max_depth)
    if not isinstance(value, dict):
        raise InvalidRequest
    return value


def parse_value(raw: bytes, *, max_depth: int) -> Any:
    """Return the JSON value in `raw`, an empty object for an empty body; raises InvalidRequest."""
    if not raw:
        return {}
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError:
        raw = _without_lone_surrogates(raw)
        value = _parsed(raw)
    if not isinstance(value, dict | list):
        return value
    # Every key ends in a quote and a colon, so no more of these than keys means no duplicates;
    # more may be text inside a string, which looking at whole strings tells apart.
    keys = _count_keys(value, max_depth)
    if keys != _count_key_ends(raw) and keys != _count_keys_spelled(raw):
        raise InvalidRequest
    return value


def _too_large() -> InvalidRequest:
    return InvalidRequest("Payload too large", status=413)


def _parsed(raw: bytes) -> Any:
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError:
        raise InvalidRequest from None


def _without_lone_surrogates(raw: bytes) -> bytes:
    if not _SURROGATE.search(raw):
        raise InvalidRequest
    return _ESCAPES.sub(lambda found: _REPLACEMENT if found[1] else found[0], raw)


# One by one: a list of all matches is made without ever letting another thread go on.
def _count_key_ends(raw: bytes) -> int:
    return sum(1 for _ in _KEY_END.finditer(raw))


def _count_keys_spelled(raw: bytes) -> int:
    return sum(1 for found in _STRING.finditer(raw) if found.lastindex)


def _count_keys(value: dict[str, Any] | list[Any], max_depth: int) -> int:
    keys = 0
    containers = 1
    level: list[Any] = [value]
    for _ in range(max_depth):
        below: list[Any] = []
        for container in level:
            if type(container) is dict:
                keys += len(container)
                children: Any = container.values()
            else:
                children = container
            below += [child for child in children if type(child) is dict or type(child) is list]
        if not below:
            return keys
        containers += len(below)
        if containers > MAX_CONTAINERS:
            raise InvalidRequest(
                f"The request body has more than {MAX_CONTAINERS} objects and arrays."
            )
        level = below
    raise InvalidRequest
