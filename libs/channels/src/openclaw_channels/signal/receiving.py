"""Holds the connection on which signal-cli tells of envelopes.

signal-cli does not wait for an answer, so a message that it has written is lost with the process
that reads it. What can be done is done here: little is read ahead, nothing is read while the last
message is not durable, the store's absence is waited for, and a process that is asked to end takes
what has come before it goes.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from contextlib import AbstractAsyncContextManager
from typing import Final

from openclaw_channels.base import Account, ChannelContext, SendFailure
from openclaw_channels.inbound import Accept, NotUnderstood, ReceiverFailure
from openclaw_channels.platform_http import PlatformHttp
from openclaw_channels.said import read_object
from openclaw_channels.signal.envelope import Recipient, read_event
from openclaw_channels.signal.settings import SignalSettings
from openclaw_channels.signal.streams import EventStream, drain, open_sse, open_ws
from openclaw_channels.signal.words import Me
from openclaw_common.contracts.errors import GatewayError
from openclaw_common.contracts.inbound import InboundMessage

logger = logging.getLogger(__name__)

STREAMING_MODE: Final = "json-rpc"
_PAUSE_S: Final = 1.0
"""Between two attempts to make messages durable."""


def recipient(settings: SignalSettings, account: Account) -> Recipient:
    """Return whose envelopes an account reads."""
    me = Me(settings.account, (settings.account_uuid or "").lower())
    return Recipient(me, account.account_id)


class SignalReceiver:
    """One account's connection, to the daemon or to the container."""

    def __init__(self, settings: SignalSettings, account: Account, context: ChannelContext) -> None:
        self._settings = settings
        self._recipient = recipient(settings, account)
        self._http = context.http
        self._is_container = settings.transport.kind == "container"

    async def receive(self, cursor: str | None, accept: Accept) -> None:
        """Take what comes; there is no cursor."""
        if self._is_container:
            await self._check_mode()
        async with self._stream() as stream:
            try:
                while True:
                    await self._take(await stream.next(), accept)
            except asyncio.CancelledError:
                await self._take(await drain(stream), accept)
                raise

    def _stream(self) -> AbstractAsyncContextManager[EventStream]:
        opened = open_ws if self._is_container else open_sse
        return opened(self._http, self._settings)

    async def _check_mode(self) -> None:
        """Refuse a container that does not stream: there, asking for a stream fetches messages."""
        http = PlatformHttp("signal-cli", self._http, self._settings)
        try:
            answer = await http.ask("GET", f"{self._settings.url}/v1/about")
        except SendFailure as failure:
            raise ReceiverFailure(failure.message) from None
        about = answer.json()
        mode = about.get("mode") if isinstance(about, dict) else None
        if answer.status == 200 and mode == STREAMING_MODE:
            return
        if answer.status >= 500:
            raise ReceiverFailure(f"The container answered with HTTP status {answer.status}.")
        text = f"The container runs in the mode {mode}; start it with MODE={STREAMING_MODE}."
        raise ReceiverFailure(text, permanent=True)

    async def _take(self, events: Iterable[bytes], accept: Accept) -> None:
        """Make what events say durable, also when this is cancelled meanwhile, but for twice."""
        messages = [message for event in events if (message := self._read(event)) is not None]
        if not messages:
            return
        taking = asyncio.ensure_future(_insist(messages, accept))
        try:
            await asyncio.shield(taking)
        except asyncio.CancelledError:
            await taking
            raise

    def _read(self, event: bytes) -> InboundMessage | None:
        try:
            return read_event(read_object(event), self._recipient)
        except NotUnderstood as reason:
            logger.warning("signal_event_passed_by", extra={"why": str(reason)})
            return None


async def _insist(messages: list[InboundMessage], accept: Accept) -> None:
    """Accept, and wait for a store that is away or full: nobody tells of these messages again."""
    while True:
        try:
            await accept(messages, None)
        except GatewayError as refused:
            if refused.retry_after_s is None:
                raise
            await asyncio.sleep(_PAUSE_S)
        else:
            return
