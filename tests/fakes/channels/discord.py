"""A Discord that speaks REST v10 as far as messages need it, and is as strict.

https://docs.discord.com/developers/resources/message and …/topics/rate-limits. `base_url` is what
`channels.discord.apiRoot` is set to. Faults of kind PERMANENT take Discord's JSON error codes
(`50007`), or `401` for a revoked token.
"""

from __future__ import annotations

import math
import time
from collections import defaultdict, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, ClassVar, Final

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

TOKEN: Final = "discord-bot-token"
BOT_ID: Final = "900"
TEXT, FORUM = 0, 15

_ERRORS: Final = {
    0: (400, "400: Bad Request"),
    401: (401, "401: Unauthorized"),
    10003: (404, "Unknown Channel"),
    10008: (404, "Unknown Message"),
    10013: (404, "Unknown User"),
    10015: (404, "Unknown Webhook"),
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


@dataclass
class Place:
    """A channel: `kind` is Discord's channel type."""

    id: str
    name: str
    guild: str | None = "1"
    kind: int = TEXT
    parent: str | None = None


@dataclass
class Window:
    """How often one channel may be sent to: `limit` times in `seconds`."""

    limit: int = 1_000_000
    seconds: float = 5.0
    sent: dict[str, deque[float]] = field(default_factory=lambda: defaultdict(deque))

    def enter(self, channel: str) -> tuple[int, float]:
        """Return how many are left and when the window ends; fewer than 0 is a refusal."""
        times, now = self.sent[channel], time.monotonic()
        if times and now - times[0] >= self.seconds:
            times.clear()
        reset = self.seconds - (now - times[0]) if times else self.seconds
        if len(times) >= self.limit:
            return -1, reset
        times.append(now)
        return self.limit - len(times), reset


class FakeDiscord(FakePlatform):
    """`places` are the channels by id, `direct` users' direct channels, `interactions` tokens."""

    idempotent: ClassVar[bool] = True

    def __init__(self, port: int = 0) -> None:
        super().__init__(port)
        self.token = TOKEN
        self.places = {
            "100": Place("100", "general"),
            "101": Place("101", "random"),
            "103": Place("103", "dev-notifications"),
            "102": Place("102", "random", guild="2"),
            "200": Place("200", "ideas", kind=FORUM),
        }
        self.users = {"42"}
        self.closed_users: set[str] = set()
        self.interactions = {"token-of-interaction"}
        self.window = Window()
        self.upload_limit = 10 * 1024 * 1024
        self.edits: list[tuple[str, str, str]] = []
        self.typing: list[str] = []
        self.asked: list[str] = []

    @property
    def base_url(self) -> str:
        """Root of the API's version 10."""
        return f"{super().base_url}/api/v10"

    def add_routes(self, router: web.UrlDispatcher) -> None:
        """Add the endpoints that messages need."""
        root = "/api/v10"
        add = partial(self._add, router)
        add("POST", f"{root}/channels/{{channel}}/messages", self._message)
        add("PATCH", f"{root}/channels/{{channel}}/messages/{{message}}", self._edit)
        add("POST", f"{root}/channels/{{channel}}/threads", self._thread)
        add("POST", f"{root}/channels/{{channel}}/typing", self._typing)
        add("GET", f"{root}/channels/{{channel}}", self._channel)
        add("POST", f"{root}/users/@me/channels", self._open)
        add("GET", f"{root}/users/@me/guilds", self._guilds)
        add("GET", f"{root}/guilds/{{guild}}/channels", self._guild_channels)
        add("GET", f"{root}/guilds/{{guild}}/threads/active", self._active)
        add("PATCH", f"{root}/webhooks/{{app}}/{{token}}/messages/{{message}}", self._answer_hook)
        add("POST", f"{root}/webhooks/{{app}}/{{token}}", self._answer_hook)

    def _add(self, router: web.UrlDispatcher, method: str, path: str, handler: Any) -> None:
        async def checked(request: web.Request) -> web.StreamResponse:
            self.asked.append(f"{request.method} {request.path}")
            try:
                if not request.headers.get("User-Agent", "").startswith("DiscordBot ("):
                    return web.Response(status=403, text="error code: 1010")
                known = request.headers.get("Authorization") == f"Bot {self.token}"
                if not known and "/webhooks/" not in path:
                    raise Refused(401)
                answer: web.StreamResponse = await handler(request)
            except Refused as refused:
                return _error(refused.code)
            return answer

        router.add_route(method, path, checked)

    def refusal(self, fault: Fault) -> web.Response:
        """Return Discord's words for a fault."""
        if fault.kind == FaultKind.RATE_LIMIT:
            return _rate_limited(fault.retry_after_s, everything=fault.account_wide)
        if fault.kind == FaultKind.SERVER_ERROR:
            return web.Response(status=fault.status, text="<html>upstream error</html>")
        return _error(int(fault.code or 50013))

    async def _message(self, request: web.Request) -> web.StreamResponse:
        place = self._place(request)
        body, uploads = await self._body(request)
        _check_content(body, uploads)
        if place.kind == FORUM:
            raise Refused(40058)
        left, reset = self.window.enter(place.id)
        if left < 0:
            return _rate_limited(reset)
        nonce = body.get("nonce")
        if nonce is not None and len(str(nonce)) > 25:
            raise Refused(50035)
        offer = Offer(
            to=place.id,
            thread=None,
            text=body.get("content", ""),
            key=str(nonce) if body.get("enforce_nonce") and nonce is not None else None,
            raw=body,
            uploads=uploads,
        )
        headers = {
            "X-RateLimit-Limit": str(self.window.limit),
            "X-RateLimit-Remaining": str(left),
            "X-RateLimit-Reset-After": f"{reset:.3f}",
            "X-RateLimit-Bucket": "messages",
        }
        return await self.settle(
            request, offer, lambda taken: json_response(_shown(taken), headers=headers)
        )

    async def _thread(self, request: web.Request) -> web.StreamResponse:
        forum = self._place(request)
        body, uploads = await self._body(request)
        message = body.get("message")
        if forum.kind != FORUM or not isinstance(message, dict):
            raise Refused(50035)
        if not 1 <= len(body.get("name", "")) <= 100:
            raise Refused(50035)
        _check_content(message, uploads)
        offer = Offer(forum.id, body["name"], message.get("content", ""), None, body, uploads)

        def created(taken: Accepted) -> web.Response:
            thread = Place(_message_id(taken), body["name"], forum.guild, 11, forum.id)
            self.places[thread.id] = thread
            return json_response(
                {"id": thread.id, "name": thread.name, "message": _shown(taken)}, 201
            )

        return await self.settle(request, offer, created)

    async def _edit(self, request: web.Request) -> web.StreamResponse:
        place = self._place(request)
        body, _ = await self._body(request)
        _check_content(body, ())
        message = request.match_info["message"]
        if message not in {_message_id(taken) for taken in self.accepted}:
            raise Refused(10008)
        self.edits.append((place.id, message, body["content"]))
        return json_response({"id": message, "content": body["content"]})

    async def _answer_hook(self, request: web.Request) -> web.StreamResponse:
        if request.match_info["token"] not in self.interactions:
            raise Refused(50027)
        body, uploads = await self._body(request)
        _check_content(body, uploads)
        app = request.match_info["app"]
        thread = request.match_info.get("message")
        offer = Offer(f"interaction:{app}", thread, body.get("content", ""), None, body, uploads)
        return await self.settle(request, offer, lambda taken: json_response(_shown(taken)))

    async def _typing(self, request: web.Request) -> web.Response:
        self.typing.append(self._place(request).id)
        return web.Response(status=204)

    async def _channel(self, request: web.Request) -> web.Response:
        return json_response(_described(self._place(request)))

    async def _open(self, request: web.Request) -> web.Response:
        user = str(orjson.loads(await request.read()).get("recipient_id"))
        if user not in self.users:
            raise Refused(10013)
        place = Place(f"7{user}", "", None, 1)
        self.places[place.id] = place
        return json_response(_described(place))

    async def _guilds(self, request: web.Request) -> web.Response:
        known = sorted({p.guild for p in self.places.values() if p.guild}, key=int)
        after = int(request.query.get("after", 0))
        limit = int(request.query.get("limit", 200))
        return json_response([{"id": g} for g in known if int(g) > after][:limit])

    async def _guild_channels(self, request: web.Request) -> web.Response:
        guild = request.match_info["guild"]
        found = [p for p in self.places.values() if p.guild == guild and p.parent is None]
        return json_response([_described(place) for place in found])

    async def _active(self, request: web.Request) -> web.Response:
        guild = request.match_info["guild"]
        found = [p for p in self.places.values() if p.guild == guild and p.parent]
        return json_response({"threads": [_described(p) for p in found], "members": []})

    def _place(self, request: web.Request) -> Place:
        place = self.places.get(request.match_info["channel"])
        if place is None:
            raise Refused(10003)
        if place.id.removeprefix("7") in self.closed_users:
            raise Refused(50007)
        return place

    async def _body(self, request: web.Request) -> tuple[dict[str, Any], tuple[Upload, ...]]:
        if request.content_type != "multipart/form-data":
            return orjson.loads(await request.read()), ()
        form = await request.post()
        body: dict[str, Any] = orjson.loads(_bytes(form["payload_json"]))
        uploads = tuple(
            Upload(name, value.filename, value.content_type, value.file.read())
            for name, value in form.items()
            if isinstance(value, web.FileField)
        )
        if sum(len(upload.data) for upload in uploads) > self.upload_limit:
            raise Refused(40005)
        return body, uploads


def _check_content(body: Mapping[str, Any], uploads: tuple[Upload, ...]) -> None:
    text = body.get("content", "")
    if len(text) > 2000 or not (text.strip() or uploads):
        raise Refused(50035)
    if uploads and len(body.get("attachments", ())) != len(uploads):
        raise Refused(50035)


def _bytes(value: Any) -> bytes:
    return value.encode() if isinstance(value, str) else bytes(value)


def _error(code: int) -> web.Response:
    status, message = _ERRORS[code]
    return json_response({"message": message, "code": 0 if code == 401 else code}, status)


def _rate_limited(seconds: float, *, everything: bool = False) -> web.Response:
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


def _message_id(taken: Accepted) -> str:
    return str(1_000_000 + taken.number)


def _shown(taken: Accepted) -> dict[str, Any]:
    return {
        "id": _message_id(taken),
        "channel_id": taken.to,
        "content": taken.text,
        "author": {"id": BOT_ID, "bot": True},
        "nonce": taken.key,
    }


def _described(place: Place) -> dict[str, Any]:
    return {
        "id": place.id,
        "name": place.name,
        "type": place.kind,
        "guild_id": place.guild,
        "parent_id": place.parent,
    }


if __name__ == "__main__":
    main(FakeDiscord, __doc__)
