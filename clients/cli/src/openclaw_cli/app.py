"""The application as a list of commands."""

from __future__ import annotations

import typer

from openclaw_cli.commands import (
    channels,
    config,
    dead_letters,
    deliveries,
    keys,
    pairing,
    runs,
    sessions,
)
from openclaw_cli.commands.health import health
from openclaw_cli.commands.send import send
from openclaw_cli.commands.up import up

app = typer.Typer(
    name="openclaw-gateway",
    help="Start an OpenClaw gateway, talk to it, look at its runs and deliveries.",
    no_args_is_help=True,
    add_completion=False,
    # A traceback with local variables could show a token.
    pretty_exceptions_enable=False,
)
app.command()(up)
app.command()(send)
app.command()(health)
app.add_typer(runs.app, name="runs")
app.add_typer(sessions.app, name="sessions")
app.add_typer(deliveries.app, name="deliveries")
app.add_typer(dead_letters.app, name="dead-letters")
app.add_typer(keys.app, name="keys")
app.add_typer(channels.app, name="channels")
app.add_typer(pairing.app, name="pairing")
app.add_typer(config.app, name="config")
