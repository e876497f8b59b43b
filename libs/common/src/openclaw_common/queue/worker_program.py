"""The program of a worker service: its command line, a supervisor and, below it, the process."""

from __future__ import annotations

import argparse
import asyncio
import logging
import socket
import sys
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvloop

from openclaw_common.queue.supervisor import SPANS_FD, supervise
from openclaw_common.runtime import heap
from openclaw_common.runtime.config import Config, ConfigError
from openclaw_common.runtime.health import SidePortTaken
from openclaw_common.runtime.logs import LogSettingError
from openclaw_common.store.cell_store import connect
from openclaw_common.store.process import load_settings
from openclaw_common.store.store import Store
from openclaw_common.store.traces_setup import exporting

Serve = Callable[[Config, str, Mapping[str, str], socket.socket | None], Coroutine[Any, Any, None]]
"""Runs a process of a worker, given its worker id and its end of the relay of spans."""


@dataclass(frozen=True, slots=True)
class WorkerProgram:
    """The executable `openclaw-<role>`, which is also `python -m <package>`.

    `ids` begins the worker ids of its processes. `serve` imports what only they pay for, and
    `give_back` hands back what a dead one held; it returns how many jobs.
    """

    package: str
    role: str
    ids: str
    serve: Callable[[], Serve]
    give_back: Callable[[Store, str], Awaitable[int]]

    def run(self, argv: Sequence[str] | None, environ: Mapping[str, str]) -> int:
        """Serve until told to stop; returns 0, 2 for bad settings, else how the process ended."""
        arguments = self._arguments(argv)
        logger = logging.getLogger(self.package)
        try:
            loaded = load_settings(environ, arguments.config, require_auth=False)
        except (ConfigError, LogSettingError) as error:
            print(error, file=sys.stderr)
            return 2
        config = loaded.config
        if arguments.child is not None:
            try:
                uvloop.run(self.serve()(config, arguments.child, environ, _relay(arguments)))
            except SidePortTaken as error:
                logger.error("health.cannot_listen", extra={"reason": str(error)})
                return 1
            return 0
        for warning in loaded.warnings:
            logger.warning("config.warning", extra={"warning": warning})
        try:
            return asyncio.run(self._supervise(config, arguments.config, environ))
        except ConfigError as error:
            print(error, file=sys.stderr)
            return 2

    async def _supervise(
        self, config: Config, path: Path | None, environ: Mapping[str, str]
    ) -> int:
        command = [sys.executable, "-m", self.package]
        command += ["--config", str(path)] if path else []
        role = f"{self.role}-supervisor"
        store = await connect(config.redis, config.runs, config.deliveries, role=role)
        try:
            async with exporting(config.tracing, environ, store, role=self.role) as pipeline:
                heap.settle()
                return await supervise(
                    lambda worker_id: [*command, "--child", worker_id],
                    lambda worker_id: self.give_back(store, worker_id),
                    role=self.ids,
                    pipeline=pipeline,
                )
        finally:
            await store.close()

    def _arguments(self, argv: Sequence[str] | None) -> argparse.Namespace:
        parser = argparse.ArgumentParser(
            prog=f"openclaw-{self.role}",
            description=f"The {self.role} of an OpenClaw gateway, under its supervisor.",
        )
        parser.add_argument("--config", type=Path, help="configuration file")
        parser.add_argument("--child", metavar="WORKER_ID", help=argparse.SUPPRESS)
        parser.add_argument(SPANS_FD, type=int, help=argparse.SUPPRESS)
        return parser.parse_args(argv)


def _relay(arguments: argparse.Namespace) -> socket.socket | None:
    return None if arguments.spans_fd is None else socket.socket(fileno=arguments.spans_fd)
