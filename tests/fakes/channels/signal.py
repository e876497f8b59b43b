"""signal-cli as a daemon over HTTP, and bbernhard's REST container, as far as messages need them.

`base_url` is what `channels.signal.transport.url` is set to. Faults of kind PERMANENT take a key of
`ERRORS`, `unregistered` by default.

    await signal.say("Hello")                       # told on every stream, or to `feed.webhook`
    await signal.feed.push(envelope(...))

`POST /_say` does the former from another process, with `{"text": "Hello", "group": null}`.

`python -m tests.fakes.channels.signal --port N` runs the
daemon, `python -m tests.fakes.channels.signal_container` the container.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from typing import Any, Final

import orjson
from aiohttp import web

from tests.fakes.channels.platform import (
    Accepted,
    FakePlatform,
    Fault,
    FaultKind,
    Offer,
    Upload,
    json_response,
    main,
)
from tests.fakes.channels.signal_feed import EPOCH_MS, Feed
from tests.fakes.channels.signal_people import ADA, ADA_ID, data, envelope, group_info

ACCOUNT: Final = "+15550001111"
STYLE: Final = re.compile(r"(\d+):(\d+):(BOLD|ITALIC|STRIKETHROUGH|MONOSPACE|SPOILER)\Z")
_DATA_URI: Final = re.compile(r"data:([^;,]+);filename=([^;,]+);base64,(.+)\Z", re.S)
_RECIPIENT: Final = re.compile(
    r"\+\d+\Z|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z|u:\w+\.\d+\Z"
)
ERRORS: Final[Mapping[str, tuple[int, str, str | None]]] = {
    "unregistered": (-1, "Failed to send message", "UNREGISTERED_FAILURE"),
    "group": (-1, "Group not found: AAAA", None),
    "untrusted": (-4, "Failed to send message due to untrusted identities", "IDENTITY_FAILURE"),
    "network": (-1, "Failed to send message", "NETWORK_FAILURE"),
    "account": (-32602, "Specified account does not exist", None),
    "revoked": (-32603, "Failed to send message: [401] Authorization failed! (IOException)", None),
    "parameters": (-32602, "Invalid params", None),
}
"""JSON-RPC code, message, and the type of each recipient's result."""


