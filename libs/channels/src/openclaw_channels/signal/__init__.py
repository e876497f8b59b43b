"""Signal: signal-cli's daemon (https://github.com/AsamK/signal-cli) or its REST container.

Belongs here: what only Signal has.
"""

from __future__ import annotations

from typing import Final

from openclaw_channels.base import Account, ChannelContext, ChannelPlugin, OutboundChannel
from openclaw_channels.settings import read_settings
from openclaw_channels.signal.outbound import SignalOutbound
from openclaw_channels.signal.settings import SignalSettings
from openclaw_channels.signal.targets import parse_target

__all__ = ["PLUGIN"]


def _outbound(account: Account, context: ChannelContext) -> OutboundChannel:
    return SignalOutbound(read_settings(SignalSettings, account), context)


PLUGIN: Final = ChannelPlugin(id="signal", parse_target=parse_target, outbound=_outbound)
