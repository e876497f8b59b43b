"""One request to a platform, and what its absence of an answer means.

Errors name the platform and never the URL, because some platforms put a token into it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import aiohttp
import orjson

from openclaw_channels.base import AnswerLost, PermanentFailure, SendFailure, TemporaryFailure
from openclaw_channels.settings import ChannelSettings

_NEVER_SENT: Final = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError)
_MALFORMED: Final = (aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError)


class _TooMuch(aiohttp.ClientPayloadError):
    pass


@dataclass(frozen=True, slots=True)
class Answer:
    """What the platform said; `headers` are looked up without regard to case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """Return the body as JSON, None if it is none."""
        try:
            return orjson.loads(self.body)
        except orjson.JSONDecodeError:
            return None

    def seconds(self, header: str) -> float | None:
        """Return a header that counts seconds, None without it."""
        try:
            return max(float(self.headers.get(header, "")), 0.0)
        except ValueError:
            return None


class AnswerTooLarge(PermanentFailure):
    """The answer is larger than whoever asked allows."""


class PlatformHttp:
    """Asks one platform; `name` is what people call it."""

    def __init__(self, name: str, http: aiohttp.ClientSession, settings: ChannelSettings) -> None:
        self._name = name
        self._http = http
        self._max_bytes = settings.max_answer_bytes
        self._timeout = aiohttp.ClientTimeout(
            total=settings.request_timeout_ms / 1000, connect=settings.connect_timeout_ms / 1000
        )

    async def ask(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        json: Any = None,
        data: Any = None,
        max_bytes: int | None = None,
    ) -> Answer:
        """Return the answer, whatever its status; redirects are answers too.

        Raises TemporaryFailure if nothing can have been sent, AnswerTooLarge past `max_bytes`
        where that is given, else AnswerLost.
        """
        sent = dict(headers or {})
        if json is not None:
            data, sent["Content-Type"] = orjson.dumps(json), "application/json"
        try:
            async with self._http.request(
                method,
                url,
                headers=sent,
                data=data,
                allow_redirects=False,
                timeout=self._timeout,
            ) as response:
                body = await self._read(response, max_bytes or self._max_bytes)
                return Answer(response.status, response.headers, body)
        except _TooMuch as error:
            failure = transport_failure(self._name, error)
            if max_bytes is not None:
                failure = AnswerTooLarge(f"{self._name}'s answer is over {max_bytes} bytes.")
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            failure = transport_failure(self._name, error)
        # Raised outside of the handler: what aiohttp raises may hold the URL.
        raise failure

    async def _read(self, response: aiohttp.ClientResponse, max_bytes: int) -> bytes:
        body = bytearray()
        async for chunk in response.content.iter_any():
            body += chunk
            if len(body) > max_bytes:
                raise _TooMuch("too large")
        return bytes(body)


def transport_failure(name: str, error: BaseException) -> SendFailure:
    """Return what an error of aiohttp means for a send to the platform `name`."""
    if isinstance(error, _NEVER_SENT):
        return TemporaryFailure(f"{name} cannot be reached.")
    if isinstance(error, _MALFORMED):
        return PermanentFailure(f"{name} cannot be asked: the base URL is not valid.")
    if isinstance(error, TimeoutError):
        return AnswerLost(f"{name} did not answer in time.")
    return AnswerLost(f"The connection to {name} broke before it answered.")