class FakeSignal(FakePlatform):
    """The daemon. `violations` is what a well-made client never sends."""

    def __init__(self, port: int = 0) -> None:
        super().__init__(port)
        self.account = ACCOUNT
        self.typing: list[str] = []
        self.violations: list[str] = []
        self.feed = Feed(self.account)
        self.files: dict[str, bytes] = {}
        self.identities: list[dict[str, Any]] = []

    async def say(
        self,
        text: str,
        number: str | None = ADA,
        uuid: str | None = ADA_ID,
        group: str | None = None,
        **fields: Any,
    ) -> int:
        """Let somebody write a message, and return its timestamp."""
        at = self.feed.tick()
        place = {"groupInfo": group_info(group)} if group else {}
        said = data(at, text or None, **place, **fields)
        await self.feed.push(envelope(at, number, uuid, dataMessage=said))
        return at

    async def __aexit__(self, *_: object) -> None:
        self.feed.hang_up()
        await super().__aexit__(*_)

    async def take_say(self, request: web.Request) -> web.Response:
        """Answer the test's own `POST /_say`."""
        body = orjson.loads(await request.read())
        return json_response({"timestamp": await self.say(**body)})

    def add_routes(self, router: web.UrlDispatcher) -> None:
        """Add the daemon's endpoints, and the test's own."""
        router.add_post("/_say", self.take_say)
        router.add_get("/api/v1/events", self.feed.sse)
        router.add_post("/api/v1/rpc", self._rpc)
        router.add_get("/api/v1/check", self._check)

    def refusal(self, fault: Fault) -> web.Response:
        """Return a JSON-RPC error, which is an HTTP 200, or a server's error."""
        if fault.kind == FaultKind.SERVER_ERROR:
            return web.Response(status=fault.status)
        if fault.kind == FaultKind.RATE_LIMIT:
            text = "Failed to send message due to rate limiting"
            result = {"type": "RATE_LIMIT_FAILURE", "retryAfterSeconds": fault.retry_after_s}
            return rpc_error(-5, text, {**result, "token": "challenge"})
        code, text, kind = ERRORS[fault.code or "unregistered"]
        return rpc_error(code, text, {"type": kind} if kind else None)

    async def _check(self, _: web.Request) -> web.Response:
        return web.Response()

    async def _rpc(self, request: web.Request) -> web.StreamResponse:
        if request.content_type != "application/json":
            return web.Response(status=415)
        call = orjson.loads(await request.read())
        params = call["params"]
        if params.get("account") not in (None, self.account):
            return rpc_error(-32602, "Specified account does not exist", None)
        if (told := self._told(call["method"], params)) is not None:
            return told
        to = self._to(params)
        if to is None:
            return rpc_error(-1, "No recipients given", None)
        if call["method"] == "sendTyping":
            self.typing.append(to)
            return _result({"timestamp": EPOCH_MS, "results": []})
        if call["method"] != "send":
            return rpc_error(-32601, "Method not implemented", None)
        text = params.get("message", "")
        uploads = tuple(map(read_data_uri, params.get("attachments", ())))
        if not text and not uploads:
            return rpc_error(-1, "Sending empty message is not allowed", None)
        if "quoteTimestamp" in params and "quoteAuthor" not in params:
            return rpc_error(-1, "Quote author parameter is missing", None)
        for style in params.get("textStyle", ()):
            self.check_style(style, text)
        offer = Offer(to, None, text, raw=params, uploads=uploads)
        return await self.settle(request, offer, self._sent)

    def _told(self, method: str, params: Mapping[str, Any]) -> web.Response | None:
        """Answer a method that sends nothing, None for those that do."""
        if method == "listIdentities":
            return _result(self.identities)
        if method != "getAttachment":
            return None
        if params["id"] not in self.files:
            return rpc_error(-1, f"Could not find attachment with ID: {params['id']}", None)
        return _result({"data": base64.b64encode(self.files[params["id"]]).decode()})

    def _to(self, params: Mapping[str, Any]) -> str | None:
        if "groupId" in params:
            return f"group:{params['groupId']}"
        if "username" in params:
            return f"username:{params['username'][0]}"
        (recipient,) = params.get("recipient", (None,))
        if recipient is not None and not _RECIPIENT.match(recipient):
            self.violations.append(f"recipient {recipient}")
        return recipient

    def check_style(self, style: str, text: str) -> None:
        """Note a style that does not fit the text (UTF-16 units)."""
        found = STYLE.match(style)
        raw = text.encode("utf-16-le")
        if found is None or (int(found[1]) + int(found[2])) * 2 > len(raw) or found[2] == "0":
            self.violations.append(f"style {style} in {text[:50]!r}")
            return
        start, end = int(found[1]), int(found[1]) + int(found[2])
        for piece in (raw[: start * 2], raw[start * 2 : end * 2]):
            if "\ufffd" in piece.decode("utf-16-le", "replace") and "\ufffd" not in text:
                self.violations.append(f"style {style} cuts a surrogate pair")

    def _sent(self, accepted: Accepted) -> web.Response:
        result = {"recipientAddress": {"number": accepted.to}, "type": "SUCCESS"}
        return _result({"timestamp": EPOCH_MS + accepted.number, "results": [result]})


def read_data_uri(uri: str) -> Upload:
    """Return the file of a data URI; raises ValueError for anything else."""
    found = _DATA_URI.match(uri)
    if found is None:
        raise ValueError("no data URI")
    return Upload("attachment", found[2], found[1], base64.b64decode(found[3], validate=True))


def rpc_error(code: int, message: str, result: Mapping[str, Any] | None) -> web.Response:
    """Return a JSON-RPC error with one recipient's result."""
    data = {"response": {"timestamp": EPOCH_MS, "results": [result]}} if result else None
    error = {"code": code, "message": message, "data": data}
    return json_response({"jsonrpc": "2.0", "error": error, "id": "1"})


def _result(result: Any) -> web.Response:
    return json_response({"jsonrpc": "2.0", "result": result, "id": "1"})


if __name__ == "__main__":
    main(FakeSignal, __doc__)
