"""A request and its answer, printed for people or for scripts."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import typer

from openclaw_cli.gateway_client import GatewayClient
from openclaw_cli.lines import as_lines
from openclaw_cli.surroundings import Surroundings, run

AsText = Callable[[dict[str, Any]], str]
"""What people are told of an answer."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request to the gateway of a command, whose answer is printed; it ends the command."""

    context: typer.Context
    url: str | None
    token: str | None
    as_json: bool

    def get(self, path: str, as_text: AsText = as_lines) -> None:
        """Print what is at `path`."""
        run(self._printed("GET", path, None, as_text))

    def post(
        self, path: str, body: Mapping[str, Any] | None = None, as_text: AsText = as_lines
    ) -> None:
        """Post once, and print the answer."""
        run(self._printed("POST", path, body, as_text))

    def delete(self, path: str, as_text: AsText = as_lines) -> None:
        """Take away what is at `path`, and print the answer."""
        run(self._printed("DELETE", path, None, as_text))

    async def _printed(
        self, method: str, path: str, body: Mapping[str, Any] | None, as_text: AsText
    ) -> int:
        target = Surroundings.of(self.context).target(self.url, self.token)
        async with GatewayClient(target) as gateway:
            found = await gateway.call(method, path, body=body)
        typer.echo(json.dumps(found) if self.as_json else as_text(found))
        return 0
