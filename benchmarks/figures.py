"""Figures as data, and where they come from: percentiles, CPU time of processes."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

_SCHEDULED: Final = 2


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured number."""

    name: str
    value: float
    unit: str

    def __str__(self) -> str:
        return f"{self.name:<58} {self.value:>10.2f} {self.unit}"

    def to_wire(self) -> dict[str, Any]:
        """Return the figure as JSON data."""
        return asdict(self)


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value below which `share` (0 to 1) of the values lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def cpu_seconds(pids: Iterable[int]) -> float:
    """Return the user and system CPU time that these processes have used (Linux)."""
    ticks = 0
    for pid in pids:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        ticks += int(stat[11]) + int(stat[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def exact_cpu_seconds(pid: int) -> float:
    """Return the CPU time of a process as the scheduler counts it, to the nanosecond (Linux).

    `cpu_seconds` goes by ticks of 10 ms, which is too coarse for a few hundred runs. The id of the
    clock is that of clock_getcpuclockid(3).
    """
    return time.clock_gettime(~pid << 3 | _SCHEDULED)


def resident_mib(pid: int) -> float:
    """Return the resident memory of a process in MiB (Linux's `VmRSS`)."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024
