"""One request to Discord's API, and what its answer means.

Statuses and error codes: https://docs.discord.com/developers/topics/opcodes-and-status-codes.
"""

from __future__ import annotations

from typing import Any, Final

import aiohttp

from openclaw_channels.base import (
    AnswerLost,
    CredentialsRevoked,
    PermanentFailure,
    SendFailure,
    TemporaryFailure,
)
from openclaw_channels.discord.limits import LearnedLimits, rate_limited
from openclaw_channels.discord.settings import DiscordSettings
from openclaw_channels.platform_http import Answer, PlatformHttp
from openclaw_common.runtime.clock import Clock

USER_AGENT: Final = "DiscordBot (https://openclaw.ai, 1)"
"""In the form that Discord demands; it turns others away."""
DEFAULT_RETRY_AFTER_S: Final = 5.0
"""How long to wait where a 429 does not say, in seconds."""

_TOO_LARGE: Final = 40005
_FORUM: Final = frozenset({40058, 50008, 50024})
_OVER: Final = frozenset({10015, 10062, 50027})
_MAX_REASON: Final = 200


class RequestTooLarge(PermanentFailure):
    """The attachment is more than this place takes."""


class NoPlainChannel(PermanentFailure):
    """Messages cannot be sent there as they are; it may be a forum."""


class InteractionOver(PermanentFailure):
    """The interaction's token is no longer taken."""


class DiscordApi:
    """Speaks as one bot."""

    def __init__(
        self, settings: DiscordSettings, http: aiohttp.ClientSession, clock: Clock
    ) -> None:
        self._root = settings.api_root
        self._token = settings.token
        self._http = PlatformHttp("Discord", http, settings)
        self._limits = LearnedLimits(clock, settings.lookup_cache_entries)

    async def look_up(self, path: str) -> Any:
        """Return the JSON of a GET; raises a SendFailure, never AnswerLost."""
        return await self._harmless("GET", path)

    async def open(self, path: str, json: Any) -> Any:
        """Return the JSON of a POST that nobody notices when it is repeated."""
        return await self._harmless("POST", path, json=json)

    async def change(self, path: str, json: Any) -> Any:
        """Return the JSON of a PATCH, which may be repeated; raises a SendFailure."""
        return await self._harmless("PATCH", path, json=json)

    async def send(
        self,
        method: str,
        path: str,
        *,
        route: str,
        json: Any = None,
        data: aiohttp.FormData | None = None,
    ) -> tuple[dict[str, Any], int]:
        """Return the object that a send answers and its status; raises a SendFailure."""
        self._limits.check(route)
        answer = await self._http.ask(
            method, self._root + path, headers=self._headers(), json=json, data=data
        )
        self._limits.learn(route, answer)
        return _object(_accepted(answer, revocable=True)), answer.status

    async def follow_up(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        data: aiohttp.FormData | None = None,
    ) -> tuple[dict[str, Any], int]:
        """Do as `send` does with an interaction's own token, which needs no bot's."""
        answer = await self._http.ask(
            method, self._root + path, headers={"User-Agent": USER_AGENT}, json=json, data=data
        )
        return _object(_accepted(answer, revocable=False)), answer.status

    async def _harmless(self, method: str, path: str, json: Any = None) -> Any:
        try:
            answer = await self._http.ask(
                method, self._root + path, headers=self._headers(), json=json
            )
        except AnswerLost as lost:
            raise TemporaryFailure(lost.message) from None
        return _accepted(answer, revocable=True).json()

    def _headers(self) -> dict[str, str]:
        token = self._token.get_secret_value()
        return {"User-Agent": USER_AGENT, "Authorization": f"Bot {token}"}


def _accepted(answer: Answer, *, revocable: bool) -> Answer:
    if 200 <= answer.status < 300:
        return answer
    raise _failure(answer, revocable=revocable)


def _failure(answer: Answer, *, revocable: bool) -> SendFailure:
    status = answer.status
    if status == 429:
        return rate_limited(answer, DEFAULT_RETRY_AFTER_S)
    if status == 408 or status >= 500:
        return TemporaryFailure(f"Discord answered with status {status}.", http_status=status)
    body = answer.json()
    told = body if isinstance(body, dict) else {}
    code = told.get("code") if isinstance(told.get("code"), int) else None
    text = f"Discord refused it with status {status}: {_reason(told)}"
    kind: type[SendFailure] = PermanentFailure
    if status == 401 and revocable:
        kind = CredentialsRevoked
        text = "Discord does not accept the bot token; set channels.discord.token to a valid one."
    elif status == 413 or code == _TOO_LARGE:
        kind = RequestTooLarge
    elif code in _OVER and not revocable:
        kind = InteractionOver
    elif code in _FORUM:
        kind = NoPlainChannel
    elif 300 <= status < 400:
        text = f"Discord redirects with status {status}; check channels.discord.apiRoot."
    return kind(text, http_status=status, code=str(code) if code else None)


def _reason(told: dict[str, Any]) -> str:
    message = told.get("message")
    return message[:_MAX_REASON] if isinstance(message, str) and message else "no reason given"


def _object(answer: Answer) -> dict[str, Any]:
    body = answer.json()
    return body if isinstance(body, dict) else {}
