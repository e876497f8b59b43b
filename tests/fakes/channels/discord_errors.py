"""What a fake Discord refuses with.

https://docs.discord.com/developers/topics/opcodes-and-status-codes#json.
"""

from __future__ import annotations

import math
from typing import Final

from aiohttp import web

from tests.fakes.channels.platform import json_response

_ERRORS: Final = {
    0: (400, "400: Bad Request"),
    401: (401, "401: Unauthorized"),
    10003: (404, "Unknown Channel"),
    10008: (404, "Unknown Message"),
    10013: (404, "Unknown User"),
    10015: (404, "Unknown Webhook"),
    10062: (404, "Unknown interaction"),
    40005: (413, "Request entity too large"),
    40058: (400, "Cannot send a message in a forum channel"),
    50001: (403, "Missing Access"),
    50007: (403, "Cannot send messages to this user"),
    50013: (403, "Missing Permissions"),
    50027: (401, "Invalid Webhook Token"),
    50035: (400, "Invalid Form Body"),
}


class Refused(Exception):
    """Answered with one of Discord's errors."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


def error(code: int) -> web.Response:
    """Return one of Discord's errors."""
    status, message = _ERRORS[code]
    return json_response({"message": message, "code": 0 if code == 401 else code}, status)


def rate_limited(seconds: float, *, everything: bool = False) -> web.Response:
    headers = {
        "Retry-After": str(math.ceil(seconds)),
        "X-RateLimit-Scope": "global" if everything else "user",
    }
    if everything:
        headers["X-RateLimit-Global"] = "true"
    body = {
        "message": "You are being rate limited.",
        "retry_after": round(seconds, 3),
        "global": everything,
    }
    return json_response(body, 429, headers)
