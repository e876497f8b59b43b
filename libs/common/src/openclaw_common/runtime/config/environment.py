"""The environment as the configuration sees it, and what of it overrides the file.

From strongest to weakest: the process's environment, mounted secrets, `.env` in the working
directory, `.env` in the state directory, `env.vars` of the file. An empty variable counts as unset.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from openclaw_common.runtime.config.documents import MAX_FILE_BYTES
from openclaw_common.runtime.config.errors import ConfigError
from openclaw_common.runtime.config.key_path import KeyPath, show
from openclaw_common.runtime.config.secrets import mounted_secrets

_ASSIGNMENT: Final = re.compile(
    r"""
    ^[ \t]*(?:export[ \t]+)?(?P<name>[A-Za-z_][A-Za-z0-9_]*)[ \t]*=[ \t]*
    (?:
        "(?P<double>(?:[^"\\]|\\.)*)"
      | '(?P<single>[^']*)'
      | (?P<bare>(?:[^\r\n\#]|(?<![ \t])\#)*)
    )
    [ \t]*(?:\#[^\r\n]*)?\r?$
    """,
    re.MULTILINE | re.DOTALL | re.VERBOSE,
)
_OVERRIDES: Final[dict[str, KeyPath]] = {
    "OPENCLAW_GATEWAY_PORT": ("gateway", "port"),
    "OPENCLAW_GATEWAY_TOKEN": ("gateway", "auth", "token"),
    "OPENCLAW_GATEWAY_PASSWORD": ("gateway", "auth", "password"),
    "OPENCLAW_REDIS_URL": ("redis", "url"),
    "OPENCLAW_REDIS_URLS": ("redis", "urls"),
    "OPENCLAW_SERVE_CELLS": ("redis", "serveCells"),
    "OPENCLAW_HEALTH_PORT": ("health", "port"),
}
_DEFAULT_NAMES: Final = ("openclaw.json5", "openclaw.yaml", "openclaw.yml")


@dataclass(frozen=True, slots=True)
class Environment:
    """Variables by name, and the directories that defaults are looked for in."""

    variables: Mapping[str, str]
    working_directory: Path
    state_directory: Path

    def with_weaker(self, variables: Mapping[str, str]) -> Environment:
        """Return this environment plus `variables` where it has none of that name."""
        known = {name: value for name, value in self.variables.items() if value}
        return Environment({**variables, **known}, self.working_directory, self.state_directory)

    def config_path(self) -> tuple[Path | None, bool]:
        """Return the configuration file and whether it was named; None when there is none."""
        named = self.variables.get("OPENCLAW_CONFIG_PATH")
        if named:
            return self._expand(named), True
        default = self.state_directory / "openclaw.json"
        here = [self.working_directory / name for name in _DEFAULT_NAMES]
        state_named = bool(self.variables.get("OPENCLAW_STATE_DIR"))
        for candidate in [default, *here] if state_named else [*here, default]:
            if candidate.is_file():
                return candidate, False
        return None, False

    def _expand(self, name: str) -> Path:
        return self.working_directory / _expand_home(name, self.variables)


def read_environment(environ: Mapping[str, str], working_directory: Path) -> Environment:
    """Return `environ` with mounted secrets and the `.env` files below it; raises ConfigError."""
    layered = Environment(environ, working_directory, working_directory)
    layered = layered.with_weaker(mounted_secrets(environ))
    layered = layered.with_weaker(read_dotenv(working_directory / ".env"))
    state = layered.variables.get("OPENCLAW_STATE_DIR")
    if state:
        directory = working_directory / _expand_home(state, environ)
    else:
        directory = Path(environ.get("HOME") or Path.home()) / ".openclaw"
    layered = layered.with_weaker(read_dotenv(directory / ".env"))
    return Environment(layered.variables, working_directory, directory)


def read_dotenv(path: Path) -> dict[str, str]:
    """Return the variables of a `.env` file; a missing file has none.

    A variable is `NAME=value`, with or without `export ` before it. Quotes around a value are taken
    off, and such a value may go over several lines; in double quotes `\\n`, `\\"` and `\\\\` are
    read. `#` after a space starts a comment. Lines that are none of this are passed over, as the
    file may be another program's. Raises ConfigError when it cannot be read.
    """
    try:
        text = path.read_bytes()[:MAX_FILE_BYTES].decode("utf-8-sig")
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
        return {}
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: is not UTF-8 at byte {error.start}") from None
    return {match["name"]: _dotenv_value(match) for match in _ASSIGNMENT.finditer(text)}


def _dotenv_value(match: re.Match[str]) -> str:
    if match["double"] is None:
        return str(match["single"] if match["single"] is not None else match["bare"].rstrip())
    return re.sub(r"\\(.)", lambda m: "\n" if m[1] == "n" else m[1], match["double"], flags=re.S)


def _expand_home(name: str, environ: Mapping[str, str]) -> Path:
    home = environ.get("HOME")
    return Path(f"{home}{name[1:]}" if home and name.startswith("~/") else name)


def file_variables(tree: Mapping[str, Any]) -> dict[str, str]:
    """Return what `env` of the file sets: `env.vars`, and texts directly in `env`.

    Raises ConfigError when it is no object of texts.
    """
    section = tree.get("env") or {}
    _require(isinstance(section, dict), ("env",), "an object")
    vars_ = section.get("vars") or {}
    _require(isinstance(vars_, dict), ("env", "vars"), "an object of texts")
    beside = {k: v for k, v in section.items() if k not in ("vars", "shellEnv")}
    for path, values in ((("env",), beside), (("env", "vars"), vars_)):
        for name, value in values.items():
            _require(isinstance(value, str), (*path, name), "a text")
    return {**beside, **vars_}


def _require(holds: bool, path: KeyPath, expected: str) -> None:
    if not holds:
        raise ConfigError(f"{show(path)}: expected {expected}")


def override(
    tree: dict[str, Any], variables: Mapping[str, str]
) -> tuple[dict[str, Any], dict[KeyPath, str]]:
    """Return `tree` with what the environment sets, and the variable by the place it set."""
    origins: dict[KeyPath, str] = {}
    for name, path in _OVERRIDES.items():
        if value := variables.get(name):
            tree = _put(tree, path, value)
            origins[path] = name
    return tree, origins


def _put(tree: Any, path: KeyPath, value: str) -> Any:
    if not path:
        return value
    # What is no object here is a wrong type, which validation tells better.
    if not isinstance(tree, dict):
        return tree
    return {**tree, path[0]: _put(tree.get(str(path[0]), {}), path[1:], value)}
