"""What every process measures of itself: its event loop, its CPU time, its memory."""

from __future__ import annotations

import asyncio
import os
import resource
from pathlib import Path
from typing import Final

from openclaw_common.runtime.metrics.instruments import (
    LOOP_LAG,
    PROCESS_CPU,
    PROCESS_MEMORY,
    STARTED,
)
from openclaw_common.runtime.metrics.recorder import Metrics, Readings, one

TICK_S: Final = 0.1
"""How often the event loop's lag is measured, in seconds."""
_STATM: Final = Path("/proc/self/statm")


class ProcessWatch:
    """Measures the event loop for as long as `run` runs, and the process when somebody looks."""

    def __init__(self, metrics: Metrics) -> None:
        self._lag = metrics.histogram(LOOP_LAG)
        metrics.observe(PROCESS_CPU, one(_cpu_s))
        metrics.observe(PROCESS_MEMORY, _resident_bytes)
        metrics.observe(STARTED, one(lambda: metrics.started_s))

    async def refresh(self) -> None:
        """Everything else is read when it is asked for."""

    async def run(self) -> None:
        """Measure until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + TICK_S
            await asyncio.sleep(TICK_S)
            self._lag.record(max(0.0, loop.time() - due))


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _resident_bytes() -> Readings:
    # Linux only (proc(5)); elsewhere there is nothing to read.
    try:
        pages = int(_STATM.read_text().split()[1])
    except (OSError, ValueError, IndexError):
        return []
    return [((), float(pages * os.sysconf("SC_PAGE_SIZE")))]
