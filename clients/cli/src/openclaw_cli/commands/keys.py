"""`openclaw-gateway keys create`, `list` and `revoke`: named API keys of the gateway."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import quote

import typer

from openclaw_cli.lines import moment, page_of, with_query
from openclaw_cli.printing import Exchange
from openclaw_cli.surroundings import Json, Limit, Token, Url

KeyId = Annotated[str, typer.Argument(metavar="ID", help="key_…")]
Scopes = Annotated[
    list[str],
    typer.Option("--scope", help="chat, hooks, runs:read, …, admin; repeatable."),
]
Agents = Annotated[
    list[str] | None, typer.Option("--agent", help="An agent it may use; without one, all.")
]

app = typer.Typer(help="Make, list and revoke API keys.", no_args_is_help=True)


@app.command()
def create(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="What the key is called.")],
    scope: Scopes,
    tenant: Annotated[str | None, typer.Option(help="Whose key it is.")] = None,
    agent: Agents = None,
    requests_per_minute: Annotated[int | None, typer.Option(min=1)] = None,
    runs_in_progress: Annotated[int | None, typer.Option(min=1)] = None,
    queued_runs: Annotated[int | None, typer.Option(min=1)] = None,
    tokens_per_day: Annotated[int | None, typer.Option(min=1)] = None,
    expires_at: Annotated[int | None, typer.Option(help="Unix seconds.")] = None,
    url: Url = None,
    token: Token = None,
    as_json: Json = False,
) -> None:
    """Make a key and print it; it is not shown again."""
    limits = {
        "requests_per_minute": requests_per_minute,
        "runs_in_progress": runs_in_progress,
        "queued_runs": queued_runs,
        "tokens_per_day": tokens_per_day,
    }
    body = {
        "name": name,
        "scopes": scope,
        "tenant": tenant,
        "agents": agent or None,
        "limits": limits,
        "expires_at": expires_at,
    }

    Exchange(context, url, token, as_json).post("/v1/keys", body)


@app.command("list")
def list_(
    context: typer.Context,
    limit: Limit = 20,
    url: Url = None,
    token: Token = None,
    as_json: Json = False,
) -> None:
    """Print keys, newest first, revoked ones too."""

    Exchange(context, url, token, as_json).get(
        with_query("/v1/keys", {"limit": limit}), page_of(_row)
    )


@app.command()
def revoke(
    context: typer.Context,
    key_id: KeyId,
    url: Url = None,
    token: Token = None,
    as_json: Json = False,
) -> None:
    """Revoke a key; within a second it lets nobody in."""

    Exchange(context, url, token, as_json).delete(
        f"/v1/keys/{quote(key_id, safe='')}", lambda found: f"{found['id']} revoked"
    )


def _row(found: dict[str, Any]) -> tuple[str, ...]:
    state = "revoked" if found["revoked_at"] else ""
    if not state and found["expires_at"]:
        state = f"until {moment(found['expires_at'])}"
    return (
        found["id"],
        found["prefix"] + "…",
        found["name"],
        found["tenant"] or "-",
        ",".join(found["scopes"]),
        state,
    )
