"""`openclaw-gateway up` in an empty folder: everything that a newcomer touches."""

from __future__ import annotations

import asyncio
import json
import signal
import stat
from collections.abc import Iterator

import pytest

from openclaw_common.runtime.config import load_config
from tests.system.standalone.gateway_process import GatewayProcess, all_ended, command

QUESTION = {
    "model": "openclaw",
    "messages": [{"role": "user", "content": "What is the capital of France?"}],
    "max_tokens": 24,
    "temperature": 0,
}


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayProcess]:
    """A gateway started in an empty folder."""
    process = GatewayProcess.start(tmp_path_factory.mktemp("first-start"))
    yield process
    process.end()


def test_it_reports_what_it_runs_on(gateway: GatewayProcess) -> None:
    report = gateway.report
    assert report["config"] == str(gateway.folder / "openclaw.json5")
    assert report["config_written"] is True
    assert "embedded Valkey" in report["store"]
    assert "embedded smollm2" in report["model"]
    assert report["warnings"] == []


def test_the_token_is_made_once_and_readable_by_its_owner_alone(gateway: GatewayProcess) -> None:
    path = gateway.folder / ".openclaw" / "gateway-token"
    assert path.read_text(encoding="utf-8").strip() == gateway.report["token"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_the_configuration_it_wrote_is_one_and_has_the_chat_endpoint_on(
    gateway: GatewayProcess,
) -> None:
    loaded = load_config({}, gateway.folder / "openclaw.json5", require_auth=False)
    assert loaded.warnings == ()
    assert loaded.config.gateway.http.endpoints.chat_completions.enabled


async def test_the_embedded_model_answers(gateway: GatewayProcess) -> None:
    async with (
        asyncio.timeout(20),
        gateway.session() as client,
        client.post("/v1/chat/completions", json=QUESTION) as reply,
    ):
        body = await reply.json()
    assert reply.status == 200
    assert "Paris" in body["choices"][0]["message"]["content"]
    assert body["usage"]["completion_tokens"] > 0


async def test_the_embedded_model_answers_token_by_token(gateway: GatewayProcess) -> None:
    async with (
        asyncio.timeout(20),
        gateway.session() as client,
        client.post("/v1/chat/completions", json={**QUESTION, "stream": True}) as reply,
    ):
        assert reply.content_type == "text/event-stream"
        text = (await reply.read()).decode()
    frames = [line.removeprefix("data: ") for line in text.splitlines() if "data: " in line]
    assert frames[-1] == "[DONE]"
    deltas = [json.loads(frame)["choices"][0]["delta"] for frame in frames[:-1]]
    words = [delta["content"] for delta in deltas if "content" in delta]
    assert len(words) > 3
    assert "Paris" in "".join(words)


def test_commands_in_its_folder_find_it_and_its_token(gateway: GatewayProcess) -> None:
    health = command("health", "--json", folder=gateway.folder)
    assert json.loads(health.stdout)["durability"] == {"mode": "always", "noeviction": True}
    sent = command("send", "What is the capital of France?", folder=gateway.folder)
    assert sent.returncode == 0, sent.stderr
    assert sent.stdout.strip()


def test_a_second_gateway_in_the_same_folder_is_refused(gateway: GatewayProcess) -> None:
    second = command("up", "--port", "0", folder=gateway.folder)
    assert second.returncode == 1
    assert f"another gateway (process {gateway.popen.pid})" in second.stderr


def test_ctrl_c_drains_and_leaves_nothing_behind(gateway: GatewayProcess) -> None:
    children = gateway.children()
    assert sorted("valkey-server" in line for line in children.values()) == [False, True]
    assert gateway.stop(signal.SIGINT) == 0
    assert all_ended(children)
    assert not (gateway.folder / ".openclaw" / "gateway-url").exists()


def test_the_next_start_keeps_token_configuration_and_runs(
    gateway: GatewayProcess,
) -> None:
    assert gateway.popen.poll() == 0, "the tests of this module run in order"
    edited = gateway.folder / "openclaw.json5"
    edited.write_text(edited.read_text(encoding="utf-8") + "// mine\n", encoding="utf-8")
    again = GatewayProcess.start(gateway.folder)
    try:
        assert again.report["token"] == gateway.report["token"]
        assert again.report["config_written"] is False
        assert edited.read_text(encoding="utf-8").endswith("// mine\n")
        children = again.children()
        assert again.stop(signal.SIGKILL) == -signal.SIGKILL
        assert all_ended(children), "a killed gateway takes its Valkey and model with it"
    finally:
        again.end()
