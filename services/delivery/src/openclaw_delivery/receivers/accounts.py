"""The accounts of the configuration that receive over a connection."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass

from openclaw_channels.base import Account, ChannelContext, ChannelError, ChannelPlugin
from openclaw_channels.inbound import Receiver
from openclaw_channels.registry import accounts_of
from openclaw_common.inbound.rules import AccountRules, channel_defaults
from openclaw_common.runtime.config import Config
from openclaw_common.runtime.config.channels import NOT_CHANNELS

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ReceivingAccount:
    """An account, the connection it receives over, and who may write to it."""

    receiver: Receiver
    rules: AccountRules

    @property
    def name(self) -> str:
        """The account's name over the fleet."""
        return f"{self.rules.channel}:{self.rules.account_id}"


def receiving_accounts(
    config: Config,
    plugins: Mapping[str, ChannelPlugin],
    environ: Mapping[str, str],
    context: ChannelContext,
) -> dict[str, ReceivingAccount]:
    """Return them by name; what cannot be used is told in the log."""
    found = {}
    for name, section in config.channels.items():
        plugin = plugins.get(name)
        if name in NOT_CHANNELS or plugin is None or plugin.receiver is None:
            continue
        try:
            accounts = accounts_of(plugin, section, environ).values()
        except ChannelError as error:
            _logger.error("channel_unusable", extra={"channel": name, "error": str(error)})
            continue
        for account in {account.account_id: account for account in accounts}.values():
            made = _receiving(config, plugin, account, context)
            if made is not None:
                found[made.name] = made
    return found


def _receiving(
    config: Config, plugin: ChannelPlugin, account: Account, context: ChannelContext
) -> ReceivingAccount | None:
    if plugin.receiver is None:
        return None
    try:
        receiver = plugin.receiver(account, context)
    except ChannelError as error:
        facts = {"channel": account.channel, "account_id": account.account_id}
        _logger.error("account_receives_nothing", extra={**facts, "error": str(error)})
        return None
    if receiver is None:
        return None
    rules = AccountRules(
        account.channel, account.account_id, account.settings, channel_defaults(config)
    )
    return ReceivingAccount(receiver, rules)
