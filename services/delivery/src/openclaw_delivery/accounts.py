"""The accounts of the configuration, each with the channel that sends for it."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import entry_points
from typing import Any, Final, Self

from openclaw_channels.base import (
    Account,
    ChannelContext,
    ChannelError,
    ChannelPlugin,
    OutboundChannel,
)
from openclaw_common.contracts.delivery import DEFAULT_ACCOUNT, Destination
from openclaw_common.runtime.config import Config
from openclaw_common.runtime.config.channels import Channel

ENTRY_POINTS: Final = "openclaw.channels"
RESEND: Final = "resend"


class ConfiguredAccounts:
    """Makes the outbound side of an account when it is first wanted, and keeps it."""

    def __init__(
        self,
        plugins: Mapping[str, ChannelPlugin],
        channels: Mapping[str, Channel],
        context: ChannelContext,
    ) -> None:
        self._plugins = plugins
        self._channels = channels
        self._context = context
        self._made: dict[tuple[str, str], OutboundChannel] = {}

    @classmethod
    def load(cls, config: Config, context: ChannelContext) -> Self:
        """Return the accounts of `config` over the channels that are installed."""
        found = (entry.load() for entry in entry_points(group=ENTRY_POINTS))
        return cls({plugin.id: plugin for plugin in found}, config.channels, context)

    def outbound(self, destination: Destination) -> OutboundChannel:
        """Return what sends to `destination`; raises ChannelError where nothing does."""
        name = (destination.channel, destination.account_id)
        made = self._made.get(name)
        if made is None:
            made = self._made[name] = self._make(*name)
        return made

    def _make(self, channel: str, account_id: str) -> OutboundChannel:
        plugin = self._plugins.get(channel)
        if plugin is None:
            known = ", ".join(sorted(self._plugins)) or "none"
            raise ChannelError(f"There is no channel {channel!r}; installed are: {known}.")
        settings = self._settings(channel, account_id)
        return plugin.outbound(Account(channel, settings, account_id), self._context)

    def _settings(self, channel: str, account_id: str) -> dict[str, Any]:
        section = self._channels.get(channel)
        if section is None or not section.enabled:
            raise ChannelError(f"channels.{channel} is not configured or not enabled; set it up.")
        own = section.accounts.get(account_id)
        if own is None and account_id != DEFAULT_ACCOUNT:
            raise ChannelError(
                f"channels.{channel}.accounts has no account {account_id!r}; add it, or name "
                "another account."
            )
        shared = section.model_dump(by_alias=True, exclude_unset=True, exclude={"accounts"})
        return {**shared, **(own or {})}

    def resends(self, destination: Destination) -> bool:
        """Whether `channels.<id>.onUnknown` says to send a part again whose answer was lost."""
        section = self._channels.get(destination.channel)
        if section is None:
            return False
        own = section.accounts.get(destination.account_id) or {}
        return bool(own.get("onUnknown", section.on_unknown) == RESEND)
