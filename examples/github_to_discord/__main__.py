"""`make demo`: a GitHub push, posted as a webhook, ends as a message on a local fake Discord.

Starts the fake Discord and the whole gateway in a folder that is thrown away, posts the push to the
mapping of `gateway.json5`, and prints the delivery with its receipt and what Discord was sent.
Exits with 1 when the message did not arrive.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import secrets
import sys
import tempfile
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import aiohttp

HERE: Final = Path(__file__).parent
ROOT: Final = HERE.parents[1]
PUSH: Final = ROOT / "tests/integration/ingress_hooks/data/github-push.json"
ANSWER_LIMIT_S: Final = 60
POLL_S: Final = 0.2
ENDED: Final = frozenset({"failed", "dead", "unknown", "suppressed", "cancelled"})


class DemoFailed(Exception):
    """The message did not arrive; the text says how far it came."""


async def demo(as_json: bool, environ: Mapping[str, str]) -> None:
    """Run it and print what happened. Raises DemoFailed."""
    secret, hook_token = secrets.token_hex(16), secrets.token_hex(16)
    with tempfile.TemporaryDirectory(prefix="openclaw-demo-") as folder:
        fake = [sys.executable, "-m", "tests.fakes.channels.discord"]
        async with _process(fake, ROOT, environ) as (_, discord):
            named = {
                **environ,
                "DEMO_DISCORD_URL": discord["base_url"],
                "DEMO_GATEWAY_TOKEN": secret,
                "DEMO_HOOK_TOKEN": hook_token,
            }
            config = str(HERE / "gateway.json5")
            gateway = Path(sys.executable).with_name("openclaw-gateway")
            up = [str(gateway), "up", "--json", "--port", "0", "--config", config]
            async with (
                _process(up, Path(folder), named) as (_, report),
                aiohttp.ClientSession() as http,
            ):
                await _show(http, report["url"], secret, hook_token, discord["port"], as_json)


async def _show(
    http: aiohttp.ClientSession, url: str, secret: str, hook_token: str, port: int, as_json: bool
) -> None:
    headers = {"Authorization": f"Bearer {hook_token}", "X-GitHub-Event": "push"}
    async with http.post(f"{url}/hooks/github", data=PUSH.read_bytes(), headers=headers) as answer:
        accepted = await answer.json()
        if answer.status != 200:
            raise DemoFailed(f"POST /hooks/github answered {answer.status}: {accepted}")
    delivery = await _delivered(http, url, secret, accepted["runId"])
    async with http.get(f"http://127.0.0.1:{port}/_accepted") as answer:
        messages = (await answer.json())["accepted"]
    found = {"hook": accepted, "delivery": delivery, "discord": messages}
    if as_json:
        print(json.dumps(found))
        return
    print(f"POST /hooks/github      -> {json.dumps(accepted)}")
    print(f"GET  /v1/deliveries     -> {json.dumps(delivery, indent=2)}")
    print(f"the fake Discord was sent: {[message['text'] for message in messages]}")


async def _delivered(
    http: aiohttp.ClientSession, url: str, secret: str, run_id: str
) -> dict[str, Any]:
    """Wait for the delivery of a run and return it."""
    headers = {"Authorization": f"Bearer {secret}"}
    last: dict[str, Any] = {}
    try:
        async with asyncio.timeout(ANSWER_LIMIT_S):
            while True:
                async with http.get(f"{url}/v1/runs/{run_id}/deliveries", headers=headers) as got:
                    last = await got.json()
                for delivery in last.get("data", []):
                    if delivery["status"] == "delivered":
                        return dict(delivery)
                    if delivery["status"] in ENDED:
                        raise DemoFailed(f"the delivery ended otherwise: {delivery}")
                await asyncio.sleep(POLL_S)
    except TimeoutError:
        raise DemoFailed(f"nothing was delivered within {ANSWER_LIMIT_S} s: {last}") from None


@asynccontextmanager
async def _process(
    command: list[str], folder: Path, environ: Mapping[str, str]
) -> AsyncIterator[tuple[Process, dict[str, Any]]]:
    """Run a command that prints a line of JSON once it serves; end it at the end."""
    process = await asyncio.create_subprocess_exec(*command, cwd=folder, env=environ, stdout=PIPE)
    try:
        if process.stdout is None or not (line := await process.stdout.readline()):
            raise DemoFailed(f"{command[0]} did not start")
        yield process, json.loads(line)
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


def main() -> int:
    """Run the demo; returns the exit status."""
    parser = argparse.ArgumentParser(prog="make demo", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    try:
        # The composition root.
        environ = os.environ  # noqa: TID251
        asyncio.run(demo(parser.parse_args().json, environ))
    except DemoFailed as failure:
        print(f"the demo failed: {failure}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
