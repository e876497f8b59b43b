"""One attempt at a delivery, from its lease to the lease settled.

    too early? ─▶ account resting? ─▶ channel, parts ─▶ a slot ─▶ address
    for each part without a receipt:
        doubt settled ─▶ its turn in the platform's rates ─▶ part_started ─▶ send ─▶ part_sent

A failure is written down and the lease released until the next try, or the delivery ends. What is
written comes before what is done, so that the next attempt knows which part may have been sent.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from typing import Final

import orjson

from openclaw_channels.base import (
    AnswerLost,
    ChannelError,
    CredentialsRevoked,
    Message,
    OutboundChannel,
    Part,
    PermanentFailure,
    Receipt,
    SendFailure,
)
from openclaw_common.contracts.delivery import DeliveryRequest, DeliveryStatus, Destination
from openclaw_common.contracts.delivery_history import DeliveryHistory
from openclaw_common.runtime.log_context import log_context
from openclaw_common.store.leases import Lease
from openclaw_delivery.asking import Asking, Doubt
from openclaw_delivery.attempt import Attempt
from openclaw_delivery.context import DeliveryContext
from openclaw_delivery.failures import settle_failure
from openclaw_delivery.journal import Journal

_logger: Final = logging.getLogger(__name__)

PROBE_SLACK_S: Final = 10.0
"""What trying a rested account may take beside the request itself, in seconds."""
REST_JITTER: Final = 0.1
"""Share of a rest that chance adds to the wait for its end, so that not all come back at once."""
CUT_CHANGED: Final = (
    "The message is cut into other parts than when the first of them were sent; set the channel's "
    "textChunkLimit and streaming back to what they were, then replay the delivery."
)
CUT_AT_ONCE: Final = 1000
"""Length of a text in characters up to which cutting it holds up nothing else."""
TOO_MANY_PARTS: Final = (
    "The message would be {parts} parts, and deliveries.maxParts allows {most}; say less, or allow "
    "more and replay the delivery."
)
ANSWER_LOST: Final = "A part was on its way when its process ended; it may have been sent."


async def dispatch(context: DeliveryContext, lease: Lease) -> str:
    """Make one attempt; returns the delivery's terminal status, or RELEASED.

    Raises SchemaNotSupported, StoreUnavailable, LeaseLost, and CancelledError when it was told to
    stop: a request that is under way then was waited for and written down.
    """
    request = DeliveryRequest.decode(lease.payload)
    channel, began = request.destination.channel, context.clock.monotonic()
    ids = {"run_id": request.run_id, "session_key": request.session_key}
    told = {name: value for name, value in ids.items() if value}
    outcome = "interrupted"
    with log_context(delivery_id=lease.id, attempt=lease.attempt, **told):
        try:
            outcome = await _dispatch(context, lease, request)
            _logger.info("delivery_attempt_ended", extra={"outcome": str(outcome)})
        finally:
            elapsed = context.clock.monotonic() - began
            context.counts.attempt_ended(channel, outcome, elapsed)
    return outcome


async def _dispatch(context: DeliveryContext, lease: Lease, request: DeliveryRequest) -> str:
    if request.suppress is not None:
        journal = Journal(lease, DeliveryHistory(), context.clock)
        await journal.suppressed(request.suppress)
        return DeliveryStatus.SUPPRESSED
    # A first attempt has nothing behind it.
    record = await context.records.get(lease.id) if lease.attempt > 1 else None
    history = record.history if record else DeliveryHistory()
    journal = Journal(lease, history, context.clock)
    accepted_ms = record.created_ms if record else journal.now_ms()
    attempt = Attempt(context, lease, request, journal, history.replayed_at_ms or accepted_ms)
    return await _put_off(attempt) or await _deliver(attempt)


async def _put_off(attempt: Attempt) -> str | None:
    """Release what must not be tried yet."""
    early_s = ((attempt.history.retry_at_ms or 0) - attempt.journal.now_ms()) / 1000
    if early_s > 0:
        # Whoever wrote that time down died before it could release the lease until then.
        return await attempt.release(early_s)
    context = attempt.context
    probe_s = context.limits.send_timeout_seconds + PROBE_SLACK_S
    gate = await context.rests.gate(attempt.account, attempt.lease.id, probe_s)
    attempt.probing = gate.probing
    if gate.error is None:
        return None
    delay_s = gate.left_s * (1 + REST_JITTER * context.backoff.random())
    if attempt.too_old(delay_s):
        return await attempt.end(DeliveryStatus.DEAD, gate.error.message, gate.error.code)
    await attempt.journal.waiting(gate.error)
    return await attempt.release(delay_s)


async def _deliver(attempt: Attempt) -> str:
    request, history = attempt.request, attempt.history
    try:
        channel = attempt.context.accounts.outbound(request.destination)
    except ChannelError as error:
        return await attempt.end(DeliveryStatus.FAILED, str(error), "account_unusable")
    message = Message(request.text, request.media, request.reply_to, request.event)
    parts = await _cut(channel, message)
    if not parts:
        await attempt.journal.suppressed("empty")
        return DeliveryStatus.SUPPRESSED
    most = attempt.context.limits.max_parts
    if len(parts) > most:
        why = TOO_MANY_PARTS.format(parts=len(parts), most=most)
        return await attempt.end(DeliveryStatus.FAILED, why, "too_many_parts")
    cut = _digest(parts)
    if history.receipts and history.cut != cut:
        return await attempt.end(DeliveryStatus.FAILED, CUT_CHANGED, "cut_changed")
    slots, account = attempt.context.slots, attempt.account
    wait_s = await slots.take(account)
    if wait_s is not None:
        return await attempt.release(wait_s)
    try:
        return await _ask(attempt, channel, parts, cut)
    finally:
        slots.free(account)


async def _ask(attempt: Attempt, channel: OutboundChannel, parts: Sequence[Part], cut: str) -> str:
    try:
        destination = await _resolve(attempt, channel)
    except SendFailure as failure:
        next_part = attempt.history.next_part
        return await settle_failure(attempt, failure, next_part, attempt.destination)
    asking = Asking(attempt, channel, destination)
    return await _Parts(asking, parts, cut).send()


async def _cut(channel: OutboundChannel, message: Message) -> Sequence[Part]:
    if len(message.text) <= CUT_AT_ONCE:
        return channel.parts(message)
    # Deeply nested Markdown takes seconds; the process's leases are renewed meanwhile.
    return await asyncio.to_thread(channel.parts, message)


async def _resolve(attempt: Attempt, channel: OutboundChannel) -> Destination:
    try:
        async with asyncio.timeout(attempt.context.limits.send_timeout_seconds):
            return await channel.resolve(attempt.destination)
    except TimeoutError:
        raise AnswerLost("The platform did not answer in time.") from None


@dataclass(frozen=True, slots=True)
class _Parts:
    """The parts of a message, sent one after another; each step returns the outcome, or None."""

    asking: Asking
    parts: Sequence[Part]
    cut: str

    async def send(self) -> str:
        attempt = self.asking.attempt
        while (outcome := await self._next(attempt.history.next_part)) is None:
            if attempt.interrupted is not None:
                raise attempt.interrupted
        return outcome

    async def _next(self, index: int) -> str | None:
        attempt, destination = self.asking.attempt, self.asking.destination
        repeated = False
        if attempt.history.doubtful == index and attempt.history.edits is None:
            try:
                doubt = await self.asking.doubt(index, self.parts[index])
            except SendFailure as failure:
                return await settle_failure(attempt, failure, index, destination)
            if isinstance(doubt, Receipt):
                return await self._sent(index, doubt, found=True)
            if doubt is Doubt.HOLD:
                return await attempt.end(DeliveryStatus.UNKNOWN, ANSWER_LOST, "answer_lost")
            repeated = doubt is Doubt.REPEAT
        buckets = self.asking.channel.buckets(destination)
        wait_s = await attempt.context.pacing.turn(attempt.lease.id, destination, buckets)
        if wait_s is not None:
            return await attempt.release(wait_s)
        try:
            edits = await self._preview(index)
        except SendFailure as failure:
            return await settle_failure(attempt, failure, index, destination)
        return await self._ask(index, edits, repeated=repeated)

    async def _preview(self, index: int) -> str | None:
        """Return the message that shows the part, or a part of it, already."""
        attempt, part = self.asking.attempt, self.parts[index]
        if attempt.history.doubtful == index:
            return attempt.history.edits
        previews = attempt.context.previews
        if index > 0 or previews is None or part.media is not None:
            return None
        return await previews.message_of(self.asking, part)

    async def _ask(self, index: int, edits: str | None, *, repeated: bool) -> str | None:
        attempt, part = self.asking.attempt, self.parts[index]
        await attempt.journal.started(
            index, len(self.parts), self.cut, repeated=repeated, edits=edits
        )
        try:
            if edits is None:
                receipt = await self.asking.send(index, part)
            else:
                receipt = await self.asking.edit(edits, part)
        except SendFailure as failure:
            if edits is not None and _is_gone(failure):
                return await self._ask(index, None, repeated=False)
            may_go_on = partial(self.asking.may_go_on, part) if edits is None else _always
            return await settle_failure(
                attempt, failure, index, self.asking.destination, may_go_on=may_go_on
            )
        return await self._sent(index, receipt)

    async def _sent(self, index: int, receipt: Receipt, *, found: bool = False) -> str | None:
        attempt = self.asking.attempt
        last = index == len(self.parts) - 1
        await attempt.journal.sent(index, receipt, last=last, found=found)
        await attempt.account_works()
        return DeliveryStatus.DELIVERED if last else None


def _is_gone(failure: SendFailure) -> bool:
    return isinstance(failure, PermanentFailure) and not isinstance(failure, CredentialsRevoked)


async def _always(lost: AnswerLost) -> bool:
    # Editing a message twice shows it once.
    return True


def _digest(parts: Sequence[Part]) -> str:
    """Tell one cut of a message from another."""
    told = [
        (part.text, part.media.url or part.media.filename if part.media else None) for part in parts
    ]
    return sha256(orjson.dumps(told)).hexdigest()[:16]
