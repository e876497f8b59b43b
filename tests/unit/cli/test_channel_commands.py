"""`channels` and `pairing` as a shell sees them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from tests.unit.cli.gateway import ScriptedGateway, answer
from tests.unit.cli.shell import ask, type_in

PENDING = {
    "object": "pairing",
    "status": "pending",
    "channel": "telegram",
    "account_id": "default",
    "sender": "7",
    "name": "Alice",
    "code": "ABCDEFGH",
    "requested_at": 0,
    "expires_at": 3600,
    "approved_at": None,
}
ENTRY_POINTS = "[openclaw.channels]\nparrot = tests.fakes.parrot_plug:PLUGIN\n"


@pytest.fixture
def parrot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a configuration of the parrot, which is installed."""
    info = tmp_path / "packages" / "openclaw_channel_parrot-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: openclaw-channel-parrot\n")
    (info / "entry_points.txt").write_text(ENTRY_POINTS)
    monkeypatch.syspath_prepend(str(info.parent))
    configure(tmp_path, {"url": "http://127.0.0.1:1", "secret": "s", "mode": "poll"})
    return tmp_path


def configure(folder: Path, parrot: dict[str, Any]) -> None:
    (folder / "openclaw.json5").write_text(json.dumps({"channels": {"parrot": parrot}}))


def shell(folder: Path, *words: str) -> Result:
    return type_in(*words, "--config", str(folder / "openclaw.json5"), folder=folder)


def test_accounts_are_listed_with_their_ways_in(parrot: Path) -> None:
    result = shell(parrot, "channels", "list")
    line = "parrot  default  connection, /api/channels/parrot/default/webhook\n"
    assert (result.exit_code, result.stdout) == (0, line)


def test_the_platform_is_told_where_to_post(parrot: Path) -> None:
    words = ("channels", "setup", "parrot", "--public-url", "https://claw.example.com/")
    result = shell(parrot, *words)
    line = "ok   default: posts go to https://claw.example.com/api/channels/parrot/webhook\n"
    assert (result.exit_code, result.stdout) == (0, line)


@pytest.mark.parametrize("url", ["claw.example.com", "ftp://x", "https://", "https://x/?a=b"])
def test_what_is_no_public_url_is_told_to_nobody(parrot: Path, url: str) -> None:
    result = shell(parrot, "channels", "setup", "parrot", "--public-url", url)
    assert result.exit_code == 2
    assert "https://claw.example" in result.stderr


def test_what_is_wrong_with_an_account_is_said_with_what_to_do(parrot: Path) -> None:
    configure(parrot, {"url": "http://127.0.0.1:1"})
    result = shell(parrot, "channels", "test", "parrot")
    line = "BAD  default: the secret — set channels.parrot.secret\n"
    assert (result.exit_code, result.stdout) == (1, line)


def test_a_script_gets_findings_as_json(parrot: Path) -> None:
    result = shell(parrot, "channels", "test", "parrot", "--json")
    found = {"account_id": "default", "ok": True, "what": "the secret"}
    assert json.loads(result.stdout) == [{**found, "advice": "set channels.parrot.secret"}]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("channels", "test", "crow"), "There is no channel 'crow'"),
        (("channels", "test", "slack"), "channels.slack is not configured"),
        (("channels", "test", "parrot", "--account", "b"), "no enabled account 'b'"),
    ],
)
def test_a_name_that_leads_nowhere_is_told(parrot: Path, words: tuple[str, ...], told: str) -> None:
    result = shell(parrot, *words)
    assert result.exit_code == 1
    assert told in result.stderr


async def test_nobodys_name_does_anything_to_the_terminal(tmp_path: Path) -> None:
    name = "\x1b[2JBob\r\u202etelegram  default  8"
    script = ScriptedGateway(answer({"object": "list", "data": [{**PENDING, "name": name}]}))
    result = await ask(script, "pairing", "list", folder=tmp_path)
    assert result.stdout.rstrip("\n").isprintable()


async def test_pairings_are_listed_with_their_codes(tmp_path: Path) -> None:
    script = ScriptedGateway(answer({"object": "list", "data": [PENDING]}))
    result = await ask(script, "pairing", "list", "telegram", folder=tmp_path)
    line = "telegram  default  7  Alice  ABCDEFGH until 1970-01-01 01:00:00Z\n"
    assert (result.exit_code, result.stdout) == (0, line)
    assert script.paths == ["/v1/pairings?channel=telegram"]


async def test_a_code_is_approved(tmp_path: Path) -> None:
    script = ScriptedGateway(answer({**PENDING, "status": "approved", "code": None}))
    words = ("pairing", "approve", "telegram", "ABCDEFGH", "--no-notify")
    result = await ask(script, *words, folder=tmp_path)
    assert (result.exit_code, result.stdout) == (0, "7 may write\n")
    assert json.loads(script.bodies[0])["notify"] is False


async def test_a_person_is_revoked(tmp_path: Path) -> None:
    script = ScriptedGateway(answer({"object": "pairing.revoked"}))
    result = await ask(script, "pairing", "revoke", "telegram", "7", folder=tmp_path)
    assert (result.exit_code, result.stdout) == (0, "7 may write no more\n")
    assert json.loads(script.bodies[0])["account_id"] == "default"
