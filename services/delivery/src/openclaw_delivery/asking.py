"""Asking the platform for one part, and what is known of one that may have been sent."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from enum import Enum
from typing import Any

from openclaw_channels.base import (
    AnswerLost,
    CredentialsRevoked,
    FindsSent,
    ForgetsRepeats,
    OutboundChannel,
    Part,
    PermanentFailure,
    Receipt,
    SendFailure,
)
from openclaw_common.contracts.delivery import Destination, send_key
from openclaw_common.runtime import tracing
from openclaw_common.runtime.tracing import Kind
from openclaw_common.runtime.tracing_encoding import Value
from openclaw_delivery.attempt import Attempt


class Doubt(Enum):
    """What becomes of a part that may have been sent."""

    SEND = "send"
    """It was not sent, or sending it again cannot show it twice."""
    REPEAT = "repeat"
    """It is sent again although it may be shown twice: so the operator wants it."""
    HOLD = "hold"
    """A person has to decide."""


@dataclass(frozen=True, slots=True)
class Asking:
    """Asks one channel for parts to one resolved destination, on behalf of an attempt."""

    attempt: Attempt
    channel: OutboundChannel
    destination: Destination

    async def send(self, index: int, part: Part) -> Receipt:
        """Send one part; raises a SendFailure."""
        return await self._to_the_end(self._traced("send", index, self._send(index, part)))

    async def edit(self, message_id: str, part: Part) -> Receipt:
        """Put a part into a message that is there already; raises a SendFailure."""
        request = self._in_time(self.channel.edit(self.destination, message_id, part))
        return await self._to_the_end(self._traced("edit", 0, request))

    async def _traced(
        self, verb: str, index: int, request: Coroutine[Any, Any, Receipt]
    ) -> Receipt:
        """Ask in a span of its own. Of the request nothing is noted: addresses hold credentials."""
        channel = self.destination.channel
        values: dict[str, Value] = {"openclaw.channel": channel, "openclaw.part": index}
        with tracing.inside(f"{verb} {channel}", Kind.CLIENT, values) as span:
            try:
                receipt = await request
            except SendFailure as failure:
                if span is not None:
                    span.put({"http.response.status_code": failure.http_status})
                raise
            if span is not None:
                span.put({"http.response.status_code": receipt.http_status})
            return receipt

    async def _to_the_end(self, request: Coroutine[Any, Any, Receipt]) -> Receipt:
        """Return what the platform answers.

        An attempt that is told to stop meanwhile waits for the answer, which is bounded, because it
        is worth more than the second; unless its lease is lost: then nobody could write it down.
        """
        asking = asyncio.ensure_future(request)
        try:
            return await asyncio.shield(asking)
        except asyncio.CancelledError as interrupted:
            if self.attempt.lease.lost:
                raise
            self.attempt.interrupted = interrupted
            return await asking
        finally:
            asking.cancel()

    async def _send(self, index: int, part: Part) -> Receipt:
        key = send_key(self.attempt.lease.id, index, self.attempt.request.destination)
        return await self._in_time(self.channel.send(self.destination, part, send_key=key))

    async def _in_time(self, request: Coroutine[Any, Any, Receipt]) -> Receipt:
        seconds = self.attempt.context.limits.send_timeout_seconds
        try:
            async with asyncio.timeout(seconds):
                return await request
        except TimeoutError:
            raise AnswerLost(f"The platform did not answer within {seconds:g} s.") from None

    async def doubt(self, index: int, part: Part) -> Doubt | Receipt:
        """Say what becomes of a part that may have been sent; a Receipt if it was.

        Raises a SendFailure when the platform cannot be asked now.
        """
        history = self.attempt.history
        known = self._still_known(part)
        if (known or history.repeat_is_safe) and await self.repeatable(
            part, history.repeat_is_safe
        ):
            return Doubt.SEND
        if isinstance(self.channel, FindsSent):
            try:
                return await self._find(index, self.channel) or Doubt.SEND
            except CredentialsRevoked:
                raise
            except PermanentFailure:
                # Looking is not allowed there; the policy decides.
                pass
        if history.allowed or self.attempt.context.accounts.resends(
            self.attempt.request.destination
        ):
            return Doubt.REPEAT
        return Doubt.HOLD

    def _still_known(self, part: Part) -> bool:
        """Whether the platform cannot have forgotten yet when the part was sent first."""
        since_ms = self.attempt.history.doubtful_since_ms
        if since_ms is None or not isinstance(self.channel, ForgetsRepeats):
            return True
        age_s = (self.attempt.journal.now_ms() - since_ms) / 1000
        return age_s < self.channel.repeat_seconds(self.destination, part)

    async def repeatable(self, part: Part, repeat_is_safe: bool | None) -> bool:
        """Whether sending a part again cannot show it twice; `repeat_is_safe` is of that one send.

        Raises a SendFailure when the platform cannot be asked now.
        """
        if repeat_is_safe is not None:
            return repeat_is_safe
        try:
            async with asyncio.timeout(self.attempt.context.limits.send_timeout_seconds):
                return await self.channel.repeats_safely(self.destination, part)
        except TimeoutError:
            raise AnswerLost("The platform did not say what it would take again.") from None

    async def may_go_on(self, part: Part, lost: AnswerLost) -> bool:
        """Whether a part that may have been sent can be looked for, or may be sent again."""
        if isinstance(self.channel, FindsSent):
            return True
        if self.attempt.context.accounts.resends(self.attempt.request.destination):
            return True
        try:
            return await self.repeatable(part, lost.repeat_is_safe)
        except PermanentFailure:
            return False
        except SendFailure:
            # The next attempt asks again before it sends.
            return True

    async def _find(self, index: int, channel: FindsSent) -> Receipt | None:
        key = send_key(self.attempt.lease.id, index, self.attempt.request.destination)
        try:
            async with asyncio.timeout(self.attempt.context.limits.send_timeout_seconds):
                return await channel.find_sent(self.destination, send_key=key)
        except TimeoutError:
            raise AnswerLost("The platform did not say what it has taken.") from None
