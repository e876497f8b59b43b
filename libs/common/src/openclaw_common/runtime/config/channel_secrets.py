"""Credentials of channels that stand in a file of their own or in a well-known variable."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from openclaw_common.runtime.config.errors import ConfigError
from openclaw_common.runtime.config.key_path import KeyPath, show
from openclaw_common.runtime.config.secrets import SecretUnavailable, read_secret_file

VARIABLES: Final[Mapping[str, Mapping[str, str]]] = {
    "telegram": {"botToken": "TELEGRAM_BOT_TOKEN"},
    "discord": {"token": "DISCORD_BOT_TOKEN"},
    "slack": {
        "botToken": "SLACK_BOT_TOKEN",
        "appToken": "SLACK_APP_TOKEN",
        "signingSecret": "SLACK_SIGNING_SECRET",
    },
    "webhook": {"secret": "OPENCLAW_WEBHOOK_SECRET"},
}
"""By channel, the settings that a variable gives where the file does not."""

FILES: Final[Mapping[str, Mapping[str, str]]] = {
    "telegram": {"tokenFile": "botToken"},
    "discord": {"tokenFile": "token"},
    "slack": {
        "botTokenFile": "botToken",
        "appTokenFile": "appToken",
        "signingSecretFile": "signingSecret",
    },
}
"""By channel, the settings that name a file, and those whose value the file holds."""


@dataclass(slots=True)
class ChannelSecrets:
    """Puts credentials into `channels`, and remembers the files that could not be read."""

    variables: Mapping[str, str]
    directory: Path
    unavailable: dict[KeyPath, str] = field(default_factory=dict)

    def complete(self, tree: dict[str, Any]) -> dict[str, Any]:
        """Return `tree` with them. Raises ConfigError where one is given twice."""
        channels = tree.get("channels", {})
        # What is no object here is a wrong type, which validation tells better.
        if not isinstance(channels, dict):
            return tree
        found = {
            name: self._section(name, section) if isinstance(section, dict) else section
            for name, section in channels.items()
        }
        for name in VARIABLES.keys() - found.keys():
            if given := self._from_variables(name, {}):
                found[name] = given
        return {**tree, "channels": found} if found else tree

    def _section(self, channel: str, section: dict[str, Any]) -> dict[str, Any]:
        section = self._from_files(channel, section, ("channels", channel))
        accounts = section.get("accounts")
        if isinstance(accounts, dict):
            place: KeyPath = ("channels", channel, "accounts")
            read = {
                name: self._from_files(channel, account, (*place, name))
                if isinstance(account, dict)
                else account
                for name, account in accounts.items()
            }
            section = {**section, "accounts": read}
        return {**section, **self._from_variables(channel, section)}

    def _from_files(self, channel: str, given: dict[str, Any], place: KeyPath) -> dict[str, Any]:
        for key, setting in FILES.get(channel, {}).items():
            path = given.get(key)
            if not isinstance(path, str) or not path:
                continue
            if given.get(setting):
                raise ConfigError(
                    f"{show((*place, key))}: {setting} is set too; leave one of them out"
                )
            given = {name: value for name, value in given.items() if name != key}
            try:
                given[setting] = read_secret_file(self._path(path))
            except SecretUnavailable as error:
                self.unavailable[(*place, key)] = str(error)
        return given

    def _from_variables(self, channel: str, section: Mapping[str, Any]) -> dict[str, str]:
        """Return what variables give and the section does not."""
        return {
            setting: self.variables[variable]
            for setting, variable in VARIABLES.get(channel, {}).items()
            if self.variables.get(variable) and not section.get(setting)
        }

    def _path(self, name: str) -> Path:
        home = self.variables.get("HOME")
        return self.directory / (f"{home}{name[1:]}" if home and name.startswith("~/") else name)
