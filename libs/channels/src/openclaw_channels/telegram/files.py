"""The bytes of what people attach (Bot API, getFile)."""

from __future__ import annotations

from typing import Final

from yarl import URL

from openclaw_channels.base import ChannelContext, PermanentFailure, TemporaryFailure
from openclaw_channels.platform_http import PlatformHttp
from openclaw_channels.said import Said
from openclaw_channels.telegram.api import TelegramApi
from openclaw_channels.telegram.settings import TelegramSettings
from openclaw_common.contracts.inbound import Attachment

_ANY_TYPE: Final = "application/octet-stream"


class TelegramFiles:
    """One bot's way to files. Telegram's own server gives out up to 20 MB."""

    def __init__(self, settings: TelegramSettings, context: ChannelContext) -> None:
        self._api = TelegramApi(settings, context.http)
        self._http = PlatformHttp("Telegram", context.http, settings)
        self._root = URL(settings.api_root)
        self._token = settings.bot_token

    async def fetch(self, attachment: Attachment, *, max_bytes: int) -> tuple[str, bytes]:
        """Ask where the file is, and get it from there."""
        if not attachment.reference:
            raise PermanentFailure(f"A {attachment.kind} has no bytes.")
        if (attachment.size or 0) > max_bytes:
            raise PermanentFailure(f"The file is over {max_bytes} bytes.")
        said, _ = await self._api.call("getFile", {"file_id": attachment.reference})
        file = Said(said if isinstance(said, dict) else {})
        if (file.whole("file_size") or 0) > max_bytes:
            raise PermanentFailure(f"The file is over {max_bytes} bytes.")
        return await self._get(file.text("file_path"), attachment, max_bytes)

    async def _get(self, path: str, attachment: Attachment, max_bytes: int) -> tuple[str, bytes]:
        steps = path.split("/")
        if path.startswith("/"):
            raise PermanentFailure(
                "The Bot API server keeps files on its own disk; start it without --local."
            )
        if not path or ".." in steps:
            raise PermanentFailure("Telegram does not say where the file is.")
        url = self._root.joinpath("file", f"bot{self._token.get_secret_value()}", *steps)
        answer = await self._http.ask("GET", str(url), max_bytes=max_bytes)
        if answer.status == 200:
            mime = attachment.mime or answer.headers.get("Content-Type", _ANY_TYPE)
            return mime, answer.body
        text = f"Telegram did not give the file: HTTP status {answer.status}"
        if answer.status >= 500 or answer.status in (408, 429):
            raise TemporaryFailure(text, http_status=answer.status)
        raise PermanentFailure(text, http_status=answer.status)
