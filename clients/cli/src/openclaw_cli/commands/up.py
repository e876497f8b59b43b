"""`openclaw-gateway up`: the whole gateway in this process."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from openclaw_cli.errors import CommandFailed
from openclaw_cli.surroundings import Json, Surroundings, failures_told


def up(
    context: typer.Context,
    config: Annotated[
        Path | None, typer.Option(help="Configuration file; default: openclaw.json5 here.")
    ] = None,
    port: Annotated[int | None, typer.Option(help="TCP port; 0 for any free one.")] = None,
    as_json: Json = False,
) -> None:
    """Start the gateway here, with an embedded Valkey and model where none is configured."""
    with failures_told():
        try:
            # Only this command needs the services, and they may not be installed beside it.
            from openclaw_standalone.command import run as run_standalone
            from openclaw_standalone.setup import Options
        except ModuleNotFoundError as error:
            raise CommandFailed(
                f"`up` needs the package openclaw-standalone ({error}); install it, or start "
                "openclaw-ingress and openclaw-agent-worker by themselves"
            ) from error
        surroundings = Surroundings.of(context)
        options = Options(config, port, as_json)
        raise typer.Exit(
            run_standalone(options, surroundings.environ, surroundings.folder, sys.stdout)
        )
