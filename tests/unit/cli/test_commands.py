"""The commands as a shell sees them: what is printed, and the exit status."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from tests.unit.cli.gateway import ScriptedGateway, answer, error, stream
from tests.unit.cli.shell import ask, type_in

CHUNK = '{"id": "chatcmpl_0-1", "choices": [{"delta": {"content": "%s"}}]}'
ANSWER = (
    f"id: 3\ndata: {CHUNK % 'Hel'}\n\n",
    f"id: 4\ndata: {CHUNK % 'lo'}\n\n",
    'data: {"choices": [{"delta": {}, "finish_reason": "stop"}]}\n\n',
    'data: {"choices": [], "usage": {"total_tokens": 5}}\n\n',
    "data: [DONE]\n\n",
)


async def test_send_prints_the_answer(tmp_path: Path) -> None:
    script = ScriptedGateway(stream(*ANSWER))
    words = ("send", "hi", "--agent", "beta", "--session", "demo")
    result = await ask(script, *words, folder=tmp_path)
    assert (result.exit_code, result.stdout) == (0, "Hello\n")
    assert json.loads(script.bodies[0])["messages"] == [{"role": "user", "content": "hi"}]
    assert script.headers[0]["x-openclaw-agent-id"] == "beta"
    assert script.headers[0]["x-openclaw-session-key"] == "demo"


async def test_send_repeats_the_same_request_when_the_answer_is_cut(tmp_path: Path) -> None:
    script = ScriptedGateway(stream(ANSWER[0], cut=True), stream(*ANSWER[1:]))
    result = await ask(script, "send", "hi", folder=tmp_path)
    assert (result.exit_code, result.stdout) == (0, "Hello\n")
    assert script.bodies[0] == script.bodies[1]
    first, second = script.headers
    assert first["Idempotency-Key"] == second["Idempotency-Key"]
    assert second["Last-Event-ID"] == "3"


async def test_send_prints_one_object_for_scripts(tmp_path: Path) -> None:
    result = await ask(ScriptedGateway(stream(*ANSWER)), "send", "hi", "--json", folder=tmp_path)
    assert json.loads(result.stdout) == {
        "run_id": "run_0-1",
        "text": "Hello",
        "finish_reason": "stop",
        "usage": {"total_tokens": 5},
        "error": None,
    }


async def test_send_fails_when_the_run_fails(tmp_path: Path) -> None:
    frames = ('id: 3\ndata: {"error": {"message": "upstream provider error"}}\n\n', ANSWER[-1])
    result = await ask(ScriptedGateway(stream(*frames)), "send", "hi", folder=tmp_path)
    assert result.exit_code == 1
    assert "the run failed: upstream provider error" in result.stderr


async def test_runs_get_prints_what_is_known(tmp_path: Path) -> None:
    run = {"id": "run_1", "status": "completed", "output": "Hello", "last_error": None}
    script = ScriptedGateway(answer(run))
    result = await ask(script, "runs", "get", "run_1", "--wait", "2", folder=tmp_path)
    assert result.stdout == "id     run_1\nstatus completed\noutput Hello\n"
    assert script.paths == ["/v1/runs/run_1?wait=2"]


@pytest.mark.parametrize(("end", "status"), [("run.completed", 0), ("run.failed", 1)])
async def test_runs_watch_ends_with_thetype_in(end: str, status: int, tmp_path: Path) -> None:
    script = ScriptedGateway(
        stream('id: 1\nevent: run.queued\ndata: {"type": "run.queued"}\n\n', cut=True),
        stream(f'id: 2\nevent: {end}\ndata: {{"type": "{end}", "reason": "x"}}\n\n'),
    )
    result = await ask(script, "runs", "watch", "run_1", folder=tmp_path)
    assert result.exit_code == status
    lines = result.stdout.splitlines()
    assert [line.split()[:2] for line in lines] == [["1", "run.queued"], ["2", end]]
    assert lines[1].endswith('{"reason": "x"}')


@pytest.mark.parametrize(("ready", "status"), [(True, 0), (False, 1)])
async def test_health_tells_by_its_status(ready: bool, status: int, tmp_path: Path) -> None:
    body = {"ready": ready, "failing": [] if ready else ["redis"]}
    script = ScriptedGateway(answer(body, 200 if ready else 503))
    result = await ask(script, "health", folder=tmp_path)
    assert result.exit_code == status
    assert ("not ready (redis)" in result.stdout) is not ready


async def test_a_refusal_is_told_with_status_1(tmp_path: Path) -> None:
    script = ScriptedGateway(error(404, "There is no such run.", "run_not_found"))
    result = await ask(script, "runs", "get", "run_1", folder=tmp_path)
    assert result.exit_code == 1
    assert "There is no such run." in result.stderr


@pytest.mark.parametrize(
    "words",
    [("runs", "list"), ("runs", "cancel", "run_1"), ("sessions", "show", "s"), ("keys", "list")],
)
def test_a_url_that_is_none_is_told(words: tuple[str, ...], tmp_path: Path) -> None:
    result = type_in(*words, "--url", "nonsense", folder=tmp_path)
    assert result.exit_code == 2
    assert "'nonsense' is no http:// or https:// URL" in result.stderr


def _config(folder: Path, text: str) -> Path:
    path = folder / "openclaw.json5"
    path.write_text(text, encoding="utf-8")
    return path


def test_config_check_takes_the_file_of_this_folder(tmp_path: Path) -> None:
    path = _config(tmp_path, '{gateway: {auth: {token: "secret-token"}}}')
    result = type_in("config", "check", "--json", folder=tmp_path)
    found = {"ok": True, "path": str(path), "errors": [], "warnings": []}
    assert (result.exit_code, json.loads(result.stdout)) == (0, found)


def test_config_check_warns_without_failing_unless_it_is_strict(tmp_path: Path) -> None:
    _config(tmp_path, '{gateway: {prot: 1, auth: {token: "secret-token"}}}')
    result = type_in("config", "check", folder=tmp_path)
    assert result.exit_code == 0
    assert "gateway.prot" in result.stderr
    assert type_in("config", "check", "--strict", folder=tmp_path).exit_code == 1


def test_config_check_says_what_a_missing_token_means(tmp_path: Path) -> None:
    result = type_in("config", "check", str(_config(tmp_path, "{}")), folder=tmp_path)
    assert result.exit_code == 0
    assert "OPENCLAW_GATEWAY_TOKEN" in result.stderr


def test_config_check_fails_on_what_cannot_be_used(tmp_path: Path) -> None:
    path = _config(tmp_path, '{gateway: {port: "many"}}')
    result = type_in("config", "check", str(path), folder=tmp_path)
    assert result.exit_code == 2
    assert "gateway.port" in result.stderr


def test_up_without_the_services_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "openclaw_standalone.command", None)
    result = type_in("up", folder=tmp_path)
    assert result.exit_code == 1
    assert "openclaw-standalone" in result.stderr
