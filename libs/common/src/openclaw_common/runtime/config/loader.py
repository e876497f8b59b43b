"""From a file and the environment to a `Config`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pyjson5

from openclaw_common.runtime.config.errors import ConfigError
from openclaw_common.runtime.config.root import Config


@dataclass(frozen=True, slots=True)
class LoadedConfig:
    """A configuration, the file it came from (None: there was none) and what to tell the user."""

    config: Config
    path: Path | None
    warnings: tuple[str, ...] = ()


def load_config(
    environ: Mapping[str, str], path: Path | None = None, *, require_auth: bool = True
) -> LoadedConfig:
    """Read the configuration file and lay the environment over it.

    Raises ConfigError when the file cannot be read, or what it says cannot be done.
    """
    named = path or (Path(p) if (p := environ.get("OPENCLAW_CONFIG_PATH")) else None)
    raw = {}
    if named is not None:
        try:
            raw = pyjson5.decode(named.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise ConfigError(f"{named}: no such configuration file") from None
    config = Config.model_validate(raw, by_alias=True, by_name=False)
    return LoadedConfig(config, named)
