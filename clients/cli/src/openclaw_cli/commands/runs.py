"""`openclaw-gateway runs`: lists of them, one as it stands and as it goes on, its end, a retry."""

from __future__ import annotations

import json
from typing import Annotated, Any, Final
from urllib.parse import quote

import typer

from openclaw_cli.errors import FAILED
from openclaw_cli.event_stream import ServerSentEvent
from openclaw_cli.gateway_client import GatewayClient, StreamRequest
from openclaw_cli.lines import moment, page_of, with_query
from openclaw_cli.printing import Exchange
from openclaw_cli.surroundings import Json, Limit, Surroundings, Token, Url, run
from openclaw_cli.target import Target
from openclaw_cli.trace_tree import trace_lines
from openclaw_common.contracts.run_event import RUN_COMPLETED, TERMINAL_TYPES

ENVELOPE: Final = frozenset({"type", "sequence_number", "run_id", "attempt"})
"""What every event has; shown by its position or not at all."""

RunId = Annotated[str, typer.Argument(metavar="ID", help="run_… or chatcmpl_…")]

app = typer.Typer(help="Look at runs, end them, ask again.", no_args_is_help=True)


@app.command("list")
def list_(
    context: typer.Context,
    status: Annotated[
        list[str] | None, typer.Option(help="queued, failed, …; may be given again.")
    ] = None,
    agent: Annotated[str | None, typer.Option(help="Only runs of this agent.")] = None,
    session: Annotated[str | None, typer.Option(help="Only runs of this session.")] = None,
    source: Annotated[str | None, typer.Option(help="chat, api, hook, cron, …")] = None,
    limit: Limit = 20,
    url: Url = None,
    token: Token = None,
    as_json: Json = False,
) -> None:
    """Print runs, newest first."""
    wanted = {"agent_id": agent, "session_key": session, "source": source, "limit": limit}
    path = with_query("/v1/runs", wanted)
    path += "".join(f"&status={quote(word, safe='')}" for word in status or ())
    Exchange(context, url, token, as_json).get(path, page_of(_row))


@app.command()
def cancel(
    context: typer.Context,
    run_id: RunId,
    url: Url = None,
    token: Token = None,
    as_json: Json = False,
) -> None:
    """Cancel a run, and print it."""
    path = f"/v1/runs/{quote(run_id, safe='')}/cancel"
    Exchange(context, url, token, as_json).post(path)


@app.command()
def retry(
    context: typer.Context,
    run_id: RunId,
    url: Url = None,
    token: Token = None,
    as_json: Json = False,
) -> None:
    """Ask again what a run that did not go well was asked, and print the new run."""
    path = f"/v1/runs/{quote(run_id, safe='')}/retry"
    Exchange(context, url, token, as_json).post(path)


@app.command("show")
@app.command("get", hidden=True)
def show(
    context: typer.Context,
    run_id: RunId,
    wait: Annotated[
        float, typer.Option(help="Seconds to let the run end first.", min=0, max=60)
    ] = 0,
    url: Url = None,
    token: Token = None,
    as_json: Json = False,
) -> None:
    """Print one run."""

    Exchange(context, url, token, as_json).get(f"/v1/runs/{quote(run_id, safe='')}?wait={wait:g}")


@app.command()
def trace(
    context: typer.Context,
    run_id: RunId,
    url: Url = None,
    token: Token = None,
    as_json: Json = False,
) -> None:
    """Print where the time of a run went: when each step began, how long it took, below what."""
    path = f"/v1/runs/{quote(run_id, safe='')}/trace"
    Exchange(context, url, token, as_json).get(path, _as_tree)


@app.command()
def watch(
    context: typer.Context,
    run_id: RunId,
    after: Annotated[int, typer.Option(help="Begin behind this event's number.", min=0)] = 0,
    url: Url = None,
    token: Token = None,
    as_json: Json = False,
) -> None:
    """Print the events of a run until it ends; the exit status is 0 if it completed."""

    async def command() -> int:
        target = Surroundings.of(context).target(url, token)
        return await _watch(target, run_id, after, as_json=as_json)

    run(command())


async def _watch(target: Target, run_id: str, after: int, *, as_json: bool) -> int:
    path = f"/v1/runs/{quote(run_id, safe='')}/events"
    request = StreamRequest("GET", path, after=str(after) if after else "")
    last = RUN_COMPLETED
    async with GatewayClient(target) as gateway:
        async for event in gateway.events(request, is_last=_is_terminal):
            last = event.event
            typer.echo(event.data if as_json else _as_line(event))
    return 0 if last == RUN_COMPLETED else FAILED


def _is_terminal(event: ServerSentEvent) -> bool:
    return event.event in TERMINAL_TYPES


def _as_line(event: ServerSentEvent) -> str:
    data: dict[str, Any] = json.loads(event.data)
    rest = {name: value for name, value in data.items() if name not in ENVELOPE}
    shown = json.dumps(rest, ensure_ascii=False) if rest else ""
    return f"{event.id:>6} {event.event:18} {shown}".rstrip()


def _as_tree(found: dict[str, Any]) -> str:
    return "\n".join((f"trace {found['trace_id']}", *trace_lines(found["otlp"])))


def _row(found: dict[str, Any]) -> tuple[str, ...]:
    return (
        found["id"],
        found["status"],
        moment(found["created_at"]),
        found["agent_id"],
        found["session_key"],
    )
