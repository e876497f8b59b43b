"""`openclaw-gateway pairing list`, `approve` and `revoke`: who may write to the accounts."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from openclaw_cli.gateway_client import GatewayClient
from openclaw_cli.lines import moment, table, with_query
from openclaw_cli.surroundings import Json, Surroundings, Token, Url, run

Channel = Annotated[str, typer.Argument(help="telegram, discord, signal, slack, …")]

app = typer.Typer(help="Let strangers write to the accounts of channels.", no_args_is_help=True)


@app.command("list")
def list_(
    context: typer.Context,
    channel: Annotated[str | None, typer.Argument(help="Of one channel alone.")] = None,
    url: Url = None,
    token: Token = None,
    as_json: Json = False,
) -> None:
    """Print who waits, with their codes, and who was let in."""

    async def command() -> int:
        target = Surroundings.of(context).target(url, token)
        async with GatewayClient(target) as gateway:
            found = await gateway.get(with_query("/v1/pairings", {"channel": channel}))
        typer.echo(json.dumps(found) if as_json else table(map(_row, found.get("data", []))))
        return 0

    run(command())


@app.command()
def approve(
    context: typer.Context,
    channel: Channel,
    code: Annotated[str, typer.Argument(help="What the stranger was told.")],
    notify: Annotated[bool, typer.Option(help="Whether to tell them.")] = True,
    url: Url = None,
    token: Token = None,
    as_json: Json = False,
) -> None:
    """Let in who was given a code: for direct messages, not for groups."""
    body = {"channel": channel, "code": code, "notify": notify}

    async def command() -> int:
        target = Surroundings.of(context).target(url, token)
        async with GatewayClient(target) as gateway:
            found = await gateway.post("/v1/pairings/approve", body)
        typer.echo(json.dumps(found) if as_json else f"{found['sender']} may write")
        return 0

    run(command())


@app.command()
def revoke(
    context: typer.Context,
    channel: Channel,
    sender: Annotated[str, typer.Argument(help="The platform's id of the person.")],
    account: Annotated[str, typer.Option(help="The account's name.")] = "default",
    url: Url = None,
    token: Token = None,
    as_json: Json = False,
) -> None:
    """Let somebody in no more."""
    body = {"channel": channel, "sender": sender, "account_id": account}

    async def command() -> int:
        target = Surroundings.of(context).target(url, token)
        async with GatewayClient(target) as gateway:
            found = await gateway.post("/v1/pairings/revoke", body)
        typer.echo(json.dumps(found) if as_json else f"{sender} may write no more")
        return 0

    run(command())


def _row(found: dict[str, Any]) -> tuple[str, ...]:
    state = found["status"]
    if found["code"]:
        state = f"{found['code']} until {moment(found['expires_at'])}"
    name = found["name"] or "-"
    return (found["channel"], found["account_id"], found["sender"], name, state)
