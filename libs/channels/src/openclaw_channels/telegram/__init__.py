"""Telegram: the Bot API (https://core.telegram.org/bots/api).

Belongs here: what only Telegram has.
"""

from __future__ import annotations

from typing import Final

from openclaw_channels.base import Account, ChannelContext, ChannelPlugin, OutboundChannel
from openclaw_channels.settings import read_settings
from openclaw_channels.telegram.outbound import TelegramOutbound
from openclaw_channels.telegram.settings import TelegramSettings
from openclaw_channels.telegram.targets import parse_target

__all__ = ["PLUGIN"]


def _outbound(account: Account, context: ChannelContext) -> OutboundChannel:
    return TelegramOutbound(read_settings(TelegramSettings, account), context)


PLUGIN: Final = ChannelPlugin(
    id="telegram",
    parse_target=parse_target,
    outbound=_outbound,
    secrets=("botToken", "webhookSecret"),
    environ={"botToken": "TELEGRAM_BOT_TOKEN"},
)
