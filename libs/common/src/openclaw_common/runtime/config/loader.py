"""From a file and the environment to a `Config`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from openclaw_common.runtime.config import checks
from openclaw_common.runtime.config.automation import Secrets
from openclaw_common.runtime.config.base import names_secret
from openclaw_common.runtime.config.channel_secrets import ChannelSecrets
from openclaw_common.runtime.config.documents import read_document
from openclaw_common.runtime.config.environment import (
    Environment,
    file_variables,
    override,
    read_environment,
)
from openclaw_common.runtime.config.errors import ConfigError
from openclaw_common.runtime.config.explain import explain
from openclaw_common.runtime.config.include import Including, include_roots
from openclaw_common.runtime.config.key_path import KeyPath, show
from openclaw_common.runtime.config.providers import complete
from openclaw_common.runtime.config.root import Config
from openclaw_common.runtime.config.secrets import SecretReferences
from openclaw_common.runtime.config.substitution import Substitution
from openclaw_common.runtime.config.unknown_keys import keep_known


@dataclass(frozen=True, slots=True)
class LoadedConfig:
    """A configuration, the file it came from (None: there was none) and what to tell the user."""

    config: Config
    path: Path | None
    warnings: tuple[str, ...] = ()


def load_config(
    environ: Mapping[str, str],
    path: Path | None = None,
    *,
    require_auth: bool = True,
    working_directory: Path | None = None,
) -> LoadedConfig:
    """Read the configuration file and lay the environment over it.

    `path` wins over OPENCLAW_CONFIG_PATH and the default places. `require_auth` is that of
    `Config.check`. Default files and `.env` are looked for in `working_directory` (None: the
    process's). Raises ConfigError when a named file is missing, the file cannot be read, or what
    it says cannot be done.
    """
    environment = read_environment(environ, working_directory or Path.cwd())
    file, named = (path, True) if path is not None else environment.config_path()
    if file is None:
        return _Loading(environment, None).load({}, require_auth)
    if named and not file.exists():
        origin = "" if path is not None else " (named by OPENCLAW_CONFIG_PATH)"
        raise ConfigError(f"{file}: there is no such configuration file{origin}")
    roots = include_roots(file, environment.variables)
    tree = Including((file,), roots).resolve(read_document(file))
    return _Loading(environment, file).load(tree, require_auth)


class _Loading:
    """The steps from the file's plain objects to a configuration."""

    def __init__(self, environment: Environment, file: Path | None) -> None:
        self._environment = environment
        self._file = file
        self._warnings: list[str] = []
        self._not_set: list[str] = []

    def load(self, tree: Any, require_auth: bool) -> LoadedConfig:
        """Return the configuration; raises ConfigError with every problem found at once."""
        try:
            config = self._build(tree)
            config.check(require_auth=require_auth)
        except ConfigError as error:
            lines = [*str(error).splitlines(), *self._not_set, *self._warnings]
            raise ConfigError("\n".join(self._located(lines))) from None
        warnings = [*self._not_set, *self._warnings, *checks.warnings(config)]
        return LoadedConfig(config, self._file, tuple(self._located(warnings)))

    def _build(self, tree: Any) -> Config:
        if not isinstance(tree, dict):
            raise ConfigError("expected an object { … } as the whole of the file")
        if _at(tree, ("gateway", "tls", "enabled")) is True:
            self._warnings.append(
                "gateway.tls.enabled: has no effect here, the gateway speaks plain HTTP; terminate"
                " TLS in a proxy before it"
            )
        variables = self._variables(tree)
        tree, unknown = keep_known(tree, Config)
        self._warnings.extend(unknown)
        substitution = Substitution(variables)
        tree = self._without_unset(substitution.apply(tree), substitution)
        tree = self._without_references(tree, variables)
        tree, origins = override(tree, variables)
        try:
            config = Config.model_validate(tree, by_alias=True, by_name=False)
        except ValidationError as error:
            lines = list(explain(error, origins, substitution.missing))
        else:
            config, warnings = complete(config, variables)
            self._warnings.extend(warnings)
            return config
        # Raised outside of the handler: the validation error holds what the file says.
        raise ConfigError("\n".join(lines))

    def _variables(self, tree: dict[str, Any]) -> Mapping[str, str]:
        """Return the environment with what `env` of the file adds to it."""
        substitution = Substitution(self._environment.variables)
        own = substitution.apply(file_variables(tree))
        for path, names in substitution.missing.items():
            place = show(("env", "vars", *path) if _at(tree, ("env", "vars", *path)) else path)
            self._not_set.append(f"{place}: {_unset(names)}; taken as not set")
            del own[path[0]]
        return self._environment.with_weaker(own).variables

    def _without_unset(self, tree: Any, substitution: Substitution) -> Any:
        """Tell which `${NAME}` had no value, and drop credentials that would be that text."""
        for path, names in substitution.missing.items():
            if path[:2] in (("redis", "url"), ("redis", "urls")):
                raise ConfigError(f"{show(path)}: {_unset(names)}")
            if names_secret(path[-1]):
                tree = _without(tree, path)
                self._not_set.append(f"{show(path)}: {_unset(names)}; taken as not set")
            else:
                text = ", ".join(f"${{{name}}}" for name in names)
                self._not_set.append(f"{show(path)}: {_unset(names)}; {text} stays as it is")
        return tree

    def _without_references(self, tree: dict[str, Any], variables: Mapping[str, str]) -> Any:
        """Put credentials in place of SecretRefs."""
        try:
            secrets = Secrets.model_validate(tree.get("secrets", {}), by_alias=True, by_name=False)
        except ValidationError:
            # The whole configuration fails the same way, with the right places.
            return tree
        directory = self._file.parent if self._file else self._environment.working_directory
        references = SecretReferences(variables, secrets, directory)
        tree = references.resolve(tree)
        channels = ChannelSecrets(variables, directory)
        tree = channels.complete(tree)
        for path, reason in (*references.unavailable.items(), *channels.unavailable.items()):
            self._not_set.append(f"{show(path)}: {reason}; taken as not set")
        return tree

    def _located(self, lines: Iterable[str]) -> Iterator[str]:
        for line in lines:
            yield f"{self._file}: {line}" if self._file else line


def _unset(names: tuple[str, ...]) -> str:
    if len(names) == 1:
        return f"environment variable {names[0]} is not set"
    return f"environment variables {', '.join(names)} are not set"


def _at(tree: Any, path: KeyPath) -> Any:
    for key in path:
        tree = tree.get(key) if isinstance(tree, dict) else None
    return tree


def _without(tree: Any, path: KeyPath) -> Any:
    key, *rest = path
    if isinstance(tree, list) and isinstance(key, int):
        return [_without(v, tuple(rest)) if i == key else v for i, v in enumerate(tree)]
    if not rest:
        return {k: v for k, v in tree.items() if k != key}
    return {k: _without(v, tuple(rest)) if k == key else v for k, v in tree.items()}
