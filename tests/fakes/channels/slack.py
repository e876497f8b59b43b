"""A Slack that speaks the Web API as far as messages need it, and is as strict.

https://docs.slack.dev/reference/methods. `base_url` is what `channels.slack.apiRoot` is set to.
Faults of kind PERMANENT take Slack's error words (`is_archived`, `token_revoked`).

    slack.posts.url = f"{gateway}/slack/events"     # or let the gateway open a socket
    await slack.write("Hello <@UBOT00001>")
    await slack.posts.settled()
"""

from __future__ import annotations

import math
import time
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
from tests.fakes.channels.slack_events import Posts, Sockets

TOKEN: Final = "xoxb-slack-bot-token"
APP_TOKEN: Final = "xapp-slack-app-token"
BOT: Final = "UBOT00001"
APP: Final = "A00000001"
TEAM: Final = "T00000001"
SCOPES: Final = (
    "chat:write,app_mentions:read,channels:history,groups:history,im:history,mpim:history,"
    "im:write,files:read,files:write,commands"
)
MAX_TEXT: Final = 40_000
_CHANNEL_TYPES: Final = {"C": "channel", "D": "im", "G": "mpim"}
Fields = dict[str, Any]
Method = Callable[[web.Request, Fields], Awaitable[web.StreamResponse]]


class Refused(Exception):
    """Answered with one of Slack's errors."""


class FakeSlack(FakePlatform):
    """`channels` are names by id, `users` those a direct conversation can be opened with.

    `posts` and `sockets` tell the app of what happens; `hooks` are the URLs of commands that take
    answers, with how many more; `shared` are files by name.
    """

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
        self.posts, self.sockets = Posts(), Sockets()
        self.app_token = APP_TOKEN
        self.scopes = SCOPES
        self.hooks: dict[str, int] = {}
        self.shared: dict[str, bytes] = {}
        self._number = 0
        self._methods: dict[str, Method] = {
            "chat.postMessage": self._post_message,
            "chat.update": self._update,
            "conversations.open": self._open,
            "conversations.list": self._list,
            "conversations.history": self._history,
            "conversations.replies": self._history,
            "files.getUploadURLExternal": self._upload_url,
            "files.completeUploadExternal": self._complete,
            "auth.test": self._auth_test,
        }

    @property
    def base_url(self) -> str:
        """Root of the Web API."""
        return f"{super().base_url}/api"

    def add_routes(self, router: web.UrlDispatcher) -> None:
        """Add the methods and the place for uploads."""
        router.add_route("*", "/api/{method}", self._call)
        router.add_post("/upload/v1/{file}", self._take_upload)
        router.add_get("/files-pri/{file}", self._file)
        router.add_get("/socket", self.sockets.handle)
        router.add_post("/hooks/{path:.+}", self._answer_hook)

    @property
    def hooks_root(self) -> str:
        """What `channels.slack.hooksRoot` is set to."""
        return f"{super().base_url}/hooks"

    async def __aexit__(self, *_: object) -> None:
        await self.posts.close()
        await self.sockets.drop()
        await super().__aexit__(*_)

    async def write(
        self, text: str, channel: str = "C00000001", user: str = "U00000001", **fields: Any
    ) -> dict[str, Any]:
        """Let somebody write a message, and return it; one that mentions the app comes twice."""
        said = {
            "type": "message",
            "channel": channel,
            "channel_type": _CHANNEL_TYPES.get(channel[0], "channel"),
            "user": user,
            "text": text,
            "ts": self.timestamp(),
            "team": TEAM,
            **fields,
        }
        await self.tell(said)
        if f"<@{BOT}>" in text and channel[0] != "D":
            mention = {k: v for k, v in said.items() if k != "channel_type"}
            await self.tell({**mention, "type": "app_mention"})
        return said

    async def tell(self, event: dict[str, Any]) -> None:
        """Tell the app of an event."""
        self._number += 1
        outer = {
            "type": "event_callback",
            "token": "verification-token",
            "team_id": TEAM,
            "api_app_id": APP,
            "event": event,
            "event_id": f"Ev{self._number:08}",
            "event_time": int(time.time()),
            "authorizations": [{"team_id": TEAM, "user_id": BOT, "is_bot": True}],
        }
        if self.posts.url is not None:
            self.posts.event(outer, str(event.get("channel")))
        else:
            await self.sockets.send("events_api", outer)

    def command(
        self,
        command: str,
        text: str,
        channel: str = "C00000001",
        user: str = "U00000001",
        answers: int = 5,
    ) -> dict[str, str]:
        """Return the form of a slash command, whose URL takes so many answers."""
        self._number += 1
        path = f"commands/{TEAM}/{self._number}/secret"
        self.hooks[path] = answers
        return {
            "token": "verification-token",
            "team_id": TEAM,
            "team_domain": "claw",
            "channel_id": channel,
            "channel_name": self.channels.get(channel, "directmessage"),
            "user_id": user,
            "user_name": "ann",
            "command": command,
            "text": text,
            "api_app_id": APP,
            "response_url": f"{self.hooks_root}/{path}",
            "trigger_id": f"{self._number}.trigger",
        }

    def timestamp(self) -> str:
        """Return the `ts` of a new message; later ones are greater."""
        self._number += 1
        return f"{int(time.time())}.{self._number:06}"

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
            if name == "apps.connections.open":
                return self._open_socket(request)
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

    def _open_socket(self, request: web.Request) -> web.Response:
        if request.headers.get("Authorization") != f"Bearer {self.app_token}":
            raise Refused("invalid_auth")
        ticket = f"ticket-{len(self.sockets.tickets)}-{self.sockets.connections}"
        self.sockets.tickets.add(ticket)
        url = f"ws://127.0.0.1:{self.port}/socket?ticket={ticket}"
        return json_response({"ok": True, "url": url})

    async def _auth_test(self, request: web.Request, fields: Fields) -> web.Response:
        said = {"ok": True, "team": "claw", "team_id": TEAM, "user": "claw", "user_id": BOT}
        return json_response(said, headers={"x-oauth-scopes": self.scopes})

    async def _answer_hook(self, request: web.Request) -> web.StreamResponse:
        path = request.match_info["path"]
        body = orjson.loads(await request.read())
        left = self.hooks.get(path, 0)
        if left <= 0:
            return json_response({"ok": False, "error": "used_url"}, 404)
        self.hooks[path] = left - 1
        offer = Offer(f"hook:{path}", None, body["text"], None, body)
        return await self.settle(request, offer, lambda _: web.Response(text="ok"))

    async def _file(self, request: web.Request) -> web.Response:
        if request.headers.get("Authorization") != f"Bearer {self.token}":
            return web.Response(status=302, headers={"Location": "/login"})
        data = self.shared.get(request.match_info["file"])
        if data is None:
            return web.Response(status=404)
        return web.Response(body=data, content_type="image/png")

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
