"""The half of the fake Telegram that tells a bot what people do: getUpdates and webhooks.

As strict as https://core.telegram.org/bots/api#getting-updates: one way at a time, an update is
told again until it is confirmed by an offset or by a 2xx, and a second asker ends the first one's
call with 409.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping
from typing import Any, Final

import aiohttp
import orjson

Object = dict[str, Any]

WEBHOOK_ACTIVE: Final = (
    "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the"
    " webhook first"
)
OTHER_ASKER: Final = (
    "Conflict: terminated by other getUpdates request; make sure that only one bot instance is"
    " running"
)
_DEFAULT: Final = ("message", "edited_message", "channel_post", "edited_channel_post")
_ALWAYS: Final = ("callback_query", "my_chat_member", "inline_query", "poll")
_PAUSES_S: Final = (0.05, 0.1, 0.2, 0.5)


class Conflict(Exception):
    """Answered with 409 and these words."""


class Updates:
    """What one bot has not been told yet.

    `repeats` is how often the webhook gets an update again that it has answered; `posts` counts
    its answers by status.
    """

    def __init__(self) -> None:
        self.next_id = 1000
        self.pending: list[Object] = []
        self.webhook: Object = {"url": ""}
        self.allowed: tuple[str, ...] = ()
        self.repeats = 0
        self.posts: dict[int, int] = {}
        self.methods: list[Object] = []
        self.confirmed: list[int] = []
        self._changed = asyncio.Condition()
        self._asker = 0
        self._lanes: dict[Any, deque[Object]] = {}
        self._posting: dict[Any, asyncio.Task[None]] = {}
        self._http: aiohttp.ClientSession | None = None

    async def push(self, kind: str, said: Object) -> int:
        """Tell the bot of something as soon as it may know; return the update's id."""
        self.next_id += 1
        update = {"update_id": self.next_id, kind: said}
        if kind in (self.allowed or (*_DEFAULT, *_ALWAYS)):
            async with self._changed:
                self.pending.append(update)
                self._changed.notify_all()
            self._post(update)
        return self.next_id

    async def settled(self) -> None:
        """Wait until everything is confirmed."""
        async with self._changed:
            await self._changed.wait_for(lambda: not self.pending)

    async def asked(self, count: int = 1) -> None:
        """Wait until getUpdates was called `count` times in all."""
        async with self._changed:
            await self._changed.wait_for(lambda: self._asker >= count)

    async def get(self, fields: Mapping[str, Any]) -> list[Object]:
        """Answer getUpdates; raises Conflict."""
        if self.webhook["url"]:
            raise Conflict(WEBHOOK_ACTIVE)
        async with self._changed:
            self._asker += 1
            asker = self._asker
            self._changed.notify_all()
        if "allowed_updates" in fields:
            self.allowed = tuple(fields["allowed_updates"])
        if (offset := int(fields.get("offset", 0))) > 0:
            await self._confirm(lambda number: number < offset)
        await self._wait(asker, float(fields.get("timeout", 0)))
        if asker != self._asker:
            raise Conflict(OTHER_ASKER)
        if self.webhook["url"]:
            raise Conflict(WEBHOOK_ACTIVE)
        return self.pending[: int(fields.get("limit", 100))]

    async def set_webhook(self, fields: Mapping[str, Any]) -> None:
        """Answer setWebhook and, with an empty URL, deleteWebhook."""
        async with self._changed:
            self.webhook = {"url": "", **fields}
            self.allowed = tuple(fields.get("allowed_updates", self.allowed))
            if fields.get("drop_pending_updates"):
                self.pending.clear()
            self._changed.notify_all()
        for update in self.pending:
            self._post(update)

    def info(self) -> Object:
        """Answer getWebhookInfo."""
        hidden = ("secret_token", "drop_pending_updates")
        shown = {name: value for name, value in self.webhook.items() if name not in hidden}
        return {
            "has_custom_certificate": False,
            **shown,
            "pending_update_count": len(self.pending),
            "allowed_updates": list(self.allowed),
        }

    async def close(self) -> None:
        """End every attempt to post."""
        for task in self._posting.values():
            task.cancel()
        await asyncio.gather(*self._posting.values(), return_exceptions=True)
        if self._http is not None:
            await self._http.close()

    async def _confirm(self, known: Any) -> None:
        async with self._changed:
            told = [update["update_id"] for update in self.pending if known(update["update_id"])]
            self.confirmed += told
            self.pending = [u for u in self.pending if u["update_id"] not in told]
            self._changed.notify_all()

    async def _wait(self, asker: int, timeout_s: float) -> None:
        def over() -> bool:
            return bool(self.pending) or self._asker != asker or bool(self.webhook["url"])

        try:
            async with asyncio.timeout(timeout_s), self._changed:
                await self._changed.wait_for(over)
        except TimeoutError:
            return

    def _post(self, update: Object) -> None:
        """Post in order for each chat, and for several chats at once."""
        if not self.webhook["url"]:
            return
        lane = _chat_of(update)
        self._lanes.setdefault(lane, deque()).append(update)
        if lane not in self._posting or self._posting[lane].done():
            self._posting[lane] = asyncio.create_task(self._post_lane(lane))

    async def _post_lane(self, lane: Any) -> None:
        waiting = self._lanes[lane]
        while waiting:
            update = waiting[0]
            for _ in range(1 + self.repeats):
                await self._post_until_taken(update)
            waiting.popleft()
            await self._confirm(lambda number, own=update["update_id"]: number == own)

    async def _post_until_taken(self, update: Object) -> None:
        pauses = list(_PAUSES_S)
        while not await self._post_once(update):
            await asyncio.sleep(pauses.pop(0) if len(pauses) > 1 else pauses[0])

    async def _post_once(self, update: Object) -> bool:
        if self._http is None:
            self._http = aiohttp.ClientSession()
        headers = {"Content-Type": "application/json"}
        if secret := self.webhook.get("secret_token"):
            headers["X-Telegram-Bot-Api-Secret-Token"] = secret
        body = orjson.dumps(update)
        try:
            async with self._http.post(self.webhook["url"], data=body, headers=headers) as answer:
                self._note(answer.status, await answer.read())
                return 200 <= answer.status < 300
        except (aiohttp.ClientError, OSError) as error:
            self.webhook["last_error_message"] = f"Connection failed: {type(error).__name__}"
            return False

    def _note(self, status: int, body: bytes) -> None:
        self.posts[status] = self.posts.get(status, 0) + 1
        if not 200 <= status < 300:
            text = f"Wrong response from the webhook: {status}"
            self.webhook["last_error_message"] = text
        elif body:
            self.methods.append(orjson.loads(body))


def _chat_of(update: Object) -> Any:
    for said in update.values():
        if isinstance(said, dict):
            inside = said.get("message", said)
            return inside.get("chat", {}).get("id")
    return None
