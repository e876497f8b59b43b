"""Codes by which strangers ask to be let in (contract §7)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from openclaw_common.contracts.delivery import DeliveryRequest, Destination
from openclaw_common.contracts.inbound import InboundMessage
from openclaw_common.inbound.words import PAIRING
from openclaw_common.queue.job_queue import DeliveryQueue
from openclaw_common.store.pairings import Asked, Pairing
from openclaw_common.store.store import Store

ALPHABET: Final = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
"""Capitals and digits without those that look alike: 0 and O, 1 and I."""
CODE_CHARS: Final = 8
TRIES: Final = 5
"""Codes that may be taken in a row."""

Choose = Callable[[Sequence[str]], str]


def new_code(choose: Choose) -> str:
    """Return a fresh code; `choose` picks one letter at random."""
    return "".join(choose(ALPHABET) for _ in range(CODE_CHARS))


async def ask_pairing(
    store: Store, message: InboundMessage, choose: Choose, *, valid_ms: int, most: int
) -> Asked:
    """Let the writer of a direct message wait, and tell the code. Raises StoreUnavailable."""
    sender = message.sender
    destination = Destination(message.channel, message.to, message.account_id, message.thread_id)
    asked = Asked.TAKEN
    for _ in range(TRIES):
        code = new_code(choose)
        text = PAIRING.format(channel=message.channel, sender=sender.id, code=code)
        notice = DeliveryQueue(store).prepare(DeliveryRequest(destination, text, source="notice"))
        pairing = Pairing(
            message.channel, message.account_id, sender.id, message.to, sender.name, code
        )
        asked = await store.pairings.ask(pairing, notice, valid_ms=valid_ms, most=most)
        if asked is not Asked.TAKEN:
            break
    return asked
