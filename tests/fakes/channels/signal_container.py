"""The REST container of signal-cli, as far as messages need it; see `signal` beside it."""

from __future__ import annotations

import base64
import re
from typing import Final

import orjson
from aiohttp import web

from tests.fakes.channels.platform import (
    Accepted,
    Fault,
    FaultKind,
    Offer,
    json_response,
    main,
)
from tests.fakes.channels.signal import ERRORS, FakeSignal, read_data_uri
from tests.fakes.channels.signal_feed import EPOCH_MS

_TOKENS: Final = re.compile(r"\\(\*{1,3}|\|\||[~`])|\\([*`|~])|(\*{1,3}|\|\||[~`])", re.S)
_NAMES: Final = {
    "*": ("ITALIC",),
    "**": ("BOLD",),
    "***": ("BOLD", "ITALIC"),
    "||": ("SPOILER",),
    "~": ("STRIKETHROUGH",),
    "`": ("MONOSPACE",),
}


class FakeSignalContainer(FakeSignal):
    """The container: `accepted` holds texts without markup, their styles in `raw["styles"]`."""

    def __init__(self, port: int = 0) -> None:
        super().__init__(port)
        self.mode = "json-rpc"

    def add_routes(self, router: web.UrlDispatcher) -> None:
        """Add the container's endpoints, and the test's own."""
        router.add_post("/_say", self.take_say)
        router.add_get("/v1/receive/{number}", self._receive)
        router.add_get("/v1/attachments/{file}", self._file)
        router.add_get("/v1/accounts", self._accounts)
        router.add_get("/v1/identities/{number}", self._identities)
        router.add_post("/v2/send", self._send)
        router.add_put("/v1/typing-indicator/{number}", self._typing)
        router.add_get("/v1/about", self._about)

    def refusal(self, fault: Fault) -> web.Response:
        """Return 429 for a rate limit, 400 for what signal-cli refuses, or a server's error."""
        if fault.kind == FaultKind.SERVER_ERROR:
            return web.Response(status=fault.status)
        if fault.kind == FaultKind.RATE_LIMIT:
            text = "Failed to send message due to rate limiting. Use the attached challenge tokens"
            body = {"error": text, "challenge_tokens": ["challenge"], "account": self.account}
            return json_response(body, 429)
        _, text, _ = ERRORS[fault.code or "group"]
        return json_response({"error": text, "account": self.account}, 400)

    async def _about(self, _: web.Request) -> web.Response:
        return json_response({"mode": self.mode, "versions": ["v1", "v2"]})

    async def _receive(self, request: web.Request) -> web.StreamResponse:
        if self.mode != "json-rpc":
            self.violations.append("a stream was asked of a container that does not stream")
            return json_response([])
        if request.match_info["number"] != self.account:
            # It streams for any number, and tells nothing.
            self.violations.append("another number was asked for")
        return await self.feed.ws(request)

    async def _file(self, request: web.Request) -> web.Response:
        file = request.match_info["file"]
        if file not in self.files:
            return json_response({"error": "No attachment with that name found"}, 404)
        return web.Response(body=self.files[file], content_type="image/png")

    async def _accounts(self, _: web.Request) -> web.Response:
        return json_response([self.account])

    async def _identities(self, _: web.Request) -> web.Response:
        names = ("number", "uuid")
        shown = [
            {**{name: item[name] for name in names}, "status": item["trustLevel"]}
            for item in self.identities
        ]
        return json_response(shown)

    async def _typing(self, request: web.Request) -> web.Response:
        if request.match_info["number"] != self.account:
            return json_response({"error": "Specified account does not exist"}, 400)
        self.typing.append(_internal(orjson.loads(await request.read())["recipient"]))
        return web.Response(status=204)

    async def _send(self, request: web.Request) -> web.StreamResponse:
        body = orjson.loads(await request.read())
        if body.get("number") != self.account:
            return json_response({"error": "Specified account does not exist"}, 400)
        if not body.get("recipients"):
            text = "Couldn't process request - please provide at least one recipient"
            return json_response({"error": text}, 400)
        text, styles = body.get("message", ""), []
        if body.get("text_mode") == "styled":
            text, styles = parse_styled(text)
        for style in styles:
            self.check_style(style, text)
        uploads = tuple(map(read_data_uri, body.get("base64_attachments", ())))
        to = _internal(body["recipients"][0])
        offer = Offer(to, None, text, raw={**body, "styles": styles}, uploads=uploads)
        return await self.settle(request, offer, self._answer)

    def _answer(self, accepted: Accepted) -> web.Response:
        return json_response({"timestamp": str(EPOCH_MS + accepted.number)}, 201)


def parse_styled(source: str) -> tuple[str, list[str]]:
    """Return text and styles of the container's markup.

    A marker that is opened and not closed is dropped. After a backslash a marker is text, and takes
    as many stars or bars as stand there.
    """
    text, styles, opened, last = "", [], [], 0
    for found in _TOKENS.finditer(source):
        text += source[last : found.start()]
        last = found.end()
        escaped = found[1] or found[2]
        if escaped:
            text += escaped
            continue
        marker, here = found[3], len(text.encode("utf-16-le")) // 2
        if opened and opened[-1][0] == marker:
            start = opened.pop()[1]
            styles += [f"{start}:{here - start}:{name}" for name in _NAMES[marker]]
        else:
            opened.append((marker, here))
    return text + source[last:], styles


def _internal(recipient: str) -> str:
    if not recipient.startswith("group."):
        return recipient
    return "group:" + base64.b64decode(recipient.removeprefix("group.")).decode()


if __name__ == "__main__":
    main(FakeSignalContainer, __doc__)
