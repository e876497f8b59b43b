"""`deliveries` and `dead-letters` as a shell sees them."""

from __future__ import annotations

import json
from pathlib import Path

from tests.unit.cli.gateway import ScriptedGateway, answer, error, page
from tests.unit.cli.shell import ask

DELIVERY = {
    "id": "dlv_1",
    "status": "failed",
    "created_at": 0,
    "destination": {"channel": "telegram", "to": "42"},
    "last_error": {"message": "chat not found"},
    "text": "hi",
}
LETTER = {
    "id": "dlv_1",
    "kind": "delivery",
    "died_at": 60,
    "error": {"code": "chat_not_found", "message": "chat not found"},
}


async def test_deliveries_are_listed_one_a_line(tmp_path: Path) -> None:
    script = ScriptedGateway(page(DELIVERY))
    words = ("deliveries", "list", "--status", "failed", "--run", "run_1")
    result = await ask(script, *words, folder=tmp_path)
    line = "dlv_1  1970-01-01 00:00:00Z  failed  telegram:42  chat not found\n"
    assert (result.exit_code, result.stdout) == (0, line)
    assert script.paths == ["/v1/deliveries?status=failed&run_id=run_1&limit=20"]


async def test_an_empty_list_says_so(tmp_path: Path) -> None:
    result = await ask(ScriptedGateway(page()), "deliveries", "list", folder=tmp_path)
    assert (result.exit_code, result.stdout) == (0, "nothing found\n")


async def test_one_delivery_is_shown(tmp_path: Path) -> None:
    result = await ask(
        ScriptedGateway(answer(DELIVERY)), "deliveries", "show", "dlv_1", folder=tmp_path
    )
    assert "status      failed" in result.stdout


async def test_a_delivery_is_replayed(tmp_path: Path) -> None:
    script = ScriptedGateway(answer({**DELIVERY, "status": "pending"}, 202))
    result = await ask(script, "deliveries", "replay", "dlv_1", folder=tmp_path)
    assert (result.exit_code, result.stdout) == (0, "dlv_1 pending\n")
    assert script.paths == ["/v1/deliveries/dlv_1/replay"]


async def test_a_refusal_is_told(tmp_path: Path) -> None:
    refusal = error(409, "The delivery is delivered.", "delivery_not_replayable")
    result = await ask(ScriptedGateway(refusal), "deliveries", "replay", "dlv_1", folder=tmp_path)
    assert result.exit_code == 1
    assert "The delivery is delivered." in result.stderr


async def test_dead_letters_are_listed_for_people_and_for_scripts(tmp_path: Path) -> None:
    words = ("dead-letters", "list", "--kind", "delivery")
    result = await ask(ScriptedGateway(page(LETTER)), *words, folder=tmp_path)
    line = "dlv_1  1970-01-01 00:01:00Z  delivery  chat_not_found  chat not found\n"
    assert result.stdout == line
    result = await ask(ScriptedGateway(page(LETTER)), *words, "--json", folder=tmp_path)
    assert json.loads(result.stdout)["data"] == [LETTER]


async def test_one_dead_letter_is_replayed(tmp_path: Path) -> None:
    script = ScriptedGateway(answer({"id": "run_1", "run_id": "run_2"}, 202))
    result = await ask(script, "dead-letters", "replay", "run_1", folder=tmp_path)
    assert (result.exit_code, result.stdout) == (0, "run_1 replayed as run_2\n")


async def test_all_that_match_are_replayed(tmp_path: Path) -> None:
    job = {"id": "rpl_1", "matched": 3, "replayed": 2, "error": {"message": "full"}}
    script = ScriptedGateway(answer(job, 202))
    words = ("dead-letters", "replay", "--all", "--channel", "telegram")
    result = await ask(script, *words, folder=tmp_path)
    assert (result.exit_code, result.stdout) == (1, "2 of 3 replayed: full\n")
    assert json.loads(script.bodies[0]) == {"filter": {"channel": "telegram"}, "limit": 100}


async def test_a_replay_needs_an_id_or_all(tmp_path: Path) -> None:
    for words in ((), ("run_1", "--all")):
        result = await ask(ScriptedGateway(), "dead-letters", "replay", *words, folder=tmp_path)
        assert (result.exit_code, "or --all" in result.stderr) == (2, True)
