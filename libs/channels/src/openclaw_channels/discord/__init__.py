"""Discord: REST v10, interactions, and the gateway through discord.py, which is an extra.

https://docs.discord.com/developers/reference. Belongs here: what only Discord has. `webhook` takes
interactions and `receiver` the gateway's events; `interactions` and `messages` read them;
`outbound` sends.
"""

from __future__ import annotations

from typing import Final

from openclaw_channels.base import Account, ChannelContext, ChannelPlugin, OutboundChannel
from openclaw_channels.discord.outbound import DiscordOutbound
from openclaw_channels.discord.settings import DiscordInboundSettings, DiscordSettings
from openclaw_channels.discord.targets import parse_target
from openclaw_channels.inbound import (
    MediaSource,
    Receiver,
    Setup,
    WebhookReader,
    WebhookRoute,
)
from openclaw_channels.settings import read_settings

__all__ = ["PLUGIN"]


def _outbound(account: Account, context: ChannelContext) -> OutboundChannel:
    return DiscordOutbound(read_settings(DiscordSettings, account), context)


def _reader(account: Account) -> WebhookReader:
    # cryptography takes a while to import, and most gateways have no Discord.
    from openclaw_channels.discord.webhook import reader

    return reader(account)


def _receiver(account: Account, context: ChannelContext) -> Receiver | None:
    if not read_settings(DiscordInboundSettings, account).holds_gateway:
        return None
    from openclaw_channels.discord.receiver import GatewayReceiver

    return GatewayReceiver(account, context)


def _media(account: Account, context: ChannelContext) -> MediaSource:
    from openclaw_channels.discord.media import DiscordMedia

    return DiscordMedia(read_settings(DiscordSettings, account), context)


def _setup(account: Account, context: ChannelContext) -> Setup:
    from openclaw_channels.discord.setup import DiscordSetup

    return DiscordSetup(account, context)


PLUGIN: Final = ChannelPlugin(
    id="discord",
    parse_target=parse_target,
    outbound=_outbound,
    secrets=("token",),
    environ={"token": "DISCORD_BOT_TOKEN"},
    webhooks=(WebhookRoute("interactions", _reader),),
    receiver=_receiver,
    media=_media,
    setup=_setup,
)
