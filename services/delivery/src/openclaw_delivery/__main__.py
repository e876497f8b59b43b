"""`openclaw-delivery`: a supervisor and, below it, the delivery process."""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import socket
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import uvloop

from openclaw_common.queue.cell_workers import release_worker
from openclaw_common.queue.supervisor import SPANS_FD, supervise
from openclaw_common.runtime.config import Config, ConfigError, load_config
from openclaw_common.runtime.health import SidePortTaken
from openclaw_common.runtime.known_secrets import secrets_in
from openclaw_common.runtime.logs import LogSettingError, configure_logs
from openclaw_common.runtime.otlp_environ import passed_by
from openclaw_common.store.cell_store import connect
from openclaw_common.store.keys import DELIVERY
from openclaw_common.store.traces_setup import check_telemetry, exporting

_logger = logging.getLogger("openclaw_delivery")


def main(argv: Sequence[str] | None = None) -> int:
    """Serve until told to stop; returns 0, 2 for bad settings, else how the process ended."""
    arguments = _arguments(argv)
    environ = os.environ  # noqa: TID251 - the composition root
    try:
        loaded = load_config(environ, arguments.config, require_auth=False)
        configure_logs(
            level=environ.get("OPENCLAW_LOG_LEVEL", "info"),
            form=environ.get("OPENCLAW_LOG_FORMAT", "human"),
            secrets=secrets_in(loaded.config, environ),
        )
        check_telemetry(loaded.config.tracing, environ)
    except (ConfigError, LogSettingError) as error:
        print(error, file=sys.stderr)
        return 2
    if arguments.child is not None:
        # Only the child pays for the channels' imports.
        from openclaw_delivery.worker import serve

        try:
            uvloop.run(serve(loaded.config, arguments.child, environ, _relay(arguments)))
        except SidePortTaken as error:
            _logger.error("health.cannot_listen", extra={"reason": str(error)})
            return 1
        return 0
    for warning in (*loaded.warnings, *passed_by(environ)):
        _logger.warning("config.warning", extra={"warning": warning})
    try:
        return asyncio.run(_supervise(loaded.config, arguments.config, environ))
    except ConfigError as error:
        print(error, file=sys.stderr)
        return 2


async def _supervise(config: Config, path: Path | None, environ: Mapping[str, str]) -> int:
    command = [sys.executable, "-m", "openclaw_delivery"]
    command += ["--config", str(path)] if path else []
    store = await connect(config.redis, config.runs, config.deliveries, role="delivery-supervisor")

    async def give_back(worker_id: str) -> int:
        deliveries = await release_worker(store.served, DELIVERY, worker_id)
        return deliveries + await store.receivers.give_all(worker_id)

    try:
        async with exporting(config.tracing, environ, store, role="delivery") as pipeline:
            return await supervise(
                lambda worker_id: [*command, "--child", worker_id],
                give_back,
                role="delivery",
                pipeline=pipeline,
            )
    finally:
        await store.close()


def _relay(arguments: argparse.Namespace) -> socket.socket | None:
    return None if arguments.spans_fd is None else socket.socket(fileno=arguments.spans_fd)


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="openclaw-delivery", description=__doc__)
    parser.add_argument("--config", type=Path, help="configuration file")
    parser.add_argument("--child", metavar="WORKER_ID", help=argparse.SUPPRESS)
    parser.add_argument(SPANS_FD, type=int, help=argparse.SUPPRESS)
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(main())
