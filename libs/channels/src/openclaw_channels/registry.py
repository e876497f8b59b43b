"""Finds the channels: built in, and from installed packages; and the accounts of each.

An entry point of the group `openclaw.channels` names a ChannelPlugin. One from outside replaces a
built-in channel of its id.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Final

from pydantic import SecretStr

from openclaw_channels.base import Account, ChannelError, ChannelPlugin
from openclaw_common.contracts.delivery import DEFAULT_ACCOUNT
from openclaw_common.runtime.config.channels import Channel

GROUP: Final = "openclaw.channels"
BUILT_IN: Final = ("telegram", "discord", "signal", "slack", "webhook")
"""Channels of this package: a folder each, whose `__init__` has the `PLUGIN`."""

_OF_THE_SECTION: Final = frozenset({"accounts", "default_account", "enabled"})


class ChannelLoadError(Exception):
    """A channel could not be loaded; the message names the entry point."""


def load_channels(built_in: Iterable[str] = BUILT_IN) -> dict[str, ChannelPlugin]:
    """Return all channels by id. Raises ChannelLoadError."""
    channels = {}
    for name in built_in:
        plugin: ChannelPlugin = import_module(f"openclaw_channels.{name}").PLUGIN
        channels[plugin.id] = plugin
    origins: dict[str, str] = {}
    for entry_point in entry_points(group=GROUP):
        plugin = _load(entry_point)
        if plugin.id in origins:
            raise ChannelLoadError(
                f"The channel '{plugin.id}' comes from the entry points {origins[plugin.id]} and"
                f" {entry_point.name} of {GROUP}; remove one of them."
            )
        origins[plugin.id] = entry_point.name
        channels[plugin.id] = plugin
    return channels


def _load(entry_point: EntryPoint) -> ChannelPlugin:
    try:
        plugin = entry_point.load()
    except (ImportError, AttributeError) as error:
        raise ChannelLoadError(
            f"The channel '{entry_point.value}' cannot be loaded: {error}. Install its package, or"
            " remove it."
        ) from error
    if not isinstance(plugin, ChannelPlugin):
        raise ChannelLoadError(
            f"The entry point {GROUP}:{entry_point.name} gives a {type(plugin).__name__}, which is"
            " no ChannelPlugin."
        )
    return plugin


def accounts_of(
    plugin: ChannelPlugin, section: Channel, environ: Mapping[str, str] | None = None
) -> dict[str, Account]:
    """Return the enabled accounts of `channels.<id>` by name.

    An account has from the section what it leaves out. Without `accounts` there is one, the
    section itself. The name `default` always leads to the account for who names none:
    `accounts.default`, else that of `defaultAccount`, else the section itself if it has a secret
    of its own, else the only account; it is missing where nothing of this holds. `environ` are the
    variables that may hold what `plugin.environ` says; they count for the section itself. Raises
    ChannelError when `defaultAccount` names none.
    """
    if not section.enabled:
        return {}
    shared = _settings(section)
    own = _with_environ(shared, plugin, environ or {})
    if not section.accounts:
        name = section.default_account or DEFAULT_ACCOUNT
        return {
            key: Account(plugin.id, own, name) for key in dict.fromkeys((name, DEFAULT_ACCOUNT))
        }
    accounts = {
        name: Account(plugin.id, {**shared, **settings}, name)
        for name, settings in section.accounts.items()
        if settings.get("enabled", True) is not False
    }
    default = _default(plugin, section, accounts, own)
    return {**accounts, DEFAULT_ACCOUNT: default} if default else accounts


def _default(
    plugin: ChannelPlugin,
    section: Channel,
    accounts: Mapping[str, Account],
    own: Mapping[str, Any],
) -> Account | None:
    named = section.default_account
    if DEFAULT_ACCOUNT in accounts and named is None:
        return accounts[DEFAULT_ACCOUNT]
    if named is not None and named != DEFAULT_ACCOUNT:
        if named not in accounts:
            raise ChannelError(
                f'channels.{plugin.id}.defaultAccount is "{named}", but of accounts there are only'
                f" {', '.join(sorted(accounts)) or 'none'}"
            )
        return accounts[named]
    if DEFAULT_ACCOUNT in accounts:
        return accounts[DEFAULT_ACCOUNT]
    if any(own.get(secret) for secret in plugin.secrets):
        return Account(plugin.id, own)
    return next(iter(accounts.values())) if len(accounts) == 1 else None


def _settings(section: Channel) -> dict[str, Any]:
    """Return what the section says, under the names of the file."""
    fields = type(section).model_fields
    said = {
        str(fields[name].alias): getattr(section, name)
        for name in section.model_fields_set
        if name in fields and name not in _OF_THE_SECTION
    }
    return {**(section.model_extra or {}), **said}


def _with_environ(
    settings: Mapping[str, Any], plugin: ChannelPlugin, environ: Mapping[str, str]
) -> dict[str, Any]:
    """Fill in from the environment what the settings leave out."""
    found = {
        name: SecretStr(environ[variable]) if name in plugin.secrets else environ[variable]
        for name, variable in plugin.environ.items()
        if not settings.get(name) and environ.get(variable)
    }
    return {**settings, **found}
