"""The ingress over HTTP: plain requests, and event streams that survive a lost connection.

A stream is asked for again with the `Last-Event-ID` of the last event that came, so the caller sees
every event once. Waits between attempts double, and end after `GIVE_UP_S` without a new event.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Final, Self

import aiohttp

from openclaw_cli.errors import CommandFailed
from openclaw_cli.event_stream import EventStreamDecoder, ServerSentEvent
from openclaw_cli.target import Target

FIRST_PAUSE_S: Final = 0.1
LONGEST_PAUSE_S: Final = 2.0
GIVE_UP_S: Final = 60.0
CONNECT_TIMEOUT_S: Final = 10.0
SILENCE_S: Final = 60.0
"""The ingress sends a comment at least every 15 s, so a longer silence is a lost connection."""
_CONNECTION_ERRORS: Final = (aiohttp.ClientError, OSError, TimeoutError)
_TEMPORARY: Final = frozenset({502, 503, 504})


class Refused(CommandFailed):
    """The gateway answered with an error status; `code` is the error's, if it has one."""

    def __init__(self, status: int, code: str | None, message: str) -> None:
        super().__init__(message)
        self.http_status = status
        self.code = code


class _Lost(Exception):
    """The connection ended before the stream did."""


class _NothingMore(Exception):
    """The stream has no event behind the one named."""


@dataclass(frozen=True, slots=True)
class StreamRequest:
    """A request whose answer is an event stream; `after` is the id of an event to begin behind."""

    method: str
    path: str
    body: Mapping[str, Any] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    after: str = ""


class _Patience:
    """How long to go on without a new event."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._until = clock() + GIVE_UP_S
        self._pause_s = FIRST_PAUSE_S

    @property
    def used_up(self) -> bool:
        return self._clock() >= self._until

    def renew(self) -> None:
        self._until = self._clock() + GIVE_UP_S
        self._pause_s = FIRST_PAUSE_S

    async def pause(self) -> None:
        await asyncio.sleep(self._pause_s)
        self._pause_s = min(self._pause_s * 2, LONGEST_PAUSE_S)


class GatewayClient:
    """One gateway; an async context manager. Every failure is a CommandFailed."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._session: aiohttp.ClientSession

    async def __aenter__(self) -> Self:
        headers = {"Authorization": f"Bearer {self._target.token}"} if self._target.token else {}
        timeout = aiohttp.ClientTimeout(
            total=None, sock_connect=CONNECT_TIMEOUT_S, sock_read=SILENCE_S
        )
        self._session = aiohttp.ClientSession(headers=headers, timeout=timeout)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._session.close()

    async def get(self, path: str, *, accept: frozenset[int] = frozenset()) -> dict[str, Any]:
        """Return the JSON object at `path`; a status in `accept` is no error."""
        return await self.call("GET", path, accept=accept)

    async def call(
        self,
        method: str,
        path: str,
        *,
        body: Mapping[str, Any] | None = None,
        accept: frozenset[int] = frozenset(),
    ) -> dict[str, Any]:
        """Return the JSON object that a request, sent once, is answered with."""
        url = self._target.url + path
        try:
            async with self._session.request(method, url, json=body) as response:
                if response.status not in accept:
                    await self._check(response)
                return _json_object(await response.read())
        except _CONNECTION_ERRORS as error:
            raise self._unreachable() from error

    async def post(self, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Return the JSON object that the gateway answers to a POST, which is sent once."""
        return await self.call("POST", path, body=body)

    async def events(
        self, request: StreamRequest, *, is_last: Callable[[ServerSentEvent], bool]
    ) -> AsyncIterator[ServerSentEvent]:
        """Yield the events of a stream up to the last one, over as many connections as it takes.

        Only the first connection must succeed at once.
        """
        patience = _Patience(asyncio.get_running_loop().time)
        last_id = request.after
        while True:
            try:
                async with aclosing(self._connection(request, last_id)) as events:
                    async for event in events:
                        patience.renew()
                        last_id = event.id
                        yield event
                        if is_last(event):
                            return
            except _NothingMore:
                return
            except _Lost as lost:
                if not last_id:
                    raise self._unreachable() from lost
                if patience.used_up:
                    raise self._lost_for_good() from lost
            await patience.pause()

    async def _connection(
        self, request: StreamRequest, last_id: str
    ) -> AsyncGenerator[ServerSentEvent, None]:
        """Yield the events of one connection. Raises _Lost where another may do better."""
        decoder = EventStreamDecoder(last_id)
        try:
            async with self._open(request, last_id) as response:
                await self._check(response)
                if response.status == 204:
                    raise _NothingMore
                async for chunk in response.content.iter_any():
                    for event in decoder.feed(chunk):
                        yield event
        except _CONNECTION_ERRORS as error:
            raise _Lost from error
        except Refused as error:
            if error.http_status in _TEMPORARY and last_id:
                raise _Lost from error
            raise
        raise _Lost

    def _open(self, request: StreamRequest, last_id: str) -> aiohttp.client._RequestContextManager:
        resume = {"Last-Event-ID": last_id} if last_id else {}
        return self._session.request(
            request.method,
            self._target.url + request.path,
            json=request.body,
            headers={**request.headers, **resume},
        )

    async def _check(self, response: aiohttp.ClientResponse) -> None:
        if response.status < 400:
            return
        error = _json_object(await response.read()).get("error")
        said = error if isinstance(error, dict) else {}
        message = str(said.get("message") or response.reason or "no reason given")
        code = said.get("code")
        raise Refused(response.status, code, self._advice(response.status, code, message))

    def _advice(self, status: int, code: str | None, message: str) -> str:
        url = self._target.url
        if status == 401:
            given = "refused the token" if self._target.token else "wants a token"
            return (
                f"the gateway at {url} {given}; give it with --token or OPENCLAW_GATEWAY_TOKEN, or "
                "run this in the folder in which the gateway was started"
            )
        if status == 404 and code is None:
            return (
                f"the gateway at {url} does not serve this; set "
                "gateway.http.endpoints.chatCompletions.enabled to true in its configuration"
            )
        return f"the gateway at {url} answered {status}: {message}"

    def _unreachable(self) -> CommandFailed:
        return CommandFailed(
            f"no gateway answers at {self._target.url}; start one with `openclaw-gateway up`, or "
            "name another with --url or OPENCLAW_GATEWAY_URL"
        )

    def _lost_for_good(self) -> CommandFailed:
        return CommandFailed(
            f"the connection to {self._target.url} was lost and did not come back within "
            f"{GIVE_UP_S:g} s; what became of the run "
            "says `openclaw-gateway runs show ID`"
        )


def _json_object(raw: bytes) -> dict[str, Any]:
    try:
        value = json.loads(raw)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
