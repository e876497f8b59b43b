"""`openclaw-gateway sessions`: lists of them, one as it stands, a new epoch, its end."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import quote

import typer

from openclaw_cli.lines import moment, page_of, with_query
from openclaw_cli.printing import Exchange
from openclaw_cli.surroundings import Json, Token, Url

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
    Exchange(context, url, token, as_json).get(path, page_of(_row))


@app.command()
def show(
    context: typer.Context, key: Key, url: Url = None, token: Token = None, as_json: Json = False
) -> None:
    """Print one session."""
    Exchange(context, url, token, as_json).get(_path(key))


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
    Exchange(context, url, token, as_json).post(path)


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
    Exchange(context, url, token, as_json).delete(_path(key, cancel=cancel))


def _path(key: str, action: str = "", *, cancel: bool = False) -> str:
    return f"/v1/sessions/{quote(key, safe='')}{action}{'?cancel=true' if cancel else ''}"


def _row(found: dict[str, Any]) -> tuple[str, ...]:
    return (
        found["key"],
        found["status"],
        f"{found['message_count']} messages",
        moment(found["last_run_at"]) if found["last_run_at"] else "-",
    )
