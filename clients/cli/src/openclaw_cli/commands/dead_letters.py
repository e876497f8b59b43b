"""`openclaw-gateway dead-letters list` and `replay`: what failed for good, and putting it back."""

from __future__ import annotations

import json
from typing import Annotated, Any
from urllib.parse import quote

import typer

from openclaw_cli.errors import FAILED, UNUSABLE, CommandFailed
from openclaw_cli.gateway_client import GatewayClient
from openclaw_cli.lines import moment, page_of, with_query
from openclaw_cli.printing import Exchange
from openclaw_cli.surroundings import Json, Limit, Surroundings, Token, Url, run

Kind = Annotated[str | None, typer.Option(help="run, hook or delivery.")]
Channel = Annotated[str | None, typer.Option(help="telegram, discord, …")]
ErrorCode = Annotated[str | None, typer.Option(help="The code of the error.")]

app = typer.Typer(help="Look at what failed for good, and replay it.", no_args_is_help=True)


@app.command("list")
def list_(
    context: typer.Context,
    kind: Kind = None,
    channel: Channel = None,
    error_code: ErrorCode = None,
    limit: Limit = 20,
    url: Url = None,
    token: Token = None,
    as_json: Json = False,
) -> None:
    """Print dead letters, newest first."""
    wanted = {"kind": kind, "channel": channel, "error_code": error_code, "limit": limit}

    Exchange(context, url, token, as_json).get(
        with_query("/v1/dead-letters", wanted), page_of(_row)
    )


@app.command()
def replay(
    context: typer.Context,
    letter_id: Annotated[str | None, typer.Argument(metavar="[ID]", help="run_… or dlv_…")] = None,
    every: Annotated[bool, typer.Option("--all", help="All that match, oldest first.")] = False,
    kind: Kind = None,
    channel: Channel = None,
    error_code: ErrorCode = None,
    limit: Annotated[int, typer.Option(help="With --all: at most.", min=1, max=1000)] = 100,
    url: Url = None,
    token: Token = None,
    as_json: Json = False,
) -> None:
    """Replay one dead letter, or with --all those that match; exits 1 if any could not be."""
    given = {"kind": kind, "channel": channel, "error_code": error_code}
    wanted = {name: value for name, value in given.items() if value is not None}

    async def command() -> int:
        if every == (letter_id is not None):
            raise CommandFailed("give the id of a dead letter, or --all", UNUSABLE)
        target = Surroundings.of(context).target(url, token)
        async with GatewayClient(target) as gateway:
            if letter_id is not None:
                path = f"/v1/dead-letters/{quote(letter_id, safe='')}/replay"
                found = await gateway.post(path)
            else:
                body = {"filter": wanted, "limit": limit}
                found = await gateway.post("/v1/dead-letters/replay", body)
        typer.echo(json.dumps(found) if as_json else _told(found))
        return 0 if found.get("replayed") == found.get("matched") else FAILED

    run(command())


def _told(found: dict[str, Any]) -> str:
    if "matched" not in found:
        return f"{found['id']} replayed as {found.get('run_id') or found['delivery_id']}"
    error = found.get("error") or {}
    told = f"{found['replayed']} of {found['matched']} replayed"
    return f"{told}: {error['message']}" if error else told


def _row(found: dict[str, Any]) -> tuple[str, ...]:
    error = found.get("error") or {}
    return (
        found["id"],
        moment(found["died_at"]),
        found["kind"],
        error.get("code") or "",
        error.get("message") or "",
    )
