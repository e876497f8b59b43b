"""`openclaw-agent-worker`: a supervisor and, below it, the worker process."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from pathlib import Path

import uvloop

from openclaw_common.queue.supervisor import supervise
from openclaw_common.runtime.config import Config, ConfigError, load_config
from openclaw_common.runtime.logs import configure_logs
from openclaw_common.store.store import Store


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="openclaw-agent-worker", description=__doc__)
    parser.add_argument("--config", type=Path, help="configuration file (OPENCLAW_CONFIG_PATH)")
    parser.add_argument("--child", metavar="WORKER_ID", help=argparse.SUPPRESS)
    args = parser.parse_args()
    try:
        loaded = load_config(os.environ, args.config, require_auth=False)  # noqa: TID251
    except ConfigError as error:
        parser.exit(2, f"{parser.prog}: {error}\n")
    configure_logs()
    if args.child:
        # Only the child pays for the agent's imports.
        from openclaw_agent_worker.worker import serve

        uvloop.run(serve(loaded.config, args.child))
        return
    command = [sys.executable, "-m", "openclaw_agent_worker"]
    if args.config:
        command += ["--config", str(args.config)]
    sys.exit(asyncio.run(_supervise(loaded.config, command)))


async def _supervise(config: Config, command: list[str]) -> int:
    store = await Store.connect(config.redis, config.runs, role="worker-supervisor")
    try:
        return await supervise(
            lambda worker_id: [*command, "--child", worker_id], store.leases.release_worker
        )
    finally:
        await store.close()


if __name__ == "__main__":
    main()
