"""Who the bot is: its id stands in the token, its username only Telegram knows."""

from __future__ import annotations

import aiohttp

from openclaw_channels.base import TemporaryFailure
from openclaw_channels.said import Said
from openclaw_channels.telegram.api import TelegramApi
from openclaw_channels.telegram.settings import TelegramSettings
from openclaw_channels.telegram.words import Me


class Identity:
    """The bot, learnt once (Bot API, getMe)."""

    def __init__(self, settings: TelegramSettings) -> None:
        self._settings = settings
        self.me = Me(settings.bot_id or 0, (settings.username or "").removeprefix("@"))

    @property
    def is_known(self) -> bool:
        """Whether the username is known."""
        return bool(self.me.username)

    async def learn(self, http: aiohttp.ClientSession) -> None:
        """Ask Telegram; raises a base.SendFailure."""
        said, _ = await TelegramApi(self._settings, http).call("getMe", {})
        user = Said(said if isinstance(said, dict) else {})
        number = user.whole("id")
        if number is None:
            raise TemporaryFailure("Telegram's answer to getMe cannot be read.")
        self.me = Me(number, self.me.username or user.text("username"))
