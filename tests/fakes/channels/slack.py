"""A Slack that speaks the Web API as far as messages need it, and is as strict.

https://docs.slack.dev/reference/methods. `base_url` is what `channels.slack.apiRoot` is set to.
Faults of kind PERMANENT take Slack's error words (`is_archived`, `token_revoked`).
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Mapping
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

TOKEN: Final = "xoxb-slack-bot-token"
MAX_TEXT: Final = 40_000
Fields = dict[str, Any]
Method = Callable[[web.Request, Fields], Awaitable[web.StreamResponse]]


class Refused(Exception):
    """Answered with one of Slack's errors."""


class FakeSlack(FakePlatform):
    """`channels` are names by id, `users` those a direct conversation can be opened with."""

    def __init__(self, port: int = 0) -> None:
        super().__init__(port)
        self.token = TOKEN
        self.channels = {"C00000001": "general", "C00000002": "random", "G00000001": "secrets"}
        self.users = {"U00000001"}
        self.direct: set[str] = set()
        self.files: dict[str, Upload] = {}
        self.edits: list[tuple[str, str, str]] = []
        self.asked: list[str] = []
        self.page = 2
        self._methods: dict[str, Method] = {
            "chat.postMessage": self._post_message,
            "chat.update": self._update,
            "conversations.open": self._open,
            "conversations.list": self._list,
            "conversations.history": self._history,
            "conversations.replies": self._history,
            "files.getUploadURLExternal": self._upload_url,
            "files.completeUploadExternal": self._complete,
        }

    @property
    def base_url(self) -> str:
        """Root of the Web API."""
        return f"{super().base_url}/api"

    def add_routes(self, router: web.UrlDispatcher) -> None:
        """Add the methods and the place for uploads."""
        router.add_route("*", "/api/{method}", self._call)
        router.add_post("/upload/v1/{file}", self._take_upload)

    def refusal(self, fault: Fault) -> web.Response:
        """Return Slack's words for a fault."""
        if fault.kind == FaultKind.RATE_LIMIT:
            seconds = str(max(math.ceil(fault.retry_after_s), 1))
            return _error("ratelimited", 429, {"Retry-After": seconds})
        if fault.kind == FaultKind.SERVER_ERROR:
            page = "<html>upstream error</html>"
            return web.Response(status=fault.status, text=page, content_type="text/html")
        return _error(fault.code or "channel_not_found")

    async def _call(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["method"]
        self.asked.append(name)
        try:
            if request.headers.get("Authorization") != f"Bearer {self.token}":
                raise Refused("invalid_auth")
            method = self._methods.get(name)
            if method is None:
                raise Refused("unknown_method")
            return await method(request, await _fields(request))
        except Refused as refused:
            return _error(str(refused))

    async def _post_message(self, request: web.Request, fields: Fields) -> web.StreamResponse:
        channel = self._channel(fields.get("channel"))
        text = fields.get("text", "")
        if not text.strip():
            raise Refused("no_text")
        if len(text) > MAX_TEXT:
            raise Refused("msg_too_long")
        metadata = fields.get("metadata")
        if metadata is not None and not {"event_type", "event_payload"} <= metadata.keys():
            raise Refused("invalid_metadata_format")
        offer = Offer(channel, fields.get("thread_ts"), text, _key(fields), fields)

        def answer(taken: Accepted) -> web.Response:
            said = {"channel": channel, "ts": _ts(taken), "message": {"text": text}}
            return json_response({"ok": True, **said})

        return await self.settle(request, offer, answer)

    async def _update(self, request: web.Request, fields: Fields) -> web.Response:
        channel, ts = self._channel(fields.get("channel")), fields.get("ts")
        if ts not in {_ts(taken) for taken in self.accepted}:
            raise Refused("message_not_found")
        self.edits.append((channel, str(ts), fields["text"]))
        return json_response({"ok": True, "channel": channel, "ts": ts, "text": fields["text"]})

    async def _open(self, request: web.Request, fields: Fields) -> web.Response:
        user = str(fields.get("users", ""))
        if user not in self.users:
            raise Refused("user_not_found")
        self.direct.add(f"D{user[1:]}")
        return json_response({"ok": True, "channel": {"id": f"D{user[1:]}"}})

    async def _list(self, request: web.Request, fields: Fields) -> web.Response:
        start = int(fields.get("cursor") or 0)
        size = min(int(fields.get("limit", 100)), self.page)
        known = list(self.channels.items())
        after = str(start + size) if start + size < len(known) else ""
        page = [{"id": key, "name": name} for key, name in known[start : start + size]]
        return json_response(
            {"ok": True, "channels": page, "response_metadata": {"next_cursor": after}}
        )

    async def _history(self, request: web.Request, fields: Fields) -> web.Response:
        channel, thread = self._channel(fields.get("channel")), fields.get("ts")
        told = fields.get("include_all_metadata") in (True, "1", "true")
        found = [
            {
                "ts": _ts(taken),
                "text": taken.text,
                "files": [{"id": upload.field} for upload in taken.uploads],
                **({"metadata": taken.raw.get("metadata")} if told else {}),
            }
            for taken in self.accepted
            if (taken.to, taken.thread) == (channel, thread)
        ]
        if thread is None:
            found.reverse()
        start, limit = int(fields.get("cursor") or 0), int(fields["limit"])
        after = str(start + limit) if start + limit < len(found) else ""
        return json_response(
            {
                "ok": True,
                "messages": found[start : start + limit],
                "response_metadata": {"next_cursor": after},
            }
        )

    async def _upload_url(self, request: web.Request, fields: Fields) -> web.Response:
        if int(fields.get("length", 0)) <= 0 or not fields.get("filename"):
            raise Refused("invalid_arguments")
        file = f"F{len(self.files) + 1:08}"
        self.files[file] = Upload(file, str(fields["filename"]), "", b"")
        url = f"http://127.0.0.1:{self.port}/upload/v1/{file}"
        return json_response({"ok": True, "file_id": file, "upload_url": url})

    async def _take_upload(self, request: web.Request) -> web.Response:
        file = request.match_info["file"]
        known = self.files[file]
        self.files[file] = Upload(file, known.filename, "", await request.read())
        return web.Response(text=f"OK - {len(self.files[file].data)}")

    async def _complete(self, request: web.Request, fields: Fields) -> web.StreamResponse:
        channel = self._channel(fields.get("channel_id"))
        files = orjson.loads(fields["files"])
        uploads = tuple(self.files[file["id"]] for file in files if file["id"] in self.files)
        if len(uploads) != len(files) or not all(upload.data for upload in uploads):
            raise Refused("file_not_found")
        comment = fields.get("initial_comment", "")
        offer = Offer(channel, fields.get("thread_ts"), comment, None, fields, uploads)
        return await self.settle(
            request, offer, lambda _: json_response({"ok": True, "files": files})
        )

    def _channel(self, channel: Any) -> str:
        if channel not in self.channels and channel not in self.direct:
            raise Refused("channel_not_found")
        return str(channel)


async def _fields(request: web.Request) -> Fields:
    fields: Fields = dict(request.query)
    raw = await request.read()
    if request.content_type == "application/json" and raw:
        fields |= orjson.loads(raw)
    elif raw:
        fields |= dict(await request.post())
    return fields


def _key(fields: Mapping[str, Any]) -> str | None:
    payload = (fields.get("metadata") or {}).get("event_payload") or {}
    key = payload.get("send_key")
    return str(key) if key else None


def _ts(taken: Accepted) -> str:
    return f"1700000000.{taken.number:06}"


def _error(error: str, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    return json_response({"ok": False, "error": error}, status, headers)


if __name__ == "__main__":
    main(FakeSlack, __doc__)
