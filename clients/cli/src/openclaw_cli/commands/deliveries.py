"""`openclaw-gateway deliveries list`, `show` and `replay`: what became of messages to people."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import quote

import typer

from openclaw_cli.lines import moment, page_of, with_query
from openclaw_cli.printing import Exchange
from openclaw_cli.surroundings import Json, Limit, Token, Url

DeliveryId = Annotated[str, typer.Argument(metavar="ID", help="dlv_…")]

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

    Exchange(context, url, token, as_json).get(with_query("/v1/deliveries", wanted), page_of(_row))


@app.command()
def show(
    context: typer.Context,
    delivery_id: DeliveryId,
    url: Url = None,
    token: Token = None,
    as_json: Json = False,
) -> None:
    """Print one delivery with its parts and attempts."""

    Exchange(context, url, token, as_json).get(f"/v1/deliveries/{quote(delivery_id, safe='')}")


@app.command()
def replay(
    context: typer.Context,
    delivery_id: DeliveryId,
    url: Url = None,
    token: Token = None,
    as_json: Json = False,
) -> None:
    """Send a delivery that failed again, from its first unsent part on."""

    path = f"/v1/deliveries/{quote(delivery_id, safe='')}/replay"
    exchange = Exchange(context, url, token, as_json)
    exchange.post(path, as_text=lambda found: f"{found['id']} {found['status']}")


def _row(found: dict[str, Any]) -> tuple[str, ...]:
    destination, error = found["destination"], found.get("last_error") or {}
    return (
        found["id"],
        moment(found["created_at"]),
        found["status"],
        f"{destination['channel']}:{destination['to']}",
        error.get("message") or "",
    )
