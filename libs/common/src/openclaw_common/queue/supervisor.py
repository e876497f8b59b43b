"""The tiny parent of a worker process: hands its leases back the moment it dies.

Without it a crash is recovered when the leases run out; with it, as soon as the parent has reaped
the child (design: One mechanism under both queues). The child gets a worker id of its own per
start, so nothing of a dead one can be mistaken for it.
"""

from __future__ import annotations

import asyncio
import ctypes
import functools
import logging
import os
import signal
import socket
import sys
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from openclaw_common.contracts.errors import StoreUnavailable
from openclaw_common.contracts.ids import new_process_id
from openclaw_common.runtime.tracing_pipeline import Pipeline
from openclaw_common.runtime.tracing_relay import RelayEnd, relay_pair
from openclaw_common.runtime.waiting import rest
from openclaw_common.store.client import retry_while_unavailable

logger = logging.getLogger(__name__)

RESTART_START_S: Final = 0.1
RESTART_CAP_S: Final = 5.0
SETTLED_AFTER_S: Final = 10.0
"""A child that lived so long starts the restart pause anew."""
RELEASE_BUDGET_S: Final = 30.0
"""How long handing back is tried while Redis is away; the leases run out by themselves."""
SPANS_FD: Final = "--spans-fd"
"""The option that tells a child the file descriptor of its end of the relay of spans."""
_PR_SET_PDEATHSIG: Final = 1


class _Signals:
    """SIGTERM and SIGINT of this process, handed on to whichever child there is."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.child: asyncio.subprocess.Process | None = None

    def receive(self) -> None:
        """Hand the first signal on as SIGTERM; a second one kills."""
        number = signal.SIGKILL if self.asked.is_set() else signal.SIGTERM
        self.asked.set()
        if self.child is not None and self.child.returncode is None:
            self.child.send_signal(number)


async def supervise(
    child: Callable[[str], Sequence[str]],
    release_worker: Callable[[str], Awaitable[int]],
    *,
    role: str = "worker",
    pipeline: Pipeline | None = None,
) -> int:
    """Keep one child process running until SIGTERM or SIGINT, or until it ends by itself with 0.

    `child(worker_id)` is its command line. With a `pipeline` the child hands its spans to this
    process, over the socket that SPANS_FD names in its command line. A child that ends otherwise
    has its leases handed back by `release_worker(worker_id)` and is started again after a pause of
    0.1 s doubling to 5 s. Signals go on to the child; a second one kills it. It runs in a session
    of its own, so that a terminal's Ctrl-C reaches it once, from here. Returns the exit status for
    this process.
    """
    loop = asyncio.get_running_loop()
    signals = _Signals()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, signals.receive)
    try:
        return await _keep_running(child, release_worker, role, signals, pipeline)
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)


async def _keep_running(
    child: Callable[[str], Sequence[str]],
    release_worker: Callable[[str], Awaitable[int]],
    role: str,
    signals: _Signals,
    pipeline: Pipeline | None,
) -> int:
    loop = asyncio.get_running_loop()
    pause = RESTART_START_S
    while not signals.asked.is_set():
        worker_id = new_process_id(role)
        started = loop.time()
        status = await _run_once(child(worker_id), signals, pipeline)
        if status == 0 or (signals.asked.is_set() and status == -signal.SIGTERM):
            # Asked to stop before it could listen: it had nothing to drain.
            return 0
        logger.error("child_died", extra={"worker_id": worker_id, "status": status})
        await _release(release_worker, worker_id)
        if signals.asked.is_set():
            return status if status > 0 else 128 - status
        if loop.time() - started > SETTLED_AFTER_S:
            pause = RESTART_START_S
        await rest(pause, signals.asked)
        pause = min(pause * 2, RESTART_CAP_S)
    return 0


async def _run_once(command: Sequence[str], signals: _Signals, pipeline: Pipeline | None) -> int:
    if pipeline is None:
        return await _run(command, signals)
    ours, childs = relay_pair()
    with childs:
        spans = RelayEnd(ours, pipeline)
        try:
            return await _run([*command, SPANS_FD, str(childs.fileno())], signals, childs)
        finally:
            spans.child_ended()


async def _run(
    command: Sequence[str], signals: _Signals, passed: socket.socket | None = None
) -> int:
    parent = os.getpid()
    process = await asyncio.create_subprocess_exec(
        *command,
        pass_fds=() if passed is None else (passed.fileno(),),
        start_new_session=True,
        preexec_fn=functools.partial(_die_with, parent) if sys.platform == "linux" else None,
    )
    signals.child = process
    if signals.asked.is_set():
        process.send_signal(signal.SIGTERM)
    return await process.wait()


async def _release(release_worker: Callable[[str], Awaitable[int]], worker_id: str) -> None:
    try:
        released = await retry_while_unavailable(
            lambda: release_worker(worker_id), budget_s=RELEASE_BUDGET_S
        )
    except StoreUnavailable:
        logger.error("release_failed", extra={"worker_id": worker_id})
    else:
        logger.warning("leases_released", extra={"worker_id": worker_id, "jobs": released})


def _die_with(parent: int) -> None:
    """Ask the kernel to kill this process when its supervisor is gone (Linux only)."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGKILL)
