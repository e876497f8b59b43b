"""What one start goes by: the configuration file, laid over with the command line and `.openclaw`.

reads the configuration · writes a starter file and a token where there is none yet.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, SecretStr

from openclaw_common.runtime.config import Config, Provider, load_config
from openclaw_common.runtime.otlp_environ import passed_by
from openclaw_standalone.starter_config import write_starter
from openclaw_standalone.state_folder import StateFolder

Section = TypeVar("Section", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line said: a configuration file, a port (0: any free one), and how to
    report; None means not said."""

    config: Path | None = None
    port: int | None = None
    json: bool = False


@dataclass(frozen=True, slots=True)
class Setup:
    """The resolved configuration and where its parts came from.

    `token_file` is set when the token is the generated one. `embedded_store` and `embedded_model`
    say that neither configuration nor environment named another.
    """

    config: Config
    path: Path
    wrote_config: bool
    token_file: Path | None
    warnings: tuple[str, ...]

    @property
    def embedded_store(self) -> bool:
        """Whether an embedded Valkey is needed."""
        return not self.config.redis.configured

    @property
    def embedded_model(self) -> bool:
        """Whether the embedded model is needed."""
        return not self.config.models.providers

    def with_store(self, url: str) -> Setup:
        """Return this setup with the embedded Valkey's URL."""
        return self._changed(("redis", "url"), SecretStr(url))

    def with_model(self, name: str, provider: Provider, model: str) -> Setup:
        """Return this setup with one provider, whose model answers for every agent.

        Without a provider no agent can have named a model: that is no valid configuration.
        """
        agents = {
            agent_id: changed(agent, ("model", "primary"), model)
            for agent_id, agent in self.config.agents.entries.items()
        }
        return self._changed(("agents", "entries"), agents)._changed(
            ("models", "providers"), {name: provider}
        )

    def _changed(self, path: tuple[str, ...], value: object) -> Setup:
        return replace(self, config=changed(self.config, path, value))


def prepare(
    options: Options, environ: Mapping[str, str], folder: Path, state: StateFolder
) -> Setup:
    """Return the setup of a start in `folder`.

    Raises ConfigError for a configuration that cannot be used, StartError where nothing can be
    written.
    """
    loaded = load_config(environ, options.config, require_auth=False, working_directory=folder)
    wrote = loaded.path is None
    path = loaded.path or write_starter(folder)
    if wrote:
        loaded = load_config(environ, path, require_auth=False, working_directory=folder)
    state.create()
    config = loaded.config
    if options.port is not None:
        config = changed(config, ("gateway", "port"), options.port)
    token_file = None
    if config.gateway.auth.mode == "token" and config.gateway.auth.token is None:
        token_file = state.token_path
        config = changed(config, ("gateway", "auth", "token"), SecretStr(state.token()))
    return Setup(config, path, wrote, token_file, (*loaded.warnings, *passed_by(environ)))


def changed(section: Section, path: tuple[str, ...], value: object) -> Section:
    """Return a frozen section with the value at `path` replaced."""
    name, *rest = path
    if rest:
        value = changed(getattr(section, name), tuple(rest), value)
    return section.model_copy(update={name: value})
