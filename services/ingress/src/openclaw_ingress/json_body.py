"""A request's body as a JSON object: read within limits, parsed without surprises (contract §0.5).

Stricter than JSON needs: duplicate keys, a byte order mark, NaN and infinities, and nesting deeper
than the limit are refused. More lenient in one place: lone surrogates, which JavaScript clients
send, are taken and become U+FFFD.
"""

from __future__ import annotations

import asyncio
import json
import math
import re
from typing import Any, Final, NoReturn

import orjson
from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from openclaw_common.contracts.errors import InvalidRequest
from openclaw_ingress.errors import BodyTimeout

MAX_CONTAINERS: Final = 50_000
"""Objects and arrays in one body: what is made of them must not hold up other requests."""
_LONE_SURROGATE: Final = re.compile(rb"\\u[dD][89a-fA-F]")
_KEY_END: Final = re.compile(rb'"[ \t\r\n]*:')


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
    if not raw:
        return {}
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError:
        raw = _without_lone_surrogates(raw)
        value = orjson.loads(raw)
    if not isinstance(value, dict):
        raise InvalidRequest
    # Every key ends in a quote and a colon, so no more of these than keys means no duplicates;
    # more may be text inside a string, which the slow parser tells apart.
    if _count_keys(value, max_depth) != len(_KEY_END.findall(raw)):
        _parse_slowly(raw)
    return value


def _too_large() -> InvalidRequest:
    return InvalidRequest("Payload too large", status=413)


def _without_lone_surrogates(raw: bytes) -> bytes:
    if not _LONE_SURROGATE.search(raw):
        raise InvalidRequest
    value = _parse_slowly(raw)
    try:
        text = json.dumps(value, ensure_ascii=False)
    except RecursionError:
        raise InvalidRequest from None
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").encode()


def _parse_slowly(raw: bytes) -> Any:
    try:
        return json.loads(
            raw.decode(),
            object_pairs_hook=_unique_keys,
            parse_float=_finite,
            parse_constant=_refuse_constant,
        )
    except (ValueError, RecursionError):
        raise InvalidRequest from None


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise InvalidRequest
    return value


def _finite(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise InvalidRequest
    return value


def _refuse_constant(name: str) -> NoReturn:
    raise InvalidRequest


def _count_keys(value: dict[str, Any], max_depth: int) -> int:
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
