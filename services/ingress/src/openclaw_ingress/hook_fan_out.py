"""One webhook that becomes several runs (`forEach`, contract §3.5).

Each item is accepted by itself, in order. What was accepted when the time is over or an item fails
is durable and stays; because every item has an identity of its own, a sender that tries again
starts nothing twice.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import orjson

from openclaw_common.contracts.errors import GatewayError
from openclaw_ingress.hook_actions import WakeAction
from openclaw_ingress.hook_admission import AcceptedRun, HookAdmission, Sender, sha256_of
from openclaw_ingress.hook_mapping import CompiledMapping
from openclaw_ingress.hook_template import TemplateContext


@dataclass(slots=True)
class Dispatched:
    """What became of the items; a transform drops those that it returns None for."""

    items: int
    runs: list[AcceptedRun] = field(default_factory=list)
    wakes: list[tuple[WakeAction, str]] = field(default_factory=list)
    dropped: int = 0
    errors: list[GatewayError] = field(default_factory=list)

    @property
    def done(self) -> int:
        """Items that were accepted."""
        return len(self.runs) + len(self.wakes)

    @property
    def pending(self) -> int:
        """Items that were not come to."""
        return self.items - self.done - self.dropped - len(self.errors)

    @property
    def complete(self) -> bool:
        """Whether every item was accepted or dropped."""
        return not self.errors and not self.pending


@dataclass(frozen=True, slots=True)
class Delivery:
    """A webhook for one mapping, as the handler got it.

    `fingerprint` tells what the sender sent; None where what becomes of it does, empty where the
    sender's key alone tells.
    """

    mapping: CompiledMapping
    context: TemplateContext
    url: str
    sender: Sender
    fingerprint: str | None


async def dispatch(
    admission: HookAdmission, delivery: Delivery, items: Sequence[Any] | None, timeout_s: float
) -> Dispatched:
    """Accept the webhook, or each of its items, within `timeout_s` seconds.

    Without items an error is raised (InvalidRequest, QueueFull, StoreUnavailable, MappingFailed);
    with them it is counted.
    """
    if items is None:
        dispatched = Dispatched(1)
        await _one(admission, delivery, delivery.context, delivery.sender, None, dispatched)
        return dispatched
    dispatched = Dispatched(len(items))
    try:
        async with asyncio.timeout(timeout_s):
            for context, sender, item in _each(delivery, items):
                try:
                    await _one(admission, delivery, context, sender, item, dispatched)
                except GatewayError as error:
                    dispatched.errors.append(error)
    except TimeoutError:
        pass
    return dispatched


def _each(
    delivery: Delivery, items: Sequence[Any]
) -> Iterator[tuple[TemplateContext, Sender, str]]:
    """Yield each item as a webhook of its own; one at a time, for each is as wide as the whole."""
    context, sender = delivery.context, delivery.sender
    key = delivery.mapping.settings.for_each
    seen: Counter[str] = Counter()
    for item in items:
        digest = sha256_of(orjson.dumps(item))
        seen[digest] += 1
        yield (
            replace(context, payload={**context.payload, key: [item]}),
            # An item is told from others by what it is, also where the sender names nothing.
            replace(sender, key=sender.key or "item"),
            f"{digest} {seen[digest]}",
        )


async def _one(
    admission: HookAdmission,
    delivery: Delivery,
    context: TemplateContext,
    sender: Sender,
    item: str | None,
    dispatched: Dispatched,
) -> None:
    action = await delivery.mapping.action(context, delivery.url)
    if action is None:
        dispatched.dropped += 1
    elif isinstance(action, WakeAction):
        dispatched.wakes.append((action, await admission.wake(action)))
    else:
        prepared = admission.prepare(action)
        identity = None
        if sender.key:
            fingerprint = _fingerprint(delivery, context, item)
            identity = sender.identity(fingerprint, admission.keep_ms)
        dispatched.runs.append(await admission.start(prepared, identity))


def _fingerprint(delivery: Delivery, context: TemplateContext, item: str | None) -> str:
    if item is not None:
        return sha256_of(item, delivery.mapping.identity(context))
    if delivery.fingerprint is not None:
        return delivery.fingerprint
    return delivery.mapping.identity(context)
