"""A Telegram that speaks the Bot API as far as messages need it, and is as strict.

https://core.telegram.org/bots/api. `base_url` is what `channels.telegram.apiRoot` is set to. Faults
of kind PERMANENT take a key of `ERRORS`, `chat` by default.

    await telegram.say("Hello", private(42))        # told by getUpdates, or to the webhook
    await telegram.push("my_chat_member", {...})
    await telegram.updates.settled()

`POST /_push` does the same from another process, with `{"kind": "message", "object": {...}}` or
`{"text": "Hello", "chat": {...}}`.
"""

from __future__ import annotations

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
from tests.fakes.channels.telegram_people import bot, message
from tests.fakes.channels.telegram_updates import Conflict, Updates

TOKEN: Final = "123456:telegram-bot-token"
BOT_UPLOAD_LIMIT: Final = 50 * 1000 * 1000
BOT_DOWNLOAD_LIMIT: Final = 20 * 1000 * 1000
_PHOTO_LIMIT: Final = 10 * 1000 * 1000
_FILE_FIELDS: Final = {
    "sendPhoto": "photo",
    "sendVideo": "video",
    "sendAnimation": "animation",
    "sendAudio": "audio",
    "sendVoice": "voice",
    "sendDocument": "document",
}
ERRORS: Final = {
    "chat": (400, "Bad Request: chat not found"),
    "blocked": (403, "Forbidden: bot was blocked by the user"),
    "kicked": (403, "Forbidden: bot was kicked from the supergroup chat"),
    "401": (401, "Unauthorized"),
    "entities": (400, "Bad Request: can't parse entities: unexpected end tag at byte offset 3"),
    "empty": (400, "Bad Request: message text is empty"),
    "long": (400, "Bad Request: message is too long"),
    "caption": (400, "Bad Request: message caption is too long"),
    "thread": (400, "Bad Request: message thread not found"),
    "url": (400, "Bad Request: wrong file identifier/HTTP URL specified"),
    "dimensions": (400, "Bad Request: PHOTO_INVALID_DIMENSIONS"),
    "large": (413, "Request Entity Too Large"),
    "same": (
        400,
        "Bad Request: message is not modified: specified new message content and reply markup are"
        " exactly the same as a current content and reply markup of the message",
    ),
    "edit": (400, "Bad Request: message to edit not found"),
    "method": (404, "Not Found"),
    "file": (400, "Bad Request: wrong file_id or the file is temporarily unavailable"),
    "big": (400, "Bad Request: file is too big"),
}


