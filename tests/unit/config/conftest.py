"""A configuration written for one test, and the environment it is read in."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from openclaw_common.runtime.config import ConfigError, LoadedConfig, load_config

Load = Callable[..., LoadedConfig]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """An empty home directory, so that nobody's own configuration is read."""
    directory = tmp_path / "home"
    directory.mkdir()
    return directory


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """An empty working directory."""
    directory = tmp_path / "here"
    directory.mkdir()
    return directory


@pytest.fixture
def load(tmp_path: Path, home: Path, here: Path) -> Load:
    """Load a file with this content (an object or a text; None for no file)."""

    def load(
        content: Any = None,
        environ: Mapping[str, str] | None = None,
        *,
        name: str = "config/openclaw.json5",
        require_auth: bool = False,
    ) -> LoadedConfig:
        path = None
        if content is not None:
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(
                content if isinstance(content, str) else json.dumps(content), encoding="utf-8"
            )
        return load_config(
            {"HOME": str(home), **(environ or {})},
            path,
            require_auth=require_auth,
            working_directory=here,
        )

    return load


@pytest.fixture
def problems(load: Load) -> Callable[..., list[str]]:
    """Load a file that must be refused and return the complaints without the file's name."""

    def problems(*arguments: Any, **keywords: Any) -> list[str]:
        with pytest.raises(ConfigError) as refused:
            load(*arguments, **keywords)
        lines = str(refused.value).splitlines()
        return [line.partition("openclaw.json5: ")[2] or line for line in lines]

    return problems


@pytest.fixture
def warnings(load: Load) -> Callable[..., list[str]]:
    """Load a file and return its warnings without the file's name."""

    def warnings(*arguments: Any, **keywords: Any) -> list[str]:
        lines = load(*arguments, **keywords).warnings
        return [line.partition("openclaw.json5: ")[2] or line for line in lines]

    return warnings
