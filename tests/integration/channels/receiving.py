"""What the tests of held connections share: a receiver that runs, and what it took in."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest

from openclaw_channels.inbound import Receiver, ReceiverFailure
from openclaw_common.contracts.inbound import InboundMessage


class Taken:
    """What was made durable: `messages` in order, and the last cursor; `fails` raises once."""

    def __init__(self) -> None:
        self.messages: list[InboundMessage] = []
        self.cursor: str | None = None
        self.fails: Exception | None = None
        self._changed = asyncio.Condition()

    async def __call__(self, messages: Sequence[InboundMessage], cursor: str | None) -> None:
        """Take messages in."""
        if self.fails is not None:
            failure, self.fails = self.fails, None
            raise failure
        async with self._changed:
            self.messages += messages
            self.cursor = cursor or self.cursor
            self._changed.notify_all()

    async def wait(self, count: int) -> list[InboundMessage]:
        """Wait until so many messages were taken in, and return them."""
        async with asyncio.timeout(10), self._changed:
            await self._changed.wait_for(lambda: len(self.messages) >= count)
        return self.messages

    async def settled(self) -> None:
        """Wait until a cursor was taken note of."""
        async with asyncio.timeout(10), self._changed:
            await self._changed.wait_for(lambda: self.cursor is not None)

    @property
    def texts(self) -> list[str]:
        """The texts in order."""
        return [message.text for message in self.messages]


@asynccontextmanager
async def receiving(receiver: Receiver | None, taken: Taken) -> AsyncIterator[asyncio.Task[None]]:
    """Receive from where `taken` stands, until the end of the block."""
    assert receiver is not None
    task = asyncio.ensure_future(receiver.receive(taken.cursor, taken))
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def failure_of(receiver: Receiver | None) -> ReceiverFailure:
    """Receive until it fails, and return how."""
    async with receiving(receiver, Taken()) as task:
        with pytest.raises(ReceiverFailure) as failed:
            await asyncio.wait_for(task, 10)
    return failed.value
