"""Asks Telegram for updates, for bots without a webhook (Bot API, getUpdates)."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any, Final, Self

from openclaw_channels.base import (
    Account,
    ChannelContext,
    CredentialsRevoked,
    RateLimited,
    SendFailure,
)
from openclaw_channels.inbound import Accept, NotUnderstood, ReceiverFailure
from openclaw_channels.said import Said
from openclaw_channels.telegram.api import TelegramApi
from openclaw_channels.telegram.identity import Identity
from openclaw_channels.telegram.message import Recipient
from openclaw_channels.telegram.settings import TelegramSettings
from openclaw_channels.telegram.updates import READ, Update, read_update
from openclaw_common.runtime.clock import Clock, SystemClock

logger = logging.getLogger(__name__)

ALLOWED_UPDATES: Final = list(READ)
SET_UP: Final = "`openclaw-gateway channels setup telegram --public-url https://…`"
"""What people are told to run."""
_USABLE_S: Final = 6 * 24 * 3600.0
"""How old an offset may be. After a week without updates Telegram counts from a random number, and
an older offset would then confirm updates that nobody has read (Bot API, Update)."""
_CONFLICT: Final = "409"


@dataclass(frozen=True, slots=True)
class Position:
    """The offset behind what was made durable, when that was, and which bot's it is.

    As a cursor `offset@seconds@bot`.
    """

    offset: int
    at_s: int
    bot: int

    @classmethod
    def read(cls, cursor: str | None) -> Self | None:
        """Return a cursor's position, None for one that is none."""
        numbers = (cursor or "").split("@")
        if len(numbers) != 3 or not all(n.isascii() and n.isdigit() for n in numbers):
            return None
        return cls(*map(int, numbers))

    @property
    def cursor(self) -> str:
        """The form in which it is remembered."""
        return f"{self.offset}@{self.at_s}@{self.bot}"


class TelegramPolling:
    """One bot's updates.

    Telegram keeps an update for a day, until a call with a higher offset confirms it, and such a
    call is made only when the update is durable.
    """

    def __init__(
        self,
        settings: TelegramSettings,
        account: Account,
        context: ChannelContext,
        clock: Clock | None = None,
    ) -> None:
        self._account_id = account.account_id
        self._clock = clock or SystemClock()
        self._http = context.http
        self._identity = Identity(settings)
        self._wait_s = settings.poll_timeout_seconds
        self._limit = settings.poll_limit
        self._api = TelegramApi(settings, context.http)
        patient = {
            "request_timeout_ms": settings.request_timeout_ms + self._wait_s * 1000,
            "max_answer_bytes": settings.poll_max_bytes,
        }
        self._patient_api = TelegramApi(settings.model_copy(update=patient), context.http)

    async def receive(self, cursor: str | None, accept: Accept) -> None:
        """Ask again and again, from `cursor` or from the first update that is not confirmed."""
        try:
            if not self._identity.is_known:
                await self._identity.learn(self._http)
            position = self._usable(Position.read(cursor))
            while True:
                position = await self._round(position, accept)
        except SendFailure as failure:
            failed = _failed(failure)
        raise failed

    async def _round(self, position: Position | None, accept: Accept) -> Position | None:
        """Take what is there; return the position that the next call is to confirm."""
        said = await self._updates(position)
        if not said:
            return None
        updates = [update for update in map(self._read, said) if update is not None]
        numbers = [number for update in said if (number := update.whole("update_id")) is not None]
        if not numbers:
            raise ReceiverFailure("Telegram's updates have no ids.")
        behind = Position(max(numbers) + 1, int(self._clock.wall()), self._identity.me.id)
        messages = [message for update in updates for message in update.messages]
        await accept(messages, behind.cursor)
        for update in updates:
            await self._acknowledge(update)
        return behind

    async def _updates(self, position: Position | None) -> list[Said]:
        fields: dict[str, Any] = {
            "timeout": self._wait_s,
            "limit": self._limit,
            "allowed_updates": ALLOWED_UPDATES,
        }
        if position is not None:
            fields["offset"] = position.offset
        said, _ = await self._patient_api.call("getUpdates", fields)
        return [Said(item) for item in said if isinstance(item, dict)]

    def _read(self, said: Said) -> Update | None:
        """Read one update; what cannot be read is passed by, or nothing would come after it."""
        recipient = Recipient(self._identity.me, self._account_id)
        try:
            return read_update(said, recipient, self._clock.wall())
        except NotUnderstood as reason:
            logger.warning("telegram_update_passed_by", extra={"why": str(reason)})
            return None

    async def _acknowledge(self, update: Update) -> None:
        """Stop the clock on a button; one that Telegram no longer waits for does no harm."""
        if update.callback_id is None:
            return
        try:
            fields = {"callback_query_id": update.callback_id}
            await self._api.call("answerCallbackQuery", fields)
        except SendFailure as failure:
            logger.info("telegram_press_not_acknowledged", extra={"why": str(failure)})

    def _usable(self, position: Position | None) -> Position | None:
        """Return a position that this bot's updates are counted by still."""
        if position is None or position.bot != self._identity.me.id:
            return None
        return position if self._clock.wall() - position.at_s <= _USABLE_S else None


def _failed(failure: SendFailure) -> ReceiverFailure:
    if failure.code == _CONFLICT:
        return _conflict(failure.message)
    if isinstance(failure, CredentialsRevoked):
        return ReceiverFailure(failure.message, permanent=True)
    if isinstance(failure, RateLimited):
        return ReceiverFailure(failure.message, retry_after_s=failure.retry_after_s)
    return ReceiverFailure(failure.message)


def _conflict(message: str) -> ReceiverFailure:
    if "webhook" in message:
        advice = (
            "set channels.telegram.webhookUrl and webhookSecret to use the webhook, or run"
            f" {SET_UP} without them to remove it"
        )
    else:
        advice = "give every gateway a bot of its own"
    return ReceiverFailure(f"{message}; {advice}")
