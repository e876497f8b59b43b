"""Telegram posts an update (https://core.telegram.org/bots/api#setwebhook)."""

from __future__ import annotations

import asyncio
import hmac
from typing import Final

import aiohttp
import orjson

from openclaw_channels.base import Account, SendFailure
from openclaw_channels.inbound import Inbound, InboundAnswer, InboundRequest, NotAuthentic
from openclaw_channels.said import read_object
from openclaw_channels.settings import read_settings
from openclaw_channels.telegram.identity import Identity
from openclaw_channels.telegram.message import Recipient
from openclaw_channels.telegram.settings import TelegramSettings
from openclaw_channels.telegram.updates import read_update
from openclaw_common.runtime.clock import Clock, SystemClock

SECRET_HEADER: Final = "x-telegram-bot-api-secret-token"
_PAUSE_S: Final = 60.0
"""How long Telegram is not asked for the bot's name again after it did not tell."""


class TelegramWebhook:
    """One bot's webhooks.

    The bot's username is asked for once, when a message that may name it comes.
    """

    def __init__(self, account: Account, clock: Clock | None = None) -> None:
        """Raises base.ChannelError for settings that cannot be used."""
        self._settings = read_settings(TelegramSettings, account)
        self._identity = Identity(self._settings)
        self._account_id = account.account_id
        self._clock = clock or SystemClock()
        self._asked_again_at = 0.0
        self._asking = asyncio.Lock()

    def verify(self, request: InboundRequest) -> None:
        """Compare the secret, in a time that says nothing of it."""
        secret = self._settings.webhook_secret
        if secret is None:
            raise NotAuthentic("channels.telegram.webhookSecret is not set.")
        given = request.headers.get(SECRET_HEADER, "").encode("utf-8", "surrogateescape")
        if not hmac.compare_digest(given, secret.get_secret_value().encode()):
            raise NotAuthentic("The secret token is missing or wrong.")

    async def prepare(self, request: InboundRequest, http: aiohttp.ClientSession) -> None:
        """Ask for the bot's username, if a message may hold it and it is not known."""
        if self._identity.is_known or b"@" not in request.body:
            return
        async with self._asking:
            if self._identity.is_known or self._clock.monotonic() < self._asked_again_at:
                return
            try:
                async with asyncio.timeout(self._settings.connect_timeout_ms / 1000):
                    await self._identity.learn(http)
            except (SendFailure, TimeoutError):
                self._asked_again_at = self._clock.monotonic() + _PAUSE_S

    def read(self, request: InboundRequest) -> Inbound:
        """Return the message; a button's press is acknowledged by the answer itself."""
        recipient = Recipient(self._identity.me, self._account_id)
        update = read_update(read_object(request.body), recipient, request.now_s)
        answer = InboundAnswer()
        if update.callback_id is not None:
            method = {"method": "answerCallbackQuery", "callback_query_id": update.callback_id}
            answer = InboundAnswer(body=orjson.dumps(method), content_type="application/json")
        return Inbound(update.messages, answer)
