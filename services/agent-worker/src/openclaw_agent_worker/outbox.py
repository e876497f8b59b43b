"""Messages that tools send: a target as somebody wrote it becomes a delivery in the queue."""

from __future__ import annotations

import mimetypes
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cached_property
from hashlib import sha256
from typing import Final
from urllib.parse import urlsplit

from openclaw_agent_worker.tools.services import Outgoing, Sent
from openclaw_agent_worker.tools.tool import ToolContext, ToolError
from openclaw_channels.base import ChannelError, ChannelPlugin
from openclaw_channels.targets import resolve_target
from openclaw_common.contracts.delivery import (
    DEFAULT_ACCOUNT,
    LAST,
    DeliveryRequest,
    Destination,
    Media,
)
from openclaw_common.contracts.errors import IdempotencyConflict, QueueFull
from openclaw_common.contracts.ids import main_session
from openclaw_common.contracts.tenants import tenant_of
from openclaw_common.queue.job_queue import DeliveryQueue, Idempotency
from openclaw_common.runtime.config import Config
from openclaw_common.runtime.config.channels import own_account
from openclaw_common.store.store import Store

IDEMPOTENCY_SCOPE: Final = "message-tool"
UNKNOWN_MIME: Final = "application/octet-stream"


class QueuedMessages:
    """An Outbox. The channels are loaded with the first message that names one."""

    def __init__(
        self, config: Config, store: Store, load: Callable[[], Mapping[str, ChannelPlugin]]
    ) -> None:
        self._config = config
        self._store = store
        self._queue = DeliveryQueue(store)
        self._load = load

    @cached_property
    def _plugins(self) -> Mapping[str, ChannelPlugin]:
        return self._load()

    async def send(self, message: Outgoing, caller: ToolContext) -> Sent:
        """See Outbox.send."""
        destination = await self._destination(message, caller)
        request = DeliveryRequest(
            destination,
            message.text,
            media=tuple(map(_media, message.media_urls)),
            run_id=caller.run_id,
            session_key=caller.session_key,
            agent_id=caller.agent_id,
            source="tool",
            reply_to=message.reply_to,
        )
        # A call that is made again may be another run's.
        fingerprint = sha256(replace(request, run_id=None).encode()).hexdigest()
        # Whoever calls over HTTP chooses the id; another tenant may choose the same.
        scope = f"{IDEMPOTENCY_SCOPE}:{caller.session_key}"
        key = Idempotency(scope, caller.call_id, fingerprint)
        try:
            outcome = await self._queue.submit(request, idempotency=key)
        except (QueueFull, IdempotencyConflict) as error:
            raise ToolError(error.body.message) from None
        return Sent(outcome.id, destination)

    async def _destination(self, message: Outgoing, caller: ToolContext) -> Destination:
        channel = None if message.channel == LAST else message.channel
        target = message.to or self._default_target(channel)
        if target is None:
            return await self._last(channel, caller)
        try:
            name, to, thread = resolve_target(self._plugins, channel, target)
        except ChannelError as error:
            raise ToolError(str(error)) from None
        configured = self._config.channels.get(name)
        if configured is None or not configured.enabled:
            raise ToolError(f"The channel {name} is not configured; use one of {self._known()}.")
        account = message.account_id or DEFAULT_ACCOUNT
        if account not in (DEFAULT_ACCOUNT, configured.default_account, *configured.accounts):
            raise ToolError(f"The channel {name} has no account {account!r}.")
        own = own_account(self._config.channels, name, account) or account
        return Destination(name, to, own, message.thread_id or thread)

    def _default_target(self, channel: str | None) -> str | None:
        configured = self._config.channels.get(channel) if channel else None
        return configured.default_to if configured else None

    async def _last(self, channel: str | None, caller: ToolContext) -> Destination:
        for key in (
            caller.session_key,
            main_session(caller.agent_id, tenant_of(caller.session_key)),
        ):
            session = await self._store.sessions.get(key)
            route = session.route if session else None
            if route is not None and channel in (None, route.channel):
                return route
        raise ToolError("Nothing was heard in this session yet: name a channel and to.")

    def _known(self) -> str:
        return ", ".join(sorted(self._config.channels)) or "none: no channel is configured"


def _media(url: str) -> Media:
    refused = ToolError(f"media must be https URLs, not {url[:100]!r}.")
    try:
        parts = urlsplit(url)
    except ValueError:
        raise refused from None
    if parts.scheme != "https" or not parts.hostname:
        raise refused
    mime, _ = mimetypes.guess_type(parts.path)
    return Media(mime or UNKNOWN_MIME, url=url, filename=parts.path.rpartition("/")[2] or None)
