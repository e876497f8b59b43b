"""`openclaw-agent-worker`: a supervisor and, below it, the worker process."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from openclaw_common.queue.cell_workers import release_worker
from openclaw_common.queue.worker_program import Serve, WorkerProgram
from openclaw_common.store.keys import RUN
from openclaw_common.store.store import Store


def main(argv: Sequence[str] | None = None) -> int:
    """Serve until told to stop; returns the exit status, see WorkerProgram."""
    return program().run(argv, os.environ)  # noqa: TID251 - the composition root


def program(package: str = "openclaw_agent_worker") -> WorkerProgram:
    """Return the program; `package` is what its child is started as."""
    return WorkerProgram(package, "agent-worker", "worker", _serve, _give_back)


def _serve() -> Serve:
    from openclaw_agent_worker.worker import serve

    return serve


async def _give_back(store: Store, worker_id: str) -> int:
    return await release_worker(store.served, RUN, worker_id)


if __name__ == "__main__":
    sys.exit(main())
