"""The configuration that a first start writes is one, also with every comment taken up."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from openclaw_common.runtime.config import load_config
from openclaw_standalone.errors import StartError
from openclaw_standalone.starter_config import STARTER, write_starter


def test_it_loads_without_a_warning(tmp_path: Path) -> None:
    loaded = load_config({}, write_starter(tmp_path), require_auth=False)
    assert loaded.warnings == ()


def test_every_line_that_is_commented_out_is_a_setting_that_exists(tmp_path: Path) -> None:
    path = tmp_path / "openclaw.json5"
    path.write_text(re.sub(r"// (?=[a-zA-Z]+: )", "", STARTER), encoding="utf-8")
    loaded = load_config({"OPENCLAW_GATEWAY_TOKEN": "t" * 32, "OPENAI_API_KEY": "sk-test"}, path)
    assert loaded.warnings == ()
    assert loaded.config.redis.configured
    assert loaded.config.models.providers["local"].base_url == "http://127.0.0.1:11434/v1"
    assert loaded.config.agents.entries["main"].model.primary == "openai/gpt-5.4-mini"


def test_a_file_that_is_there_is_never_overwritten(tmp_path: Path) -> None:
    write_starter(tmp_path).write_text("{}", encoding="utf-8")
    with pytest.raises(StartError, match="cannot be written"):
        write_starter(tmp_path)
    assert (tmp_path / "openclaw.json5").read_text(encoding="utf-8") == "{}"
