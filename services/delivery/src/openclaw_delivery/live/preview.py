"""The preview of a run: a message that is edited while the text grows.

    read on ─▶ first part of the text ─▶ room beside deliveries? ─▶ written down ─▶ send or edit

What is asked of the platform is written down first, so that whoever goes on after a death knows
whether a message may be there. One that cannot be found, nor sent again safely, is not sent twice:
the run then has no preview. The delivery of the result takes the message over (`adoption`); where
there is no such delivery, it says in the end that there was nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final

from openclaw_channels.base import (
    ACCOUNT,
    AnswerLost,
    ChannelError,
    FindsSent,
    ForgetsRepeats,
    Message,
    OutboundChannel,
    Part,
    PermanentFailure,
    RateLimited,
    Receipt,
    SendFailure,
    ShowsPreviews,
)
from openclaw_common.contracts.delivery import Destination, send_key
from openclaw_common.store.live import NOT_SHOWN, SENDING, SHOWN, LiveEntry
from openclaw_delivery.live.context import LiveContext, rates
from openclaw_delivery.live.draft import Drafts

WITHDRAWN: Final = {"completed": "(no reply)", "cancelled": "(cancelled)"}
"""What a preview becomes whose run has nothing to deliver, by the run's status."""
FAILED: Final = "(no reply: the run failed)"
"""The same for the others."""
AWAIT_S: Final = 2.0
"""After how long it is looked again whether the delivery has taken a preview over, in seconds."""
WITHDRAW_AGAIN_S: Final = 10.0
"""How long until a preview is withdrawn again where that failed."""

_logger = logging.getLogger(__name__)


def preview_key(run_id: str, destination: Destination) -> str:
    """Return the send key of the first message of a run's preview."""
    return send_key(run_id, 0, destination)


async def may_repeat(
    channel: OutboundChannel, destination: Destination, part: Part, asked_s: float
) -> bool:
    """Whether what may have been sent `asked_s` seconds ago can be sent again, and be seen once.

    Raises a SendFailure.
    """
    if isinstance(channel, ForgetsRepeats) and asked_s >= channel.repeat_seconds(destination, part):
        return False
    return await channel.repeats_safely(destination, part)


