"""A Discord that speaks REST v10 as far as messages need it, and is as strict.

https://docs.discord.com/developers/resources/message and …/topics/rate-limits. `base_url` is what
`channels.discord.apiRoot` is set to. Faults of kind PERMANENT take Discord's JSON error codes
(`50007`), or `401` for a revoked token.

    await discord.write("Hello", channel="100", user="42")      # told by the gateway
    status, answer = await discord.command(url, "ask", "Hello") # posted to the gateway under test
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, ClassVar, Final

import orjson
from aiohttp import web

from tests.fakes.channels.discord_errors import Refused, error, rate_limited
from tests.fakes.channels.discord_gateway import FakeGateway
from tests.fakes.channels.discord_people import Application, command, interaction, message, user
from tests.fakes.channels.discord_world import BOT_ID, FORUM, Place, Window, described, ready
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

__all__ = ["BOT_ID", "TOKEN", "FakeDiscord", "Place"]

TOKEN: Final = "discord-bot-token"


class FakeDiscord(FakePlatform):
    """`places` are the channels by id, `direct` users' direct channels, `interactions` tokens.

    `written` is what people wrote, `callbacks` what interactions of the gateway were answered at
    once, `commands` what was registered, `endpoint` where interactions are posted to.
    """

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
        self.application = Application()
        self.endpoint: str | None = None
        self.commands: list[dict[str, Any]] = []
        self.callbacks: list[dict[str, Any]] = []
        self.written: list[dict[str, Any]] = []
        self.sessions_left = 1000
        self.gateway = FakeGateway(
            lambda: self.token, lambda: f"ws://127.0.0.1:{self.port}/gateway", self._ready
        )
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
        add("GET", f"{root}/channels/{{channel}}/messages", self._history)
        add("GET", f"{root}/gateway/bot", self._gateway_bot)
        add("GET", f"{root}/users/@me", self._me)
        add("GET", f"{root}/applications/@me", self._application)
        add("PATCH", f"{root}/applications/@me", self._set_application)
        add("POST", f"{root}/applications/{{app}}/commands", self._command)
        add("POST", f"{root}/interactions/{{id}}/{{token}}/callback", self._callback)
        router.add_get("/gateway/", self.gateway.handle)
        router.add_get("/gateway", self.gateway.handle)

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
                return error(refused.code)
            return answer

        router.add_route(method, path, checked)

    async def __aexit__(self, *_: object) -> None:
        await self.gateway.drop()
        await super().__aexit__(*_)

    async def write(
        self, text: str, channel: str = "100", user: str = "42", **fields: Any
    ) -> dict[str, Any]:
        """Let somebody write a message, and return it; a direct one where the channel is theirs."""
        place = self.places.get(channel) or self._direct(user)
        said = message(place.id, text, user, **fields)
        if place.guild:
            said |= {"guild_id": place.guild, "member": {"roles": ["5"], "nick": None}}
        else:
            said["channel_type"] = 1
        self.written.append(said)
        await self.gateway.dispatch("MESSAGE_CREATE", said)
        return said

    async def command(
        self, url: str, name: str, text: str | None = None, channel: str = "100", user: str = "42"
    ) -> tuple[int, Any]:
        """Let somebody give a slash command, posted to `url`; returns what it was answered."""
        place = self.places.get(channel) or self._direct(user)
        said = command(
            name, text, channel=described(place), sender=user, token=self.new_interaction()
        )
        return await self.application.post(url, said)

    async def press(self, url: str, custom_id: str, channel: str = "100") -> tuple[int, Any]:
        """Let somebody press a button."""
        place = self.places[channel]
        data = {"custom_id": custom_id, "component_type": 2}
        pressed = interaction(
            3, data, channel=described(place), sender="42", token=self.new_interaction()
        )
        return await self.application.post(url, pressed)

    def new_interaction(self) -> str:
        """Return the token of a new interaction."""
        token = f"interaction-{len(self.interactions)}"
        self.interactions.add(token)
        return token

    def _direct(self, user: str) -> Place:
        place = self.places.get(f"7{user}") or Place(f"7{user}", "", None, 1)
        self.places[place.id] = place
        return place

    def _ready(self) -> list[tuple[str, dict[str, Any]]]:
        return ready(list(self.places.values()), self.written, self.application.id)

    def refusal(self, fault: Fault) -> web.Response:
        """Return Discord's words for a fault."""
        if fault.kind == FaultKind.RATE_LIMIT:
            return rate_limited(fault.retry_after_s, everything=fault.account_wide)
        if fault.kind == FaultKind.SERVER_ERROR:
            return web.Response(status=fault.status, text="<html>upstream error</html>")
        return error(int(fault.code or 50013))

    async def _message(self, request: web.Request) -> web.StreamResponse:
        place = self._place(request)
        body, uploads = await self._body(request)
        _check_content(body, uploads)
        if place.kind == FORUM:
            raise Refused(40058)
        left, reset = self.window.enter(place.id)
        if left < 0:
            return rate_limited(reset)
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
        return json_response(described(self._place(request)))

    async def _open(self, request: web.Request) -> web.Response:
        user = str(orjson.loads(await request.read()).get("recipient_id"))
        if user not in self.users:
            raise Refused(10013)
        place = Place(f"7{user}", "", None, 1)
        self.places[place.id] = place
        return json_response(described(place))

    async def _history(self, request: web.Request) -> web.Response:
        place, after = self._place(request), int(request.query.get("after", 0))
        limit = int(request.query.get("limit", 50))
        found = [m for m in self.written if m["channel_id"] == place.id and int(m["id"]) > after]
        page = [{k: v for k, v in m.items() if k != "guild_id"} for m in found[:limit]]
        return json_response(page[::-1])

    async def _gateway_bot(self, request: web.Request) -> web.Response:
        limit = {"total": 1000, "remaining": self.sessions_left, "reset_after": 3_600_000}
        url = f"ws://127.0.0.1:{self.port}/gateway"
        return json_response({"url": url, "shards": 1, "session_start_limit": limit})

    async def _me(self, request: web.Request) -> web.Response:
        return json_response(user(BOT_ID, bot=True))

    async def _application(self, request: web.Request) -> web.Response:
        return json_response(
            {
                "id": self.application.id,
                "name": "claw",
                "verify_key": self.application.public_key,
                "flags": 1 << 19 if self.gateway.content_allowed else 0,
                "interactions_endpoint_url": self.endpoint,
            }
        )

    async def _set_application(self, request: web.Request) -> web.Response:
        """Take an endpoint that answers a PING, and refuses one that is signed falsely."""
        url = orjson.loads(await request.read())["interactions_endpoint_url"]
        ping = {"id": "1", "application_id": self.application.id, "type": 1}
        right = await self.application.post(url, ping)
        wrong = await Application().post(url, ping)
        if right != (200, {"type": 1}) or wrong[0] != 401:
            raise Refused(50035)
        self.endpoint = url
        return await self._application(request)

    async def _command(self, request: web.Request) -> web.Response:
        made = orjson.loads(await request.read())
        self.commands = [c for c in self.commands if c["name"] != made["name"]] + [made]
        return json_response({"id": str(len(self.commands)), **made}, 201)

    async def _callback(self, request: web.Request) -> web.Response:
        if request.match_info["token"] not in self.interactions:
            raise Refused(10062)
        self.callbacks.append(orjson.loads(await request.read()))
        return web.Response(status=204)

    async def _guilds(self, request: web.Request) -> web.Response:
        known = sorted({p.guild for p in self.places.values() if p.guild}, key=int)
        after = int(request.query.get("after", 0))
        limit = int(request.query.get("limit", 200))
        return json_response([{"id": g} for g in known if int(g) > after][:limit])

    async def _guild_channels(self, request: web.Request) -> web.Response:
        guild = request.match_info["guild"]
        found = [p for p in self.places.values() if p.guild == guild and p.parent is None]
        return json_response([described(place) for place in found])

    async def _active(self, request: web.Request) -> web.Response:
        guild = request.match_info["guild"]
        found = [p for p in self.places.values() if p.guild == guild and p.parent]
        return json_response({"threads": [described(p) for p in found], "members": []})

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


if __name__ == "__main__":
    main(FakeDiscord, __doc__)
