"""Takes what a cell has laid down for others to them: the other half of a step over two cells.

A step that ends a run writes into its own cell's outbox what another cell is to have, and any
process that serves the cell brings it there. It is taken out here once it is there; `arrive`
refuses what was there before, so that several may do this at once and any of them may die.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final

from openclaw_common.contracts.api_key import ApiKey
from openclaw_common.contracts.errors import StoreUnavailable
from openclaw_common.queue.token_loop import TokenLoop
from openclaw_common.store.client import BACKOFF_CAP_S
from openclaw_common.store.store import Store

logger: Final = logging.getLogger(__name__)

LOOK_AGAIN_S: Final = 1.0
"""Longest wait for a token, in case one was lost with its taker."""
BATCH: Final = 64
"""Entries that are read at once."""


class Forwarder:
    """Empties the outboxes of the cell `here` into the cells of `store`, until `stop`.

    One that cannot be reached keeps what is for it waiting, in its order, and nothing else.
    """

    def __init__(
        self, store: Store, here: Store, *, random_s: Callable[[], float] = random.random
    ) -> None:
        self._store = store
        self._here = here
        self._random_s = random_s
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """Take nothing more; `run` returns."""
        self._stopping.set()

    async def run(self) -> None:
        """Serve until stopped. Redis may go away and come back."""
        await TokenLoop(
            self._here.client,
            self._here.keys.outbox_wake,
            partial(self.look, {}),
            longest_s=LOOK_AGAIN_S,
            stopping=self._stopping,
            random_s=self._random_s,
        ).run()

    async def look(self, pauses: dict[int, float] | None = None) -> None:
        """Bring what lies in the outboxes now to where it is for.

        `pauses` says until when a cell is left alone that could not be reached, in seconds of the
        loop's clock. Raises StoreUnavailable when `here` cannot be reached.
        """
        pauses = {} if pauses is None else pauses
        await asyncio.gather(*(self._empty(store, pauses) for store in self._store.all))

    async def _empty(self, there: Store, pauses: dict[int, float]) -> None:
        now = asyncio.get_running_loop().time()
        if pauses.get(there.cell, now) > now:
            return
        client, key = self._here.client, self._here.keys.outbox(there.keys.cell)
        while entries := await client.execute("XRANGE", key, "-", "+", "COUNT", BATCH):
            brought = []
            try:
                for entry_id, fields in entries:
                    await self._bring(there, entry_id, fields)
                    brought.append(entry_id)
            except StoreUnavailable:
                pauses[there.cell] = asyncio.get_running_loop().time() + BACKOFF_CAP_S
                logger.warning("cell_unavailable", extra={"cell": there.keys.cell})
                return
            finally:
                if brought:
                    await client.execute("XDEL", key, *brought)

    async def _bring(self, there: Store, entry_id: bytes, fields: Sequence[Any]) -> None:
        known = dict(zip(fields[::2], fields[1::2], strict=True))
        if known[b"kind"] == b"revocation":
            # It may be brought again, and overtaken: a key is revoked once and for good.
            key = ApiKey.decode(known[b"key"])
            await there.api_keys.revoke(key, key.revoked_ms or key.created_ms)
            return
        session = known.get(b"session", b"").decode()
        target = await self._store.at(session) if session else there
        outbox = f"{self._here.keys.cell}:{there.keys.cell}"
        ms, _, number = entry_id.partition(b"-")
        spread = target.run_jobs.admission.spread
        if spread is None:
            raise StoreUnavailable
        # What has an id can only be in the cell that it carries.
        checks = spread.check(session, target.cell) if session else spread.unchecked()
        reply = await target.scripts.call("arrive_in_cells", (outbox, ms, number, *fields, *checks))
        spread.refused(reply)
