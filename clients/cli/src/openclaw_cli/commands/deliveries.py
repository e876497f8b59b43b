"""`openclaw-gateway deliveries list`, `show` and `replay`: what became of messages to people."""

from __future__ import annotations

import json
from typing import Annotated, Any
from urllib.parse import quote

import typer

from openclaw_cli.gateway_client import GatewayClient
from openclaw_cli.lines import as_lines, moment, table, with_query
from openclaw_cli.surroundings import Json, Surroundings, Token, Url, run

DeliveryId = Annotated[str, typer.Argument(metavar="ID", help="dlv_…")]
Limit = Annotated[int, typer.Option(help="How many, the newest.", min=1, max=100)]

app = typer.Typer(help="Look at deliveries, and replay one that failed.", no_args_is_help=True)


@app.command("list")
def list_(
    context: typer.Context,
    status: Annotated[str | None, typer.Option(help="pending, delivered, failed, …")] = None,
    channel: Annotated[str | None, typer.Option(help="telegram, discord, …")] = None,
    to: Annotated[str | None, typer.Option(help="The address on the channel.")] = None,
    run_id: Annotated[str | None, typer.Option("--run", help="The run that caused them.")] = None,
    limit: Limit = 20,
    url: Url = None,
    token: Token = None,
    as_json: Json = False,
) -> None:
    """Print deliveries, newest first."""
    wanted = {"status": status, "channel": channel, "to": to, "run_id": run_id, "limit": limit}

    async def command() -> int:
        target = Surroundings.of(context).target(url, token)
        async with GatewayClient(target) as gateway:
            found = await gateway.get(with_query("/v1/deliveries", wanted))
        typer.echo(json.dumps(found) if as_json else table(map(_row, found.get("data", []))))
        return 0

    run(command())


@app.command()
def show(
    context: typer.Context,
    delivery_id: DeliveryId,
    url: Url = None,
    token: Token = None,
    as_json: Json = False,
) -> None:
    """Print one delivery with its parts and attempts."""

    async def command() -> int:
        target = Surroundings.of(context).target(url, token)
        async with GatewayClient(target) as gateway:
            found = await gateway.get(f"/v1/deliveries/{quote(delivery_id, safe='')}")
        typer.echo(json.dumps(found) if as_json else as_lines(found))
        return 0

    run(command())


@app.command()
def replay(
    context: typer.Context,
    delivery_id: DeliveryId,
    url: Url = None,
    token: Token = None,
    as_json: Json = False,
) -> None:
    """Send a delivery that failed again, from its first unsent part on."""

    async def command() -> int:
        target = Surroundings.of(context).target(url, token)
        async with GatewayClient(target) as gateway:
            path = f"/v1/deliveries/{quote(delivery_id, safe='')}/replay"
            found = await gateway.post(path)
        typer.echo(json.dumps(found) if as_json else f"{found['id']} {found['status']}")
        return 0

    run(command())


def _row(found: dict[str, Any]) -> tuple[str, ...]:
    destination, error = found["destination"], found.get("last_error") or {}
    return (
        found["id"],
        moment(found["created_at"]),
        found["status"],
        f"{destination['channel']}:{destination['to']}",
        error.get("message") or "",
    )
