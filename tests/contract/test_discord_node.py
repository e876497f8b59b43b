"""npm's `discord-interactions` and our own check agree on what Discord signed."""

from __future__ import annotations

import asyncio
import base64
import json
from pathlib import Path

from openclaw_channels.base import Account
from openclaw_channels.discord import PLUGIN
from openclaw_channels.inbound import InboundRequest, NotAuthentic
from tests.contract.conftest import venv_environ
from tests.fakes.channels.discord_people import Application

SCRIPT = Path(__file__).parent / "node" / "discord.mjs"
NOW = 1_700_000_000.0


def signed(application: Application, body: bytes) -> tuple[bytes, str, str]:
    headers = application.signed(body, NOW)
    return body, headers["X-Signature-Ed25519"], headers["X-Signature-Timestamp"]


def ours(request: tuple[bytes, str, str], key: str) -> bool:
    body, signature, timestamp = request
    headers = {"x-signature-ed25519": signature, "x-signature-timestamp": timestamp}
    reader = PLUGIN.webhooks[0].reader(Account("discord", {"publicKey": key}))
    try:
        reader.verify(InboundRequest(headers, body, NOW))
    except NotAuthentic:
        return False
    return True


async def theirs(requests: list[tuple[bytes, str, str]], key: str, folder: Path) -> list[bool]:
    environ = venv_environ()
    process = await asyncio.create_subprocess_exec(
        str(Path(environ["PATH"].split(":")[0]) / "node"),
        str(SCRIPT),
        cwd=folder,
        env=environ,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    names = ("body", "signature", "timestamp")
    shown = [(base64.b64encode(body).decode(), *rest) for body, *rest in requests]
    lines = [json.dumps({**dict(zip(names, item, strict=True)), "key": key}) for item in shown]
    async with asyncio.timeout(30):
        output, errors = await process.communicate("\n".join(lines).encode())
    assert process.returncode == 0, errors.decode()
    verdicts: list[bool] = json.loads(output)
    return verdicts


async def test_we_and_the_official_library_take_and_refuse_the_same(node_folder: Path) -> None:
    application = Application()
    ping = signed(application, b'{"type":1}')
    requests = [
        ping,
        signed(application, '{"type":2,"data":"\u00e9\U0001f980"}'.encode()),
        signed(application, b""),
        (b'{"type":2}', ping[1], ping[2]),
        (ping[0], ping[1], "1700000001"),
        (ping[0], "00" * 64, ping[2]),
        (ping[0], "zz" * 64, ping[2]),
        signed(Application(), b'{"type":1}'),
    ]
    key = application.public_key
    expected = [True, True, True, False, False, False, False, False]
    assert [ours(request, key) for request in requests] == expected
    assert await theirs(requests, key, node_folder) == expected
