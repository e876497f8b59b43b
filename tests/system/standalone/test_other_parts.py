"""`openclaw-gateway up` with a store and provider of the user's own; what can be in the way."""

from __future__ import annotations

import json
import signal
import socket
from pathlib import Path

import pytest

from tests.harness.processes import free_port
from tests.system.standalone.gateway_process import GatewayProcess, command


@pytest.fixture
def own(valkey_url: str) -> dict[str, str]:
    """A store and a provider, so that nothing embedded is needed."""
    return {"OPENCLAW_REDIS_URL": valkey_url, "OPENAI_API_KEY": "sk-test"}


def test_nothing_is_embedded_when_store_and_provider_are_named(
    tmp_path: Path, own: dict[str, str], valkey_url: str
) -> None:
    gateway = GatewayProcess.start(tmp_path, own)
    try:
        assert gateway.report["store"] == valkey_url
        assert gateway.report["model"].startswith("openai/")
        assert gateway.children() == {}
        assert "sk-test" not in json.dumps(gateway.report)
        assert gateway.stop(signal.SIGTERM) == 0
    finally:
        gateway.end()


def test_a_taken_port_says_what_to_do(tmp_path: Path, own: dict[str, str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        up = command("up", "--port", str(port), folder=tmp_path, more=own)
    assert up.returncode == 1
    assert f"port {port} of 127.0.0.1 is taken" in up.stderr
    assert "--port" in up.stderr


def test_a_store_that_is_not_there_says_what_to_do(tmp_path: Path, own: dict[str, str]) -> None:
    own["OPENCLAW_REDIS_URL"] = f"redis://:hidden@127.0.0.1:{free_port()}/0"
    up = command("up", "--port", "0", folder=tmp_path, more=own)
    assert up.returncode == 1
    assert "does not answer" in up.stderr
    assert "hidden" not in up.stderr + up.stdout


def test_a_configuration_that_cannot_be_used_ends_the_start(tmp_path: Path) -> None:
    (tmp_path / "openclaw.json5").write_text("{gateway: {port: 'many'}}", encoding="utf-8")
    up = command("up", folder=tmp_path)
    assert up.returncode == 2
    assert "gateway.port" in up.stderr
