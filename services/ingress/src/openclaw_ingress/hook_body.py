"""The body of a hook: read within its limits, and parsed (contract §3.2).

JSON is tried first, whatever `Content-Type` says: senders by hand rarely set it. A form is read
where JSON does not fit and the type says so, because GitHub and Slack can send those; a form's
`payload` field that holds JSON is the payload.
"""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import parse_qsl

from aiohttp import web

from openclaw_common.contracts.errors import (
    INVALID_REQUEST,
    ErrorBody,
    GatewayError,
    InvalidRequest,
)
from openclaw_ingress.app_keys import CONFIG
from openclaw_ingress.errors import BodyTimeout
from openclaw_ingress.json_body import parse_value, read_body

FORM: Final = "application/x-www-form-urlencoded"
MAX_FORM_FIELDS: Final = 1000


def plain_text(header: str) -> str:
    """Return a header as text that can be written anywhere: bytes that are none become `\\xff`."""
    return header.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


async def read_hook_body(request: web.Request, max_bytes: int) -> bytes:
    """Return the whole body. Raises InvalidRequest (400, 413) and GatewayError (408)."""
    timeout_s = request.app[CONFIG].ingress.body_timeout_seconds
    try:
        return await read_body(request, max_bytes=max_bytes, timeout_s=timeout_s)
    except BodyTimeout:
        raise GatewayError(ErrorBody(408, INVALID_REQUEST, "request body timeout")) from None
    except InvalidRequest as error:
        if error.body.status != 413:
            raise
        raise InvalidRequest("payload too large", status=413) from None


def parse_payload(request: web.Request, raw: bytes) -> Any:
    """Return an object or an array; anything else that is JSON counts as an empty object.

    Raises InvalidRequest for what is neither JSON nor a form.
    """
    max_depth = request.app[CONFIG].ingress.json_max_depth
    try:
        value = parse_value(raw, max_depth=max_depth)
    except InvalidRequest:
        if request.content_type != FORM:
            raise
        value = _form(raw, max_depth)
    return value if isinstance(value, dict | list) else {}


def parse_hook_object(request: web.Request, raw: bytes) -> dict[str, Any]:
    """Return the JSON object in `raw`, an empty one for other JSON. Raises InvalidRequest."""
    value = parse_value(raw, max_depth=request.app[CONFIG].ingress.json_max_depth)
    return value if isinstance(value, dict) else {}


def _form(raw: bytes, max_depth: int) -> Any:
    try:
        pairs = parse_qsl(
            raw.decode(),
            keep_blank_values=True,
            strict_parsing=True,
            max_num_fields=MAX_FORM_FIELDS,
            errors="strict",
        )
    except ValueError:
        raise InvalidRequest from None
    fields = dict(pairs)
    if fields.get("payload", "").lstrip()[:1] in ("{", "["):
        return parse_value(fields["payload"].encode(), max_depth=max_depth)
    return fields
