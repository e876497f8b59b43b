"""Which gateway is meant, and who gets its token."""

from __future__ import annotations

from pathlib import Path

import pytest

from openclaw_cli.errors import CommandFailed
from openclaw_cli.target import resolve_target


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder in which a gateway was started on port 4711."""
    state = tmp_path / ".openclaw"
    state.mkdir()
    (state / "gateway-url").write_text("http://127.0.0.1:4711\n", encoding="utf-8")
    (state / "gateway-token").write_text("kept-token\n", encoding="utf-8")
    return tmp_path


def test_the_gateway_of_this_folder_is_meant_when_none_is_named(folder: Path) -> None:
    target = resolve_target(None, None, {}, folder)
    assert (target.url, target.token) == ("http://127.0.0.1:4711", "kept-token")


def test_a_named_gateway_and_token_win(folder: Path) -> None:
    target = resolve_target("https://gateway.example/base/", "mine", {}, folder)
    assert (target.url, target.token) == ("https://gateway.example/base", "mine")


def test_without_any_hint_it_is_the_usual_local_port(tmp_path: Path) -> None:
    assert resolve_target(None, None, {}, tmp_path).url == "http://127.0.0.1:18789"
    environ = {"OPENCLAW_GATEWAY_PORT": "1234"}
    assert resolve_target(None, None, environ, tmp_path).url == "http://127.0.0.1:1234"


@pytest.mark.parametrize("url", ["http://localhost:1", "http://127.0.0.1:1", "http://[::1]:1"])
def test_the_kept_token_goes_to_this_machine(url: str, folder: Path) -> None:
    assert resolve_target(url, None, {}, folder).token == "kept-token"


@pytest.mark.parametrize("url", ["http://10.0.0.1:1", "https://gateway.example"])
def test_the_kept_token_goes_to_no_other_machine(url: str, folder: Path) -> None:
    assert resolve_target(url, None, {}, folder).token is None


@pytest.mark.parametrize("url", ["gateway.example", "ftp://gateway.example", "http://"])
def test_what_is_no_http_url_is_refused(url: str, tmp_path: Path) -> None:
    with pytest.raises(CommandFailed, match="is no http"):
        resolve_target(url, None, {}, tmp_path)


def test_a_token_is_not_part_of_the_representation(folder: Path) -> None:
    assert "kept-token" not in repr(resolve_target(None, None, {}, folder))
