"""The command line as a shell sees it: words in, an exit status and what was printed out."""

from __future__ import annotations

import asyncio
from pathlib import Path

from typer.testing import CliRunner, Result

from openclaw_cli.app import app
from openclaw_cli.surroundings import Surroundings
from tests.unit.cli.gateway import ScriptedGateway


def type_in(*words: str, folder: Path) -> Result:
    """Run a command in `folder`, with nothing in the environment that names a gateway."""
    environ = {"OPENCLAW_GATEWAY_TOKEN": "", "OPENCLAW_GATEWAY_URL": ""}
    return CliRunner().invoke(app, words, obj=Surroundings({}, folder), env=environ)


async def ask(script: ScriptedGateway, *words: str, folder: Path) -> Result:
    """Run a command that speaks to the gateway of `script`."""
    async with asyncio.timeout(5), script.serving() as gateway:
        words = (*words, "--url", gateway.url)
        return await asyncio.to_thread(type_in, *words, folder=folder)
