"""`openclaw-gateway config check`: whether a configuration can be used, and what is odd in it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Final

import typer

from openclaw_cli.errors import FAILED, UNUSABLE
from openclaw_cli.surroundings import Json, Surroundings
from openclaw_common.runtime.config import ConfigError, load_config

app = typer.Typer(help="Look at the configuration.", no_args_is_help=True)

NO_TOKEN: Final = (
    "gateway.auth.token: is not set; `openclaw-gateway up` makes one, the services started by "
    "themselves want OPENCLAW_GATEWAY_TOKEN"
)


@dataclass(frozen=True, slots=True)
class Findings:
    """What a check found. `path` is None where there is no file."""

    path: str | None
    errors: list[str]
    warnings: list[str]


@app.command()
def check(
    context: typer.Context,
    path: Annotated[
        Path | None, typer.Argument(help="Configuration file; default: the one `up` would take.")
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 1 on a warning.")] = False,
    as_json: Json = False,
) -> None:
    """Check the configuration; exits with 0 when it can be used, with 2 when not."""
    surroundings = Surroundings.of(context)
    findings = examine(surroundings.environ, path, surroundings.folder)
    if as_json:
        typer.echo(json.dumps({"ok": not findings.errors, **asdict(findings)}))
    else:
        _print(findings)
    if findings.errors:
        raise typer.Exit(UNUSABLE)
    raise typer.Exit(FAILED if strict and findings.warnings else 0)


@app.callback()
def config() -> None:
    """Keep `check` a command of its own while it is the only one."""


def examine(environ: Mapping[str, str], path: Path | None, folder: Path) -> Findings:
    """Return what there is to say about the configuration that a start in `folder` would read."""
    try:
        loaded = load_config(environ, path, require_auth=False, working_directory=folder)
    except ConfigError as error:
        return Findings(str(path) if path else None, str(error).splitlines(), [])
    warnings = list(loaded.warnings)
    auth = loaded.config.gateway.auth
    if auth.mode == "token" and auth.token is None:
        warnings.append(NO_TOKEN)
    return Findings(str(loaded.path) if loaded.path else None, [], warnings)


def _print(findings: Findings) -> None:
    for text in findings.errors:
        typer.echo(f"error: {text}", err=True)
    for text in findings.warnings:
        typer.echo(f"warning: {text}", err=True)
    if not findings.errors:
        typer.echo(f"{findings.path or 'no configuration file, so the defaults'}: can be used")