@dataclass(frozen=True, slots=True)
class Preview:
    """Shows previews, in whatever room the deliveries leave."""

    context: LiveContext
    drafts: Drafts = field(default_factory=Drafts)

    async def show(self, entry: LiveEntry) -> None:
        """Send, edit or withdraw the preview of one run. Raises StoreUnavailable."""
        try:
            channel = self.context.accounts.outbound(entry.destination)
        except ChannelError:
            await self._drop(entry)
            return
        if entry.ended:
            await self._end(entry, channel)
            return
        if not isinstance(channel, ShowsPreviews):
            await self._drop(entry)
            return
        part = await self._part(entry, channel)
        if part is None or entry.over or await self.context.resting(entry.destination):
            await self._later(entry)
            return
        try:
            destination = await self.context.within_time(self._place(entry, channel, channel))
        except SendFailure as failure:
            await self._not_asked(entry, failure)
            return
        if destination is None:
            await self._drop(entry)
            return
        if not await self._has_room(channel, destination):
            await self._later(entry)
            return
        send = partial(self._send, entry, channel, destination, part)
        if await self._ask(entry, destination, send):
            self.drafts.of(entry.run_id).shown = part.text

    async def _part(self, entry: LiveEntry, channel: OutboundChannel) -> Part | None:
        """Return what the message is to show, None where that is nothing new."""
        draft = self.drafts.of(entry.run_id)
        await draft.read_on(self.context.streams, entry.run_id)
        text = draft.text.strip()
        if len(text) < self.context.limits.preview_min_chars:
            return None
        parts = channel.parts(Message(text, reply_to=entry.reply_to))
        if not parts or parts[0].media is not None or parts[0].text == draft.shown:
            return None
        return parts[0]

    async def _place(
        self, entry: LiveEntry, channel: OutboundChannel, previews: ShowsPreviews
    ) -> Destination | None:
        destination = await self.context.address(channel, entry.destination)
        if entry.message_id is None and not await previews.shows_previews(destination):
            return None
        return destination

    async def _has_room(self, channel: OutboundChannel, destination: Destination) -> bool:
        taken = rates(channel.buckets(destination))
        return await self.context.spare.spare(destination, taken)

    async def _send(
        self, entry: LiveEntry, channel: OutboundChannel, destination: Destination, part: Part
    ) -> Receipt:
        if entry.message_id is not None:
            return await channel.edit(destination, entry.message_id, part)
        key = preview_key(entry.run_id, entry.destination)
        if entry.preview == SENDING:
            if isinstance(channel, FindsSent):
                if found := await channel.find_sent(destination, send_key=key):
                    return found
            elif not await may_repeat(channel, destination, part, entry.asked_s):
                raise PermanentFailure("It is not known whether the preview was sent.")
        return await channel.send(destination, part, send_key=key)

    async def _ask(
        self,
        entry: LiveEntry,
        destination: Destination,
        request: Callable[[], Awaitable[Receipt]],
    ) -> bool:
        """Ask the platform, and write down before and after what it is asked and says.

        Returns whether the message shows what it is to show.
        """
        live, working = self.context.live, not entry.ended
        due = await live.ask(entry, self.context.lease_s, while_running=working)
        if not due:
            return False
        entry = replace(entry, due=due)
        try:
            receipt = await self.context.within_time(request())
        except SendFailure as failure:
            await self._failed(entry, destination, failure)
            return False
        await live.answered(entry.run_id, SHOWN, receipt.message_id)
        if working and receipt.message_id is not None:
            await self._later(entry)
        else:
            await self._drop(entry)
        return True

    async def _failed(
        self, entry: LiveEntry, destination: Destination, failure: SendFailure
    ) -> None:
        self._log(entry, failure)
        state = SHOWN if entry.message_id else entry.preview
        if isinstance(failure, AnswerLost) and state == NOT_SHOWN:
            state = SENDING
        await self.context.live.answered(entry.run_id, state)
        if isinstance(failure, PermanentFailure):
            await self._drop(entry)
            return
        wait_s = WITHDRAW_AGAIN_S if entry.ended else 2 * self._interval_s
        if isinstance(failure, RateLimited):
            wait_s = max(wait_s, failure.retry_after_s)
            seconds = min(failure.retry_after_s, self.context.limits.max_retry_after_seconds)
            await self.context.spare.freeze(
                destination, seconds, whole_account=failure.scope == ACCOUNT
            )
        await self.context.live.keep(entry, wait_s)

    async def _not_asked(self, entry: LiveEntry, failure: SendFailure) -> None:
        self._log(entry, failure)
        if isinstance(failure, PermanentFailure):
            await self._drop(entry)
        else:
            await self.context.live.keep(entry, 2 * self._interval_s)

    async def _end(self, entry: LiveEntry, channel: OutboundChannel) -> None:
        """The run has ended, and its delivery has not taken the preview over, or not yet."""
        live = self.context.live
        if entry.preview == NOT_SHOWN:
            await self._drop(entry)
            return
        if entry.awaits_delivery:
            await live.keep(entry, AWAIT_S)
            return
        try:
            destination = await self.context.within_time(
                self.context.address(channel, entry.destination)
            )
            message_id = await self.context.within_time(self._seen(entry, channel, destination))
        except SendFailure as failure:
            await self._not_asked(entry, failure)
            return
        if message_id is None:
            await self._drop(entry)
            return
        if not await self._has_room(channel, destination):
            await self._later(entry)
            return
        (part,) = channel.parts(Message(WITHDRAWN.get(entry.run_status, FAILED)))
        entry = replace(entry, message_id=message_id)
        await self._ask(entry, destination, partial(channel.edit, destination, message_id, part))

    async def _seen(
        self, entry: LiveEntry, channel: OutboundChannel, destination: Destination
    ) -> str | None:
        """Return the message that shows the preview, if that can be known."""
        if entry.message_id is None and isinstance(channel, FindsSent):
            key = preview_key(entry.run_id, entry.destination)
            found = await channel.find_sent(destination, send_key=key)
            return found.message_id if found else None
        return entry.message_id

    async def _later(self, entry: LiveEntry) -> None:
        await self.context.live.keep(entry, self._interval_s)

    async def _drop(self, entry: LiveEntry) -> None:
        self.drafts.forget(entry.run_id)
        await self.context.live.drop(entry)

    @property
    def _interval_s(self) -> float:
        return self.context.limits.preview_interval_ms / 1000

    def _log(self, entry: LiveEntry, failure: SendFailure) -> None:
        extra = {"run_id": entry.run_id, "error": failure.message}
        _logger.debug("preview_not_shown", extra=extra)
