"""One call of the Bot API, and what its errors mean.

Errors are `{"ok":false,"error_code":…,"description":"…","parameters":{…}}`
(https://core.telegram.org/bots/api#making-requests). The token is a part of the URL.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import aiohttp
import orjson

from openclaw_channels.attachments import Attachment
from openclaw_channels.base import (
    AnswerLost,
    CredentialsRevoked,
    PermanentFailure,
    RateLimited,
    SendFailure,
    TemporaryFailure,
)
from openclaw_channels.platform_http import Answer, PlatformHttp
from openclaw_channels.telegram.settings import TelegramSettings

_USUAL_PAUSE_S: Final = 1.0


class Refused(PermanentFailure):
    """Telegram does not take the request; `migrated_to` is the chat that it should go to."""

    def __init__(
        self, message: str, *, http_status: int, code: str, migrated_to: str | None = None
    ) -> None:
        super().__init__(message, http_status=http_status, code=code)
        self.migrated_to = migrated_to


class TelegramApi:
    """The methods of one bot."""

    def __init__(self, settings: TelegramSettings, http: aiohttp.ClientSession) -> None:
        self._http = PlatformHttp("Telegram", http, settings)
        self._root = settings.api_root
        self._token = settings.bot_token

    async def call(
        self,
        method: str,
        fields: Mapping[str, Any],
        uploads: Mapping[str, Attachment] | None = None,
    ) -> tuple[Any, int]:
        """Return the result of a method and the HTTP status; raises a SendFailure."""
        url = f"{self._root}/bot{self._token.get_secret_value()}/{method}"
        if uploads:
            answer = await self._http.ask("POST", url, data=_form(fields, uploads))
        else:
            answer = await self._http.ask("POST", url, json=fields)
        said = answer.json()
        if isinstance(said, dict) and said.get("ok") is True:
            return said.get("result"), answer.status
        raise self._failure(answer, said if isinstance(said, dict) else {})

    def _failure(self, answer: Answer, said: dict[str, Any]) -> SendFailure:
        status = answer.status
        if 200 <= status < 300 and "error_code" not in said:
            return AnswerLost("Telegram's answer cannot be read.", http_status=status)
        code = said.get("error_code", status)
        parameters = said.get("parameters") or {}
        text = str(said.get("description") or f"HTTP status {status}")
        text = f"Telegram: {text.replace(self._token.get_secret_value(), '…')}"
        if code == 429:
            pause = parameters.get("retry_after") or answer.seconds("Retry-After")
            return RateLimited(
                text, retry_after_s=float(pause or _USUAL_PAUSE_S), http_status=status, code="429"
            )
        if code >= 500 or code == 408:
            return TemporaryFailure(text, http_status=status, code=str(code))
        if code in (401, 404):
            # A token that is none gives 404: it is a part of the path.
            text = f"{text}; set channels.telegram.botToken (or apiRoot) right"
            return CredentialsRevoked(text, http_status=status, code=str(code))
        migrated = parameters.get("migrate_to_chat_id")
        return Refused(
            text,
            http_status=status,
            code=str(code),
            migrated_to=str(migrated) if isinstance(migrated, int) else None,
        )


def _form(fields: Mapping[str, Any], uploads: Mapping[str, Attachment]) -> aiohttp.FormData:
    form = aiohttp.FormData()
    for name, value in fields.items():
        form.add_field(name, value if isinstance(value, str) else orjson.dumps(value).decode())
    for name, file in uploads.items():
        form.add_field(name, file.data, filename=file.filename, content_type=file.mime)
    return form
