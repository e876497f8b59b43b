"""`openclaw-gateway health`: whether a gateway takes work."""

from __future__ import annotations

import json

import typer

from openclaw_cli.errors import FAILED
from openclaw_cli.gateway_client import GatewayClient
from openclaw_cli.surroundings import Json, Surroundings, Token, Url, run

NOT_READY = frozenset({503})


def health(
    context: typer.Context, url: Url = None, token: Token = None, as_json: Json = False
) -> None:
    """Ask a gateway whether it is ready; the exit status is 0 if it is."""

    async def command() -> int:
        target = Surroundings.of(context).target(url, token)
        async with GatewayClient(target) as gateway:
            found = await gateway.get("/readyz", accept=NOT_READY)
        ready = found.get("ready") is True
        if as_json:
            typer.echo(json.dumps(found))
        else:
            reasons = ", ".join(found.get("failing", ())) or "no reason given"
            typer.echo(f"{target.url}: {'ready' if ready else f'not ready ({reasons})'}")
        return 0 if ready else FAILED

    run(command())
