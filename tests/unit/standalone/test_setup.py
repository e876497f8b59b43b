"""What a start goes by: file, environment, command line, and what is kept in the folder."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from pydantic import SecretStr

from openclaw_common.runtime.config import Provider
from openclaw_standalone.errors import StartError
from openclaw_standalone.setup import Options, Setup, prepare
from openclaw_standalone.state_folder import StateFolder


def _prepare(folder: Path, options: Options | None = None, **environ: str) -> Setup:
    variables = {"HOME": str(folder / "home"), **environ}
    return prepare(options or Options(), variables, folder, StateFolder(folder))


def _config(folder: Path, text: str) -> Path:
    path = folder / "openclaw.json5"
    path.write_text(text, encoding="utf-8")
    return path


def test_an_empty_folder_gets_a_configuration_and_everything_is_embedded(tmp_path: Path) -> None:
    setup = _prepare(tmp_path)
    assert setup.wrote_config
    assert setup.path.is_file()
    assert setup.embedded_store
    assert setup.embedded_model
    assert setup.config.gateway.http.endpoints.chat_completions.enabled


def test_a_configuration_that_is_there_is_left_as_it_is(tmp_path: Path) -> None:
    path = _config(tmp_path, "{gateway: {port: 1234}}")
    setup = _prepare(tmp_path)
    assert (setup.path, setup.wrote_config) == (path, False)
    assert path.read_text(encoding="utf-8") == "{gateway: {port: 1234}}"


def test_the_port_of_the_command_line_wins_over_environment_and_file(tmp_path: Path) -> None:
    _config(tmp_path, "{gateway: {port: 1111}}")
    assert _prepare(tmp_path).config.gateway.port == 1111
    assert _prepare(tmp_path, OPENCLAW_GATEWAY_PORT="2222").config.gateway.port == 2222
    asked = _prepare(tmp_path, Options(port=0), OPENCLAW_GATEWAY_PORT="2222")
    assert asked.config.gateway.port == 0


def test_a_token_is_made_once_and_kept(tmp_path: Path) -> None:
    first, second = _prepare(tmp_path), _prepare(tmp_path)
    assert first.config.gateway.auth.token == second.config.gateway.auth.token
    assert first.token_file is not None
    assert stat.S_IMODE(first.token_file.stat().st_mode) == 0o600


def test_a_token_of_the_environment_is_not_written_down(tmp_path: Path) -> None:
    setup = _prepare(tmp_path, OPENCLAW_GATEWAY_TOKEN="from-the-environment")
    assert setup.config.gateway.auth.token == SecretStr("from-the-environment")
    assert setup.token_file is None
    assert not StateFolder(tmp_path).token_path.exists()


def test_no_token_is_made_where_none_is_asked_for(tmp_path: Path) -> None:
    _config(tmp_path, "{gateway: {auth: {mode: 'none'}}}")
    assert _prepare(tmp_path).config.gateway.auth.token is None


def test_a_redis_url_takes_the_place_of_the_embedded_store(tmp_path: Path) -> None:
    setup = _prepare(tmp_path, OPENCLAW_REDIS_URL="redis://127.0.0.1:6379/0")
    assert not setup.embedded_store


@pytest.mark.parametrize("key", ["OPENAI_API_KEY", "ANTHROPIC_API_KEY"])
def test_a_providers_key_takes_the_place_of_the_embedded_model(key: str, tmp_path: Path) -> None:
    assert not _prepare(tmp_path, **{key: "sk-test"}).embedded_model


def test_a_configured_provider_takes_the_place_of_the_embedded_model(tmp_path: Path) -> None:
    _config(tmp_path, "{models: {providers: {own: {baseUrl: 'http://127.0.0.1:1/v1'}}}}")
    assert not _prepare(tmp_path).embedded_model


def test_the_embedded_model_answers_for_every_agent(tmp_path: Path) -> None:
    _config(tmp_path, "{agents: {entries: {main: {}, other: {default: true}}}}")
    setup = _prepare(tmp_path).with_model("embedded", Provider(base_url="x"), "embedded/small")
    agents = setup.config.agents
    assert {agent.model.primary for agent in agents.entries.values()} == {"embedded/small"}
    assert agents.default_id == "other"
    assert set(setup.config.models.providers) == {"embedded"}


def test_a_folder_that_cannot_be_written_to_says_so(tmp_path: Path) -> None:
    with pytest.raises(StartError, match="cannot be written"):
        _prepare(tmp_path / "missing")
