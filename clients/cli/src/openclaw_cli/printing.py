"""A request and its answer, printed for people or for scripts."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import typer

from openclaw_cli.gateway_client import GatewayClient
from openclaw_cli.lines import as_lines
from openclaw_cli.target import Target


async def shown(
    target: Target,
    method: str,
    path: str,
    *,
    as_json: bool,
    as_text: Callable[[dict[str, Any]], str] = as_lines,
) -> int:
    """Make a request without a body and print its answer; the exit status is 0."""
    async with GatewayClient(target) as gateway:
        found = await gateway.call(method, path)
    typer.echo(json.dumps(found) if as_json else as_text(found))
    return 0
