"""What a start tells: enough to try it, and no secret where nobody watches."""

from __future__ import annotations

import json
from pathlib import Path

from openclaw_standalone.report import Report
from openclaw_standalone.setup import Options, prepare
from openclaw_standalone.state_folder import StateFolder

URL = "http://127.0.0.1:4711"


def _report(folder: Path, text: str | None = None, **environ: str) -> Report:
    if text is not None:
        (folder / "openclaw.json5").write_text(text, encoding="utf-8")
    state = StateFolder(folder)
    variables = {"HOME": str(folder / "home"), **environ}
    setup = prepare(Options(), variables, folder, state)
    return Report(setup, URL, state, folder, folder / "bin" / "openclaw-gateway")


CHAT_ON = "gateway: {http: {endpoints: {chatCompletions: {enabled: true}}}"


def test_a_person_sees_what_runs_and_can_paste_the_examples(tmp_path: Path) -> None:
    report = _report(tmp_path)
    token = StateFolder(tmp_path).token()
    text = report.as_text(show_token=True)
    assert f"-H 'Authorization: Bearer {token}'" in text
    assert f'OpenAI(base_url="{URL}/v1", api_key="{token}")' in text
    assert "openclaw.json5 (just written" in text
    assert "data in .openclaw/valkey" in text
    assert 'bin/openclaw-gateway send "' in text


def test_a_log_file_gets_no_credential(tmp_path: Path) -> None:
    text = _report(tmp_path).as_text(show_token=False)
    assert StateFolder(tmp_path).token() not in text
    assert "kept in .openclaw/gateway-token" in text


def test_a_script_gets_one_line(tmp_path: Path) -> None:
    line = _report(tmp_path).as_json()
    assert "\n" not in line
    found = json.loads(line)
    assert (found["url"], found["token"]) == (URL, StateFolder(tmp_path).token())


def test_the_password_of_a_store_is_not_shown(tmp_path: Path) -> None:
    report = _report(tmp_path, OPENCLAW_REDIS_URL="rediss://user:hidden@redis.example:6380/2")
    text = report.as_text(show_token=True) + report.as_json()
    assert "rediss://redis.example:6380/2" in text
    assert "hidden" not in text


def test_an_open_gateway_is_called_open(tmp_path: Path) -> None:
    text = _report(tmp_path, f"{{{CHAT_ON}, auth: {{mode: 'none'}}}}}}").as_text(show_token=True)
    assert "open to everybody" in text
    assert "Authorization" not in text


def test_a_chat_endpoint_that_is_off_is_not_shown_as_something_to_try(tmp_path: Path) -> None:
    text = _report(tmp_path, "{}").as_text(show_token=True)
    assert "curl" not in text
    assert "gateway.http.endpoints.chatCompletions.enabled" in text


def test_the_channels_that_are_on_are_named(tmp_path: Path) -> None:
    channels = "channels: {telegram: {botToken: 't'}, discord: {enabled: false}}"
    report = _report(tmp_path, f"{{{channels}}}")
    assert json.loads(report.as_json())["channels"] == ["telegram"]
    assert "telegram" in report.as_text(show_token=False)
