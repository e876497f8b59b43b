"""A channel in the test's own process: it does what its script says, and remembers what it took."""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from openclaw_channels.base import (
    AnswerLost,
    Bucket,
    ChannelError,
    Message,
    OutboundChannel,
    Part,
    Receipt,
)
from openclaw_common.contracts.delivery import Destination

Step = BaseException | Callable[[], Awaitable[None]] | None


@dataclass
class Taken:
    """A part that people see."""

    to: str
    text: str
    send_key: str


@dataclass
class ScriptedChannel:
    """Cuts at line breaks. `script` is what the next sends meet: None takes the part.

    An AnswerLost is raised after the part was taken, unless `loses` is False; a callable is awaited
    before it is.
    """

    idempotent: bool = False
    rates: Sequence[Bucket] = ()
    loses: bool = True
    script: deque[Step] = field(default_factory=deque)
    resolving: deque[Step] = field(default_factory=deque)
    taken: list[Taken] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    @property
    def texts(self) -> list[str]:
        return [taken.text for taken in self.taken]

    def parts(self, message: Message) -> Sequence[Part]:
        return [Part(line) for line in message.text.splitlines() if line]

    def buckets(self, destination: Destination) -> Sequence[Bucket]:
        return self.rates

    async def resolve(self, destination: Destination) -> Destination:
        await meet(self.resolving)
        return destination

    async def send(self, destination: Destination, part: Part, *, send_key: str) -> Receipt:
        self.asked.append(part.text)
        try:
            await meet(self.script)
        except AnswerLost:
            if self.loses:
                self._take(destination, part, send_key)
            raise
        return self._take(destination, part, send_key)

    def _take(self, destination: Destination, part: Part, send_key: str) -> Receipt:
        known = [n for n, taken in enumerate(self.taken) if taken.send_key == send_key]
        if not (self.idempotent and known):
            self.taken.append(Taken(destination.to, part.text, send_key))
            known = [len(self.taken) - 1]
        return Receipt(f"m{known[0]}", 200)

    async def repeats_safely(self, destination: Destination, part: Part) -> bool:
        return self.idempotent

    async def edit(self, destination: Destination, message_id: str, part: Part) -> Receipt:
        raise NotImplementedError

    async def show_typing(self, destination: Destination) -> None:
        raise NotImplementedError

    @property
    def typing_seconds(self) -> float:
        return 0


class ForgettingChannel(ScriptedChannel):
    """A channel that knows a repeated send key for three minutes; `idempotent` until it forgets."""

    async def repeats_safely(self, destination: Destination, part: Part) -> bool:
        return True

    def repeat_seconds(self, destination: Destination, part: Part) -> float:
        return 180


class RememberingChannel(ScriptedChannel):
    """A channel that can say what it took."""

    async def find_sent(self, destination: Destination, *, send_key: str) -> Receipt | None:
        for number, taken in enumerate(self.taken):
            if taken.send_key == send_key:
                return Receipt(f"m{number}")
        return None


@dataclass
class OneChannel:
    """Accounts of which all send through one channel; `closed` lets none send."""

    channel: OutboundChannel
    resend: bool = False
    closed: str = ""

    def outbound(self, destination: Destination) -> OutboundChannel:
        if self.closed:
            raise ChannelError(self.closed)
        return self.channel

    def canonical(self, destination: Destination) -> Destination:
        return destination

    def resends(self, destination: Destination) -> bool:
        return self.resend


async def meet(script: deque[Any]) -> None:
    step = script.popleft() if script else None
    if isinstance(step, BaseException):
        raise step
    if step is not None:
        await step()
