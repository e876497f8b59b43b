"""`openclaw-delivery`: a supervisor and, below it, the delivery process."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from openclaw_common.queue.cell_workers import release_worker
from openclaw_common.queue.worker_program import Serve, WorkerProgram
from openclaw_common.store.keys import DELIVERY
from openclaw_common.store.store import Store


def main(argv: Sequence[str] | None = None) -> int:
    """Serve until told to stop; returns the exit status, see WorkerProgram."""
    program = WorkerProgram("openclaw_delivery", "delivery", "delivery", _serve, _give_back)
    return program.run(argv, os.environ)  # noqa: TID251 - the composition root


def _serve() -> Serve:
    from openclaw_delivery.worker import serve

    return serve


async def _give_back(store: Store, worker_id: str) -> int:
    deliveries = await release_worker(store.served, DELIVERY, worker_id)
    return deliveries + await store.receivers.give_all(worker_id)


if __name__ == "__main__":
    sys.exit(main())
