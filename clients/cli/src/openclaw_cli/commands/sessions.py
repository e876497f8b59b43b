"""`openclaw-gateway sessions`: lists of them, one as it stands, a new epoch, its end."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import quote

import typer

from openclaw_cli.lines import moment, table, with_query
from openclaw_cli.printing import shown
from openclaw_cli.surroundings import Json, Surroundings, Token, Url, run

Key = Annotated[str, typer.Argument(metavar="KEY", help="With or without agent:ID: in front.")]
Cancel = Annotated[bool, typer.Option("--cancel", help="Cancel its runs first.")]

app = typer.Typer(help="Look at sessions, reset and delete them.", no_args_is_help=True)


@app.command("list")
def list_(
    context: typer.Context,
    agent: Annotated[str | None, typer.Option(help="Only sessions of this agent.")] = None,
    prefix: Annotated[str | None, typer.Option(help="Only keys that begin so.")] = None,
    limit: Annotated[int, typer.Option(help="How many.", min=1, max=100)] = 20,
    url: Url = None,
    token: Token = None,
    as_json: Json = False,
) -> None:
    """Print sessions, the last used first."""
    path = with_query("/v1/sessions", {"agent_id": agent, "prefix": prefix, "limit": limit})
    target = Surroundings.of(context).target(url, token)
    run(shown(target, "GET", path, as_json=as_json, as_text=_as_table))


@app.command()
def show(
    context: typer.Context, key: Key, url: Url = None, token: Token = None, as_json: Json = False
) -> None:
    """Print one session."""
    run(shown(Surroundings.of(context).target(url, token), "GET", _path(key), as_json=as_json))


@app.command()
def reset(
    context: typer.Context,
    key: Key,
    cancel: Cancel = False,
    url: Url = None,
    token: Token = None,
    as_json: Json = False,
) -> None:
    """Begin a session anew, with an empty history."""
    path = _path(key, "/reset", cancel=cancel)
    run(shown(Surroundings.of(context).target(url, token), "POST", path, as_json=as_json))


@app.command()
def delete(
    context: typer.Context,
    key: Key,
    cancel: Cancel = False,
    url: Url = None,
    token: Token = None,
    as_json: Json = False,
) -> None:
    """Take a session away, with its messages and its ended runs."""
    path = _path(key, cancel=cancel)
    run(shown(Surroundings.of(context).target(url, token), "DELETE", path, as_json=as_json))


def _path(key: str, action: str = "", *, cancel: bool = False) -> str:
    return f"/v1/sessions/{quote(key, safe='')}{action}{'?cancel=true' if cancel else ''}"


def _as_table(page: dict[str, Any]) -> str:
    return table(
        (
            found["key"],
            found["status"],
            f"{found['message_count']} messages",
            moment(found["last_run_at"]) if found["last_run_at"] else "-",
        )
        for found in page["data"]
    )
