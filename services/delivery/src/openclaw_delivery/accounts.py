"""The accounts of the configuration, each with the channel that sends for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final, Self

from openclaw_channels.base import (
    Account,
    ChannelContext,
    ChannelError,
    ChannelPlugin,
    OutboundChannel,
)
from openclaw_channels.registry import accounts_of, load_channels
from openclaw_common.contracts.delivery import Destination
from openclaw_common.runtime.config import Config
from openclaw_common.runtime.config.channels import Channel

RESEND: Final = "resend"


class ConfiguredAccounts:
    """Makes the outbound side of an account when it is first wanted, and keeps it."""

    def __init__(
        self,
        plugins: Mapping[str, ChannelPlugin],
        channels: Mapping[str, Channel],
        environ: Mapping[str, str],
        context: ChannelContext,
    ) -> None:
        self._plugins = plugins
        self._channels = channels
        self._environ = environ
        self._context = context
        self._accounts: dict[str, dict[str, Account]] = {}
        self._made: dict[tuple[str, str], OutboundChannel] = {}

    @classmethod
    def load(cls, config: Config, environ: Mapping[str, str], context: ChannelContext) -> Self:
        """Return the accounts of `config` over the channels that are installed.

        Raises ChannelLoadError.
        """
        return cls(load_channels(), config.channels, environ, context)

    def canonical(self, destination: Destination) -> Destination:
        """Return `destination` with the account's own name, if there is such an account."""
        try:
            account = self._account(destination)
        except ChannelError:
            return destination
        return replace(destination, account_id=account.account_id)

    def outbound(self, destination: Destination) -> OutboundChannel:
        """Return what sends to `destination`; raises ChannelError where nothing does."""
        account = self._account(destination)
        name = (account.channel, account.account_id)
        made = self._made.get(name)
        if made is None:
            plugin = self._plugins[account.channel]
            made = self._made[name] = plugin.outbound(account, self._context)
        return made

    def resends(self, destination: Destination) -> bool:
        """Whether `channels.<id>.onUnknown` says to send a part again whose answer was lost."""
        try:
            settings = self._account(destination).settings
        except ChannelError:
            return False
        return bool(settings.get("onUnknown") == RESEND)

    def _account(self, destination: Destination) -> Account:
        channel = destination.channel
        if channel not in self._accounts:
            self._accounts[channel] = self._accounts_of(channel)
        account = self._accounts[channel].get(destination.account_id)
        if account is None:
            raise ChannelError(
                f"channels.{channel} has no enabled account {destination.account_id!r}; add it "
                "under accounts, or name another."
            )
        return account

    def _accounts_of(self, channel: str) -> dict[str, Account]:
        plugin, section = self._plugins.get(channel), self._channels.get(channel)
        if plugin is None:
            known = ", ".join(sorted(self._plugins))
            raise ChannelError(f"There is no channel {channel!r}; installed are: {known}.")
        return accounts_of(plugin, section or Channel(), self._environ)
