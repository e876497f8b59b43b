"""One start from the command line: set up, serve until asked to stop, drain.

A first SIGINT or SIGTERM drains, a second one ends the process at once; the embedded parts then end
by themselves.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TextIO

import uvloop

from openclaw_common.runtime import heap
from openclaw_common.runtime.config import ConfigError
from openclaw_common.runtime.known_secrets import secrets_in
from openclaw_common.runtime.lifecycle import wait_for_stop_signal
from openclaw_common.runtime.logs import LogSettingError, configure_logs
from openclaw_standalone.errors import StartError
from openclaw_standalone.gateway import StandaloneGateway
from openclaw_standalone.report import Report
from openclaw_standalone.setup import Options, Setup, prepare
from openclaw_standalone.state_folder import StateFolder

SETTINGS_EXIT = 2
"""Exit status for a configuration that cannot be used."""


def run(options: Options, environ: Mapping[str, str], folder: Path, out: TextIO) -> int:
    """Run a gateway in `folder` until it is asked to stop, and return the exit status.

    `out` gets the report; problems go to standard error.
    """
    state = StateFolder(folder)
    try:
        setup = prepare(options, environ, folder, state)
        configure_logs(
            level=environ.get("OPENCLAW_LOG_LEVEL", "warn"),
            form=environ.get("OPENCLAW_LOG_FORMAT", "human"),
            secrets=secrets_in(setup.config, environ),
        )
        for warning in setup.warnings:
            _say(f"warning: {warning}")
        return uvloop.run(_serve(options, setup, state, environ, folder, out))
    except (ConfigError, LogSettingError) as error:
        _say(str(error))
        return SETTINGS_EXIT
    except StartError as error:
        _say(f"cannot start: {error}")
        return 1


async def _serve(
    options: Options,
    setup: Setup,
    state: StateFolder,
    environ: Mapping[str, str],
    folder: Path,
    out: TextIO,
) -> int:
    stop_signal = asyncio.create_task(wait_for_stop_signal())
    gateway = await StandaloneGateway.start(setup, state, environ)
    heap.settle()
    try:
        command = Path(sys.executable).with_name("openclaw-gateway")
        report = Report(setup, gateway.url, state, folder, command)
        person = report.as_text(show_token=out.isatty())
        print(report.as_json() if options.json else person, file=out, flush=True)
        ended = asyncio.create_task(gateway.wait())
        await asyncio.wait((stop_signal, ended), return_when=asyncio.FIRST_COMPLETED)
        if ended.done():
            _say(f"stopping: {ended.result()}")
            return 1
        ended.cancel()
        _say("draining: answers under way may finish; stop again to end at once")
        await gateway.drain()
        return 0
    finally:
        await gateway.stop()


def _say(text: str) -> None:
    print(f"openclaw-gateway: {text}", file=sys.stderr, flush=True)
