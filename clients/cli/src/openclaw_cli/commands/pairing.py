"""`openclaw-gateway pairing list`, `approve` and `revoke`: who may write to the accounts."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from openclaw_cli.lines import moment, page_of, with_query
from openclaw_cli.printing import Exchange
from openclaw_cli.surroundings import Json, Token, Url

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

    Exchange(context, url, token, as_json).get(
        with_query("/v1/pairings", {"channel": channel}), page_of(_row)
    )


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

    exchange = Exchange(context, url, token, as_json)
    exchange.post("/v1/pairings/approve", body, lambda found: f"{found['sender']} may write")


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

    exchange = Exchange(context, url, token, as_json)
    exchange.post("/v1/pairings/revoke", body, lambda _: f"{sender} may write no more")


def _row(found: dict[str, Any]) -> tuple[str, ...]:
    state = found["status"]
    if found["code"]:
        state = f"{found['code']} until {moment(found['expires_at'])}"
    name = found["name"] or "-"
    return (found["channel"], found["account_id"], found["sender"], name, state)
