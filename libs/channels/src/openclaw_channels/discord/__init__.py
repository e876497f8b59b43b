"""Discord: REST v10 (https://docs.discord.com/developers/reference).

Belongs here: what only Discord has. What it says in its gateway websocket is not listened to.
"""

from __future__ import annotations

from typing import Final

from openclaw_channels.base import Account, ChannelContext, ChannelPlugin, OutboundChannel
from openclaw_channels.discord.outbound import DiscordOutbound
from openclaw_channels.discord.settings import DiscordSettings
from openclaw_channels.discord.targets import parse_target
from openclaw_channels.settings import read_settings

__all__ = ["PLUGIN"]


def _outbound(account: Account, context: ChannelContext) -> OutboundChannel:
    return DiscordOutbound(read_settings(DiscordSettings, account), context)


PLUGIN: Final = ChannelPlugin(
    id="discord",
    parse_target=parse_target,
    outbound=_outbound,
    secrets=("token",),
    environ={"token": "DISCORD_BOT_TOKEN"},
)
