"""One call of Slack's Web API, and what its answer means.

Errors: https://docs.slack.dev/reference/methods/chat.postMessage and …/apis/web-api/rate-limits.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any, Final

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from openclaw_channels.base import (
    ACCOUNT,
    DESTINATION,
    AnswerLost,
    CredentialsRevoked,
    PermanentFailure,
    RateLimited,
    SendFailure,
    TemporaryFailure,
)
from openclaw_channels.platform_http import PlatformHttp, transport_failure
from openclaw_channels.slack.settings import SlackSettings

_RATE: Final = frozenset({"ratelimited", "rate_limited"})
_REVOKED: Final = frozenset(
    {"invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired"}
)
_PASSING: Final = frozenset(
    {
        "fatal_error",
        "internal_error",
        "request_timeout",
        "service_unavailable",
        "team_added_to_org",
    }
)
_REMEDIES: Final = {
    "channel_not_found": "check the channel's id, and that the app may see it",
    "not_in_channel": "invite the app to the channel",
    "missing_scope": "give the app the scope that is missing and install it again",
    "is_archived": "the channel is archived",
}

Method = Callable[..., Awaitable[AsyncSlackResponse]]


class SlackApi:
    """Speaks as one app; `web` has the methods of the API."""

    def __init__(self, settings: SlackSettings, http: aiohttp.ClientSession) -> None:
        # The SDK would log texts and upload URLs at DEBUG.
        logger = logging.getLogger(f"{__name__}.sdk")
        logger.setLevel(logging.INFO)
        self.web = AsyncWebClient(
            token=settings.bot_token.get_secret_value(),
            base_url=settings.api_root + "/",
            session=http,
            retry_handlers=[],
            logger=logger,
        )
        # It takes the proxy of the environment; the session knows better.
        self.web.proxy = None
        self._seconds = settings.request_timeout_ms / 1000
        self._default_wait = settings.default_retry_after_seconds
        self._uploads = PlatformHttp("Slack", http, settings)

    def __repr__(self) -> str:
        return "SlackApi(…)"

    async def send(self, method: Method, **fields: Any) -> AsyncSlackResponse:
        """Return the answer to a call that people see; raises a SendFailure."""
        try:
            async with asyncio.timeout(self._seconds):
                return await method(**fields)
        except SlackApiError as refused:
            raise self._failure(refused.response) from None
        except SlackClientError:
            raise PermanentFailure("Slack's SDK does not take this request.") from None
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise transport_failure("Slack", error) from None
        except AttributeError:
            # How the SDK fails on a successful answer that is text.
            raise AnswerLost("Slack answered with something that is not JSON.") from None

    async def ask(self, method: Method, **fields: Any) -> AsyncSlackResponse:
        """Do as `send` does for a call that may be repeated; never raises AnswerLost."""
        try:
            return await self.send(method, **fields)
        except AnswerLost as lost:
            raise TemporaryFailure(lost.message) from None
        except RateLimited as limited:
            limited.scope = ACCOUNT
            raise

    async def upload(self, url: str, data: bytes) -> None:
        """Put a file where Slack said; nobody sees it yet."""
        try:
            answer = await self._uploads.ask("POST", url, data=data)
        except AnswerLost as lost:
            raise TemporaryFailure(lost.message) from None
        if answer.status == 200:
            return
        text = f"Slack answered an upload with status {answer.status}."
        if answer.status == 429:
            wait = answer.seconds("Retry-After")
            raise RateLimited(
                text, retry_after_s=self._default_wait if wait is None else wait, scope=ACCOUNT
            )
        kind = TemporaryFailure if answer.status >= 500 else PermanentFailure
        raise kind(text, http_status=answer.status)

    def _failure(self, response: AsyncSlackResponse | aiohttp.ClientResponse) -> SendFailure:
        if not isinstance(response, AsyncSlackResponse):
            return _unreadable(response.status)
        status, data = response.status_code, response.data
        error = data.get("error") if isinstance(data, dict) else None
        if status == 429 or error in _RATE:
            wait = _number(response.headers.get("Retry-After"))
            return RateLimited(
                "Slack asks to wait.",
                retry_after_s=self._default_wait if wait is None else wait,
                scope=DESTINATION,
                http_status=status,
                code=error,
            )
        if error is None:
            return _unreadable(status)
        return _refusal(error, status)


def _refusal(error: str, status: int) -> SendFailure:
    if error in _REVOKED:
        return CredentialsRevoked(
            f"Slack does not accept the token ({error}); set channels.slack.botToken to a"
            " valid one.",
            http_status=status,
            code=error,
        )
    remedy = f"; {_REMEDIES[error]}" if error in _REMEDIES else ""
    kind = TemporaryFailure if error in _PASSING or status >= 500 else PermanentFailure
    return kind(f"Slack refused it: {error}{remedy}.", http_status=status, code=error)


def _unreadable(status: int) -> SendFailure:
    text = f"Slack answered with status {status} and nothing that can be read."
    if status >= 500 or status == 408:
        return TemporaryFailure(text, http_status=status)
    if status >= 300:
        return PermanentFailure(f"{text} Check channels.slack.apiRoot.", http_status=status)
    return AnswerLost(text, http_status=status)


def _number(text: str | None) -> float | None:
    try:
        return max(float(text or ""), 0.0)
    except ValueError:
        return None
