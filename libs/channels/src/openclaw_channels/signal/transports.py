"""The two ways to signal-cli: its daemon's JSON-RPC, and the REST container."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any, Final, Protocol

import aiohttp
from yarl import URL

from openclaw_channels.base import AnswerLost, Receipt
from openclaw_channels.platform_http import Answer, PlatformHttp
from openclaw_channels.signal.errors import rest_failure
from openclaw_channels.signal.markup import as_container_markup
from openclaw_channels.signal.rpc import Rpc
from openclaw_channels.signal.settings import SignalSettings
from openclaw_channels.signal.targets import GROUP, USERNAME

_NAME: Final = "signal-cli"


@dataclass(frozen=True, slots=True)
class Quote:
    """The message that is answered: its timestamp and who wrote it."""

    timestamp: int
    author: str


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message: `to` as `parse_target` gives it, `attachment` as a data URI (RFC 2397)."""

    to: str
    text: str
    styles: tuple[str, ...] = ()
    attachment: str | None = None
    quote: Quote | None = None
    edited: int | None = None


class SignalTransport(Protocol):
    """Sends for one account; both methods raise a SendFailure."""

    async def send(self, outgoing: Outgoing) -> Receipt:
        """Send, or replace the message with the timestamp `edited`."""

    async def show_typing(self, to: str) -> None:
        """Show the indicator."""


def transport(settings: SignalSettings, http: aiohttp.ClientSession) -> SignalTransport:
    """Return the transport that the settings name."""
    kind = Container if settings.transport.kind == "container" else Daemon
    return kind(settings, PlatformHttp(_NAME, http, settings))


class Daemon:
    """`signal-cli daemon --http` (signal-cli-jsonrpc(5))."""

    def __init__(self, settings: SignalSettings, http: PlatformHttp) -> None:
        self._rpc = Rpc(settings, http)

    async def send(self, outgoing: Outgoing) -> Receipt:
        """Send by the method `send`."""
        params: dict[str, Any] = {**_recipient(outgoing.to), "message": outgoing.text}
        if outgoing.styles:
            params["textStyle"] = list(outgoing.styles)
        if outgoing.attachment is not None:
            params["attachments"] = [outgoing.attachment]
        if outgoing.quote is not None:
            params["quoteTimestamp"] = outgoing.quote.timestamp
            params["quoteAuthor"] = outgoing.quote.author
        if outgoing.edited is not None:
            params["editTimestamp"] = outgoing.edited
        result, status = await self._rpc.call("send", params)
        timestamp = result.get("timestamp") if isinstance(result, dict) else None
        return Receipt(str(timestamp) if timestamp is not None else None, status)

    async def show_typing(self, to: str) -> None:
        """Show it by the method `sendTyping`, which takes usernames as recipients."""
        recipient = _recipient(to)
        if username := recipient.pop("username", None):
            recipient = {"recipient": [f"u:{username[0]}"]}
        await self._rpc.call("sendTyping", recipient)


class Container:
    """bbernhard's signal-cli-rest-api."""

    def __init__(self, settings: SignalSettings, http: PlatformHttp) -> None:
        self._settings = settings
        self._http = http

    async def send(self, outgoing: Outgoing) -> Receipt:
        """Send by `POST /v2/send`."""
        body: dict[str, Any] = {
            "number": self._settings.account,
            "recipients": [_address(outgoing.to)],
            "message": as_container_markup(outgoing.text, outgoing.styles),
            "text_mode": "styled",
        }
        if outgoing.attachment is not None:
            body["base64_attachments"] = [outgoing.attachment]
        if outgoing.quote is not None:
            body["quote_timestamp"] = outgoing.quote.timestamp
            body["quote_author"] = outgoing.quote.author
        if outgoing.edited is not None:
            body["edit_timestamp"] = outgoing.edited
        answer = await self._ask("POST", "/v2/send", body)
        said = answer.json()
        if not isinstance(said, dict) or "timestamp" not in said:
            raise AnswerLost("signal-cli's answer cannot be read.", http_status=answer.status)
        return Receipt(str(said["timestamp"]), answer.status)

    async def show_typing(self, to: str) -> None:
        """Show it by `PUT /v1/typing-indicator/{number}`."""
        number = URL.build(path=self._settings.account).raw_path.replace("+", "%2B")
        await self._ask("PUT", f"/v1/typing-indicator/{number}", {"recipient": _address(to)})

    async def _ask(self, method: str, path: str, body: dict[str, Any]) -> Answer:
        answer = await self._http.ask(method, f"{self._settings.url}{path}", json=body)
        if 200 <= answer.status < 300:
            return answer
        said = answer.json()
        pause = self._settings.rate_limit_pause_seconds
        raise rest_failure(said if isinstance(said, dict) else {}, answer.status, pause)


def _recipient(to: str) -> dict[str, Any]:
    if to.startswith(GROUP):
        return {"groupId": to.removeprefix(GROUP)}
    if to.startswith(USERNAME):
        return {"username": [to.removeprefix(USERNAME)]}
    return {"recipient": [to]}


def _address(to: str) -> str:
    """Return what the container calls it: its group ids are base64 of signal-cli's base64."""
    if to.startswith(GROUP):
        return "group." + base64.b64encode(to.removeprefix(GROUP).encode()).decode()
    return to.removeprefix(USERNAME)
