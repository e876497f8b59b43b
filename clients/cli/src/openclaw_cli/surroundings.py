"""What every command is given: the environment, the folder it runs in, how to reach a gateway."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from openclaw_cli.errors import CommandFailed
from openclaw_cli.target import Target, resolve_target

Url = Annotated[
    str | None,
    typer.Option("--url", envvar="OPENCLAW_GATEWAY_URL", help="The gateway's URL."),
]
Token = Annotated[
    str | None,
    typer.Option(
        "--token",
        envvar=["OPENCLAW_GATEWAY_TOKEN", "OPENCLAW_GATEWAY_PASSWORD"],
        help="Its token or password; default: what .openclaw/gateway-token holds.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")]
Limit = Annotated[int, typer.Option(help="How many, the newest.", min=1, max=100)]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The process that a command runs in, as the composition root saw it."""

    environ: Mapping[str, str]
    folder: Path

    @classmethod
    def of(cls, context: typer.Context) -> Surroundings:
        """Return what the composition root put into the context."""
        found = context.find_object(cls)
        if found is None:
            raise TypeError("the application was called without obj=Surroundings(…)")
        return found

    def target(self, url: str | None, token: str | None) -> Target:
        """Return the gateway to talk to. Raises CommandFailed."""
        return resolve_target(url, token, self.environ, self.folder)


def run(command: Coroutine[Any, Any, int]) -> None:
    """Run a command to its end; its result is the exit status."""
    with failures_told():
        raise typer.Exit(asyncio.run(command))


@contextmanager
def failures_told() -> Iterator[None]:
    """Turn a CommandFailed into its text on standard error and its exit status."""
    try:
        yield
    except CommandFailed as error:
        typer.echo(f"openclaw-gateway: {error}", err=True)
        raise typer.Exit(error.status) from None
