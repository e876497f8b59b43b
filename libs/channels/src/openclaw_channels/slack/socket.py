"""Receives over socket mode: a WebSocket that Slack sends envelopes through.

https://docs.slack.dev/apis/events-api/using-socket-mode. URLs, envelopes and acknowledgements are
`slack_sdk`'s; its client is not, because it keeps every failure to itself, a revoked token too, and
tries for ever. What is not acknowledged Slack sends again, so there is no cursor.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Final

import aiohttp
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse

from openclaw_channels.base import (
    Account,
    ChannelContext,
    ChannelError,
    PermanentFailure,
    RateLimited,
    SendFailure,
)
from openclaw_channels.inbound import Accept, Inbound, NotUnderstood, ReceiverFailure
from openclaw_channels.payloads import Object, json_object, string
from openclaw_channels.settings import read_settings
from openclaw_channels.slack.api import SlackApi
from openclaw_channels.slack.settings import SlackInboundSettings, SlackSettings
from openclaw_channels.slack.webhook import Payloads

SWITCHED_OFF: Final = "link_disabled"
_WANTS_ANOTHER: Final = frozenset({"warning", "refresh_requested"})
_MAX_FRAME: Final = 4 * 1024 * 1024
logger = logging.getLogger(__name__)


class SocketReceiver:
    """Holds one account's connection.

    One at a time: Slack spreads what it has over all connections of an app.
    """

    def __init__(
        self,
        account: Account,
        context: ChannelContext,
        now_s: Callable[[], float] = time.time,
    ) -> None:
        self._settings = read_settings(SlackInboundSettings, account)
        if self._settings.app_token is None:
            raise ChannelError(
                f"channels.slack (account {account.account_id}) has no appToken; set it to one of"
                " the app's with the scope connections:write, or mode to http."
            )
        self._token = self._settings.app_token
        self._http = context.http
        self._api = SlackApi(read_settings(SlackSettings, account), context.http)
        self._payloads = Payloads(account.account_id, self._settings)
        self._now_s = now_s

    async def receive(self, cursor: str | None, accept: Accept) -> None:
        """Receive until cancelled; raises ReceiverFailure, and what `accept` raises."""
        socket = await self._connect()
        try:
            while True:
                await self._serve(socket, accept)
                # The next one first, so that Slack always has somewhere to send to.
                following = await self._connect()
                await socket.close()
                socket = following
        finally:
            await socket.close()

    async def _connect(self) -> aiohttp.ClientWebSocketResponse:
        url = await self._url()
        seconds = self._settings.connect_timeout_ms / 1000
        try:
            return await self._http.ws_connect(
                url,
                heartbeat=self._settings.ping_seconds,
                max_msg_size=_MAX_FRAME,
                timeout=aiohttp.ClientWSTimeout(ws_close=seconds),
            )
        except (TimeoutError, aiohttp.ClientError, OSError):
            # What aiohttp raises holds the URL, and that a ticket.
            failure = ReceiverFailure("Slack's socket cannot be reached.")
        raise failure

    async def _url(self) -> str:
        token = self._token.get_secret_value()
        try:
            answer = await self._api.ask(self._api.web.apps_connections_open, app_token=token)
        except RateLimited as limited:
            raise ReceiverFailure(limited.message, retry_after_s=limited.retry_after_s) from None
        except PermanentFailure as refused:
            raise ReceiverFailure(
                f"Slack opens no socket ({refused.code}); set channels.slack.appToken to a valid"
                " xapp-… token with the scope connections:write, and switch socket mode on.",
                permanent=True,
            ) from None
        except SendFailure as failure:
            raise ReceiverFailure(failure.message) from None
        url = answer.get("url")
        if not isinstance(url, str):
            raise ReceiverFailure("Slack named no socket to connect to.")
        return url

    async def _serve(self, socket: aiohttp.ClientWebSocketResponse, accept: Accept) -> None:
        """Take what comes until Slack asks for another connection."""
        async for frame in socket:
            if frame.type is not aiohttp.WSMsgType.TEXT:
                break
            try:
                envelope = json_object(frame.data)
            except NotUnderstood:
                logger.warning("slack_frame_not_understood")
                continue
            if string(envelope, "type") != "disconnect":
                await self._take(socket, envelope, accept)
            elif self._is_over(envelope):
                return
        raise ReceiverFailure("The socket to Slack broke.")

    def _is_over(self, envelope: Object) -> bool:
        reason = string(envelope, "reason")
        if reason == SWITCHED_OFF:
            raise ReceiverFailure(
                "Socket mode is switched off for the app; switch it on, or set channels.slack.mode"
                " to http.",
                permanent=True,
            )
        if reason not in _WANTS_ANOTHER:
            raise ReceiverFailure(f"Slack closed the socket: {reason[:100] or 'no reason given'}.")
        return True

    async def _take(
        self, socket: aiohttp.ClientWebSocketResponse, envelope: Object, accept: Accept
    ) -> None:
        request = SocketModeRequest.from_dict(dict(envelope))
        if request is None or not isinstance(request.payload, dict):
            return
        try:
            inbound = self._read(request.type, request.payload)
        except NotUnderstood:
            # It would come again and again.
            logger.warning("slack_envelope_not_understood", extra={"kind": request.type[:40]})
            inbound = Inbound()
        if inbound.messages:
            await accept(inbound.messages, None)
        answer = inbound.answer.body if request.accepts_response_payload else b""
        payload = dict(json_object(answer)) if answer else None
        response = SocketModeResponse(request.envelope_id, payload)
        try:
            await socket.send_json(response.to_dict())
        except (aiohttp.ClientError, OSError):
            raise ReceiverFailure("The socket to Slack broke.") from None

    def _read(self, kind: str, payload: Object) -> Inbound:
        now_ms = int(self._now_s() * 1000)
        if kind == "events_api":
            return self._payloads.event(payload)
        if kind == "slash_commands":
            return self._payloads.command(payload, now_ms)
        if kind == "interactive":
            return self._payloads.interaction(payload, now_ms)
        return Inbound()
