"""Errors of OpenClaw's own session endpoints: `{"ok":false,"error":{…}}` (contract §1.9)."""

from __future__ import annotations

from aiohttp import web

from openclaw_common.contracts.errors import NOT_FOUND, ErrorBody
from openclaw_ingress.responses import NO_STORE, json_response
from openclaw_ingress.tenancy import shown


def refusal(error: ErrorBody) -> web.Response:
    """Return the answer of an error."""
    body = {"ok": False, "error": error.to_wire()}
    return json_response(body, status=error.status, headers=NO_STORE)


def no_session(key: str) -> web.Response:
    """Return the answer for a session that is not known."""
    return refusal(ErrorBody(404, NOT_FOUND, f"Session not found: {shown(key)}"))
