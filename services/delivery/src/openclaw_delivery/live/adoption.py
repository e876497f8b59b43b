"""A preview becomes the first part of the result: its delivery edits it instead of sending anew."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from openclaw_channels.base import AnswerLost, CredentialsRevoked, FindsSent, Part, PermanentFailure
from openclaw_common.store.live import SENDING, Live
from openclaw_delivery.asking import Asking
from openclaw_delivery.live.preview import may_repeat, preview_key

RESULTS: Final = frozenset({"run", "notice"})
"""Sources of deliveries that end what a preview began; those of tools say something else."""
LOOK_S: Final = 0.05
"""How often it is looked whether a request for the preview has ended, in seconds."""


@dataclass(frozen=True, slots=True)
class Adoption:
    """Takes previews over, on behalf of deliveries."""

    live: Live
    sleep: Callable[[float], Awaitable[None]]

    async def message_of(self, asking: Asking, part: Part) -> str | None:
        """Return the message that shows what this delivery brings, None if there is none.

        From here on nobody else edits it; a request that is under way is waited for, up to
        `liveTimeoutSeconds`. Where it is not known whether the message was sent and `part` may be
        sent again, it is. Raises a SendFailure, StoreUnavailable.
        """
        request, lease = asking.attempt.request, asking.attempt.lease
        if request.run_id is None or request.source not in RESULTS:
            return None
        while True:
            adopted = await self.live.adopt(request.run_id, lease.id, request.destination)
            if adopted.busy_s <= 0:
                break
            await self.sleep(min(adopted.busy_s, LOOK_S))
        if adopted.state != SENDING:
            return adopted.message_id
        limit_s = asking.attempt.context.limits.send_timeout_seconds
        try:
            async with asyncio.timeout(limit_s):
                return await _settled(asking, part, request.run_id, adopted.asked_s)
        except CredentialsRevoked:
            raise
        except PermanentFailure:
            # Nobody can tell; the result is sent as if there were no preview.
            return None
        except TimeoutError:
            raise AnswerLost("The platform did not say whether the preview was sent.") from None


async def _settled(asking: Asking, part: Part, run_id: str, asked_s: float) -> str | None:
    key = preview_key(run_id, asking.attempt.request.destination)
    channel, destination = asking.channel, asking.destination
    if isinstance(channel, FindsSent):
        found = await channel.find_sent(destination, send_key=key)
        return found.message_id if found else None
    if await may_repeat(channel, destination, part, asked_s):
        return (await channel.send(destination, part, send_key=key)).message_id
    return None
