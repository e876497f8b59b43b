"""A receiver of webhooks that is strict about Standard Webhooks.

Verifies the signature as the specification has it, independently of the channel. `base_url` is an
endpoint's `url`. Faults of kind PERMANENT take an HTTP status as code (`410`).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import math
import time
from typing import ClassVar, Final

import orjson
from aiohttp import web

from tests.fakes.channels.platform import FakePlatform, Fault, FaultKind, Offer, main

SECRET: Final = "whsec_" + base64.b64encode(b"a secret of thirty-two bytes....").decode()
_TOLERANCE_S: Final = 300


class FakeWebhook(FakePlatform):
    """`key` of what was accepted is the `webhook-id`; `raw` holds the body and the headers."""

    idempotent: ClassVar[bool] = True

    def __init__(self, port: int = 0) -> None:
        super().__init__(port)
        self.secret = SECRET

    @property
    def base_url(self) -> str:
        """Where it is told."""
        return f"{super().base_url}/hook"

    def add_routes(self, router: web.UrlDispatcher) -> None:
        """Add the one endpoint."""
        router.add_post("/hook", self._told)

    def refusal(self, fault: Fault) -> web.Response:
        """Answer with the fault's status."""
        if fault.kind == FaultKind.RATE_LIMIT:
            seconds = str(max(math.ceil(fault.retry_after_s), 1))
            return web.Response(status=429, headers={"Retry-After": seconds})
        if fault.kind == FaultKind.SERVER_ERROR:
            return web.Response(status=fault.status)
        return web.Response(status=int(fault.code or 410))

    async def _told(self, request: web.Request) -> web.StreamResponse:
        raw = await request.read()
        if not self._is_signed(request, raw):
            return web.Response(status=401)
        try:
            body = orjson.loads(raw)
            offer = Offer(
                to=request.path,
                thread=None,
                text=orjson.dumps(body["data"]).decode(),
                key=request.headers["webhook-id"],
                raw={"body": raw.decode(), "headers": dict(request.headers), "type": body["type"]},
            )
        except (KeyError, ValueError):
            return web.Response(status=400)
        return await self.settle(request, offer, lambda _: web.Response(status=202))

    def _is_signed(self, request: web.Request, raw: bytes) -> bool:
        try:
            message_id = request.headers["webhook-id"]
            timestamp = int(request.headers["webhook-timestamp"])
            given = request.headers["webhook-signature"].split()
        except (KeyError, ValueError):
            return False
        key = base64.b64decode(self.secret.removeprefix("whsec_"))
        content = f"{message_id}.{timestamp}.".encode() + raw
        digest = hmac.new(key, content, hashlib.sha256).digest()
        expected = "v1," + base64.b64encode(digest).decode()
        return abs(time.time() - timestamp) < _TOLERANCE_S and expected in given


if __name__ == "__main__":
    main(FakeWebhook, __doc__)