class Refused(Exception):
    """Answered with one of ERRORS."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class FakeTelegram(FakePlatform):
    """`migrated` maps groups to their supergroups; `unfetchable` are URLs that Telegram cannot get.

    `violations` is what a well-made client never sends. `updates` is what the bot is told, `files`
    what it can get, by file id, `answered` the buttons whose press it acknowledged.
    """

    def __init__(self, port: int = 0) -> None:
        super().__init__(port)
        self.token = TOKEN
        self.migrated: dict[str, str] = {}
        self.unfetchable: set[str] = set()
        self.bad_photos = False
        self.bad_entities = False
        self.actions: list[tuple[str, str | None]] = []
        self.edits: list[tuple[str, str]] = []
        self.methods: list[str] = []
        self.violations: list[str] = []
        self.me = {**bot(), "can_join_groups": True, "can_read_all_group_messages": False}
        self.commands: list[dict[str, Any]] = []
        self.updates = Updates()
        self.files: dict[str, bytes] = {}
        self.answered: list[str] = []
        self._heard = 100_000
        self._texts: dict[str, str] = {}

    async def say(
        self, text: str, chat: dict[str, Any], sender: dict[str, Any] | None = None, **fields: Any
    ) -> dict[str, Any]:
        """Let somebody write a message, and return it; `fields` are further ones of it."""
        self._heard += 1
        said = message(self._heard, chat, sender, **({"text": text} if text else {}), **fields)
        kind = "channel_post" if chat["type"] == "channel" else "message"
        await self.updates.push(kind, said)
        return said

    async def push(self, kind: str, said: dict[str, Any]) -> int:
        """Tell the bot of anything else; return the update's id."""
        return await self.updates.push(kind, said)

    async def __aexit__(self, *_: object) -> None:
        await self.updates.close()
        await super().__aexit__(*_)

    def add_routes(self, router: web.UrlDispatcher) -> None:
        """Add the one path that all methods have, that of files, and the test's own."""
        router.add_post("/bot{token}/{method}", self._call)
        router.add_get("/file/bot{token}/{path:.+}", self._file)
        router.add_post("/_push", self._take_push)

    def refusal(self, fault: Fault) -> web.Response:
        """Return the Bot API's error."""
        if fault.kind == FaultKind.RATE_LIMIT:
            pause = fault.retry_after_s
            seconds = int(pause) if pause == int(pause) else pause
            text = f"Too Many Requests: retry after {seconds}"
            return _error(429, text, {"retry_after": seconds})
        if fault.kind == FaultKind.SERVER_ERROR:
            if fault.status == 500:
                return _error(500, "Internal Server Error")
            return web.Response(
                status=fault.status, text="<html>nginx</html>", content_type="text/html"
            )
        return _error(*ERRORS[fault.code or "chat"])

    async def _call(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"]
        self.methods.append(method)
        try:
            if request.match_info["token"] != self.token:
                raise Refused("401")
            fields, uploads = await _read(request)
            moved = self.migrated.get(str(fields.get("chat_id")))
            if moved is not None:
                text = "Bad Request: group chat was upgraded to a supergroup chat"
                return _error(400, text, {"migrate_to_chat_id": int(moved)})
            return await self._answer(request, method, fields, uploads)
        except Refused as refused:
            return _error(*ERRORS[refused.code])
        except Conflict as conflict:
            return _error(409, str(conflict))

    def _told(self, method: str) -> Callable[[dict[str, Any]], Awaitable[Any]] | None:
        """Return what answers a method that sends nothing."""
        return {
            "getUpdates": self.updates.get,
            "setWebhook": self._set_webhook,
            "deleteWebhook": self._set_webhook,
            "getWebhookInfo": self._webhook_info,
            "getMe": self._get_me,
            "getMyCommands": self._get_commands,
            "setMyCommands": self._set_commands,
            "answerCallbackQuery": self._answer_callback,
            "getFile": self._get_file,
        }.get(method)

    async def _set_webhook(self, fields: dict[str, Any]) -> bool:
        await self.updates.set_webhook(fields)
        return True

    async def _webhook_info(self, _: dict[str, Any]) -> dict[str, Any]:
        return self.updates.info()

    async def _get_me(self, _: dict[str, Any]) -> dict[str, Any]:
        return self.me

    async def _get_commands(self, _: dict[str, Any]) -> list[dict[str, Any]]:
        return self.commands

    async def _set_commands(self, fields: dict[str, Any]) -> bool:
        self.commands = fields["commands"]
        return True

    async def _answer_callback(self, fields: dict[str, Any]) -> bool:
        self.answered.append(fields["callback_query_id"])
        return True

    async def _get_file(self, fields: dict[str, Any]) -> dict[str, Any]:
        file = fields["file_id"]
        if file not in self.files:
            raise Refused("file")
        if len(self.files[file]) > BOT_DOWNLOAD_LIMIT:
            raise Refused("big")
        size = len(self.files[file])
        return {
            "file_id": file,
            "file_unique_id": f"u{file}",
            "file_size": size,
            "file_path": f"files/{file}",
        }

    async def _file(self, request: web.Request) -> web.Response:
        file = request.match_info["path"].removeprefix("files/")
        if request.match_info["token"] != self.token or file not in self.files:
            return web.Response(status=404)
        return web.Response(body=self.files[file], content_type="application/octet-stream")

    async def _take_push(self, request: web.Request) -> web.Response:
        body = orjson.loads(await request.read())
        if "kind" in body:
            return json_response({"update_id": await self.push(body["kind"], body["object"])})
        fields = body.get("fields", {})
        said = await self.say(body["text"], body["chat"], body.get("from"), **fields)
        return json_response(said)

    async def _answer(
        self, request: web.Request, method: str, fields: dict[str, Any], uploads: list[Upload]
    ) -> web.StreamResponse:
        if (told := self._told(method)) is not None:
            return json_response({"ok": True, "result": await told(fields)})
        if method == "sendChatAction":
            self.actions.append((str(fields["chat_id"]), _thread(fields)))
            return json_response({"ok": True, "result": True})
        if method == "editMessageText":
            return self._edit(fields)
        if method == "sendMessage":
            text = self._checked(fields, "text", "entities", 4096)
            if not text.strip():
                raise Refused("empty")
        elif method in _FILE_FIELDS:
            text = self._checked(fields, "caption", "caption_entities", 1024)
            self._check_file(_FILE_FIELDS[method], fields, uploads)
        else:
            raise Refused("method")
        if fields.get("message_thread_id") == 1:
            raise Refused("thread")
        offer = Offer(
            str(fields["chat_id"]), _thread(fields), text, raw=fields, uploads=tuple(uploads)
        )
        return await self.settle(request, offer, self._sent)

    def _sent(self, accepted: Accepted) -> web.Response:
        self._texts[str(accepted.number)] = accepted.text
        chat = {"id": accepted.raw["chat_id"], "type": "private"}
        message = {"message_id": accepted.number, "date": int(accepted.at), "chat": chat}
        return json_response({"ok": True, "result": message})

    def _edit(self, fields: dict[str, Any]) -> web.Response:
        text = self._checked(fields, "text", "entities", 4096)
        number = str(fields["message_id"])
        if number not in self._texts:
            raise Refused("edit")
        if self._texts[number] == text:
            raise Refused("same")
        self._texts[number] = text
        self.edits.append((number, text))
        message = {"message_id": int(number), "chat": {"id": fields["chat_id"]}, "text": text}
        return json_response({"ok": True, "result": message})

    def _checked(self, fields: Mapping[str, Any], name: str, entities: str, limit: int) -> str:
        text = str(fields.get(name, ""))
        if "parse_mode" in fields and entities in fields:
            self.violations.append("parse_mode beside entities")
        if _units(text) > limit:
            self.violations.append(f"{name} of {_units(text)} units")
            raise Refused("long" if name == "text" else "caption")
        found = fields.get(entities, [])
        broken = [entity for entity in found if not _fits(entity, text)]
        self.violations.extend(f"entity {entity} in {text[:50]!r}" for entity in broken)
        if broken or (found and self.bad_entities):
            raise Refused("entities")
        return text

    def _check_file(self, field: str, fields: Mapping[str, Any], uploads: list[Upload]) -> None:
        if not uploads:
            url = fields.get(field)
            if not str(url).startswith(("http://", "https://")) or url in self.unfetchable:
                raise Refused("url")
            return
        (upload,) = uploads
        if upload.field != field:
            self.violations.append(f"{upload.field} instead of {field}")
        if len(upload.data) > BOT_UPLOAD_LIMIT:
            raise Refused("large")
        if field == "photo" and (self.bad_photos or len(upload.data) > _PHOTO_LIMIT):
            raise Refused("dimensions")


async def _read(request: web.Request) -> tuple[dict[str, Any], list[Upload]]:
    if request.content_type == "application/json":
        return orjson.loads(await request.read()), []
    fields: dict[str, Any] = {}
    uploads: list[Upload] = []
    for name, value in (await request.post()).items():
        if isinstance(value, web.FileField):
            data = value.file.read()
            uploads.append(Upload(name, value.filename, value.content_type, data))
        elif isinstance(value, str):
            fields[name] = value if name in ("text", "caption") else _loaded(value)
    return fields, uploads


def _loaded(value: str) -> Any:
    try:
        return orjson.loads(value)
    except orjson.JSONDecodeError:
        return value


def _fits(entity: Mapping[str, Any], text: str) -> bool:
    """Whether an entity lies in the text and cuts no surrogate pair (Bot API, MessageEntity)."""
    offset, length = entity["offset"], entity["length"]
    raw = text.encode("utf-16-le")
    if offset < 0 or length <= 0 or (offset + length) * 2 > len(raw):
        return False
    try:
        raw[: offset * 2].decode("utf-16-le")
        raw[offset * 2 : (offset + length) * 2].decode("utf-16-le")
    except UnicodeDecodeError:
        return False
    return entity["type"] != "text_link" or bool(entity.get("url"))


def _units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def _thread(fields: Mapping[str, Any]) -> str | None:
    thread = fields.get("message_thread_id")
    return None if thread is None else str(thread)


def _error(
    code: int, description: str, parameters: Mapping[str, Any] | None = None
) -> web.Response:
    body: dict[str, Any] = {"ok": False, "error_code": code, "description": description}
    if parameters:
        body["parameters"] = parameters
    return json_response(body, code)


if __name__ == "__main__":
    main(FakeTelegram, __doc__)
