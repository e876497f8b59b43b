"""`keys` as a shell sees it."""

from __future__ import annotations

import json
from pathlib import Path

from tests.unit.cli.gateway import ScriptedGateway, answer, page
from tests.unit.cli.shell import ask

KEY = {
    "id": "key_1",
    "object": "api_key",
    "name": "build server",
    "prefix": "ock_abc123",
    "scopes": ["chat", "runs:read"],
    "tenant": "acme",
    "agents": None,
    "limits": {"queued_runs": 5},
    "created_at": 0,
    "expires_at": None,
    "revoked_at": None,
}


async def test_a_key_is_made_and_shown_once(tmp_path: Path) -> None:
    script = ScriptedGateway(answer({**KEY, "key": "ock_secret"}, 201))
    words = ("keys", "create", "build server", "--scope", "chat", "--queued-runs", "5")
    result = await ask(script, *words, folder=tmp_path)
    assert result.exit_code == 0
    assert "ock_secret" in result.stdout
    assert script.paths == ["/v1/keys"]


async def test_a_script_gets_the_key_as_json(tmp_path: Path) -> None:
    script = ScriptedGateway(answer({**KEY, "key": "ock_secret"}, 201))
    words = ("keys", "create", "ci", "--scope", "chat", "--tenant", "acme", "--json")
    result = await ask(script, *words, folder=tmp_path)
    assert json.loads(result.stdout)["key"] == "ock_secret"


async def test_keys_are_listed_one_a_line(tmp_path: Path) -> None:
    result = await ask(ScriptedGateway(page(KEY)), "keys", "list", folder=tmp_path)
    line = "key_1  ock_abc123…  build server  acme  chat,runs:read\n"
    assert (result.exit_code, result.stdout) == (0, line)


async def test_a_key_is_revoked(tmp_path: Path) -> None:
    script = ScriptedGateway(answer({**KEY, "revoked_at": 1}))
    result = await ask(script, "keys", "revoke", "key_1", folder=tmp_path)
    assert (result.exit_code, result.stdout) == (0, "key_1 revoked\n")
    assert script.paths == ["/v1/keys/key_1"]
