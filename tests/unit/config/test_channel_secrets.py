"""Bot tokens from well-known variables and from files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from openclaw_common.runtime.config import ConfigError, LoadedConfig, load_config


def load(tmp_path: Path, text: str, **variables: str) -> LoadedConfig:
    file = tmp_path / "openclaw.json5"
    file.write_text(text, encoding="utf-8")
    return load_config(
        {"HOME": str(tmp_path), **variables}, file, require_auth=False, working_directory=tmp_path
    )


def setting(loaded: LoadedConfig, channel: str, name: str) -> Any:
    return (loaded.config.channels[channel].model_extra or {}).get(name)


@pytest.mark.parametrize(
    ("channel", "name", "variable"),
    [
        ("telegram", "botToken", "TELEGRAM_BOT_TOKEN"),
        ("discord", "token", "DISCORD_BOT_TOKEN"),
        ("slack", "botToken", "SLACK_BOT_TOKEN"),
        ("slack", "appToken", "SLACK_APP_TOKEN"),
        ("slack", "signingSecret", "SLACK_SIGNING_SECRET"),
        ("webhook", "secret", "OPENCLAW_WEBHOOK_SECRET"),
    ],
)
def test_a_variable_gives_what_the_file_leaves_out(
    tmp_path: Path, channel: str, name: str, variable: str
) -> None:
    for text in ("{}", f"{{channels: {{{channel}: {{}}}}}}"):
        loaded = load(tmp_path, text, **{variable: "from-variable"})
        assert setting(loaded, channel, name) == SecretStr("from-variable")

    written = f"{{channels: {{{channel}: {{{name}: 'from-file'}}}}}}"
    loaded = load(tmp_path, written, **{variable: "from-variable"})
    assert setting(loaded, channel, name) == SecretStr("from-file")


def test_a_token_file_is_read_for_a_channel_and_for_each_account(tmp_path: Path) -> None:
    (tmp_path / "one").write_text("first\n", encoding="utf-8")
    (tmp_path / "two").write_text("second\n", encoding="utf-8")
    accounts = "accounts: {work: {tokenFile: '~/two'}}"
    loaded = load(
        tmp_path,
        f"{{channels: {{telegram: {{tokenFile: 'one', {accounts}}}}}}}",
        TELEGRAM_BOT_TOKEN="third",
    )

    assert setting(loaded, "telegram", "botToken") == SecretStr("first")
    work = loaded.config.channels["telegram"].accounts["work"]
    assert work == {"botToken": SecretStr("second")}


def test_a_token_file_that_is_missing_is_told_and_counts_as_not_set(tmp_path: Path) -> None:
    loaded = load(tmp_path, "{channels: {discord: {tokenFile: 'gone'}}}")

    assert setting(loaded, "discord", "token") is None
    (warning,) = loaded.warnings
    assert "channels.discord.tokenFile" in warning
    assert "cannot be read" in warning


def test_a_token_beside_its_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"channels\.telegram\.tokenFile: botToken is set too"):
        load(tmp_path, "{channels: {telegram: {botToken: 'a', tokenFile: 'b'}}}")
