"""The agent worker with its fencing taken out: the negative control of `test_fencing`.

Publishing goes to wherever the stream stands instead of to ids of its own attempt, finish does not
look at the attempt, and a lost lease stops nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

from openclaw_agent_worker.__main__ import main
from openclaw_common.queue.held import Held
from openclaw_common.queue.lease_keeper import LeaseKeeper
from openclaw_common.store import scripts
from openclaw_common.store.leases import Event, Lease

_fenced_source = scripts.source


def _source(name: str) -> str:
    text = _fenced_source(name)
    if name == "finish":
        fence = "if state[2] ~= attempt then\n  return 'stale'\nend\n"
        assert fence in text
        text = text.replace(fence, "")
    return text


async def _append(self: Lease, first: int, events: Sequence[Event]) -> None:
    job = self.leases.scripts
    key = job.keys.events(job.kind, self.id)
    for type_, data in events:
        last = await job.client.execute("XREVRANGE", key, "+", "-", "COUNT", 1)
        attempt, _, sequence = last[0][0].decode().partition("-")
        entry = f"{attempt}-{int(sequence) + 1}"
        await job.client.execute("XADD", key, entry, type_, data)


def _lose(self: LeaseKeeper, held: Held) -> None:
    return None


scripts.source = _source
Lease._append = _append  # type: ignore[method-assign]
LeaseKeeper.lose = _lose  # type: ignore[method-assign]

if __name__ == "__main__":
    main()
