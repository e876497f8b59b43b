"""Signal: signal-cli's daemon (https://github.com/AsamK/signal-cli) or its REST container.

Belongs here: what only Signal has. Out: `outbound`, `markup`, `transports`. In: `envelope` reads
what signal-cli tells, `receiving` holds a connection, `webhook` takes the container's posts,
`files` gets attachments.
"""

from __future__ import annotations

from typing import Final

from openclaw_channels.base import Account, ChannelContext, ChannelPlugin, OutboundChannel
from openclaw_channels.inbound import MediaSource, Receiver, Setup, WebhookRoute
from openclaw_channels.settings import read_settings
from openclaw_channels.signal.files import SignalFiles
from openclaw_channels.signal.outbound import SignalOutbound
from openclaw_channels.signal.receiving import SignalReceiver
from openclaw_channels.signal.settings import SignalSettings
from openclaw_channels.signal.setup import ROUTE, SignalSetup
from openclaw_channels.signal.targets import parse_target
from openclaw_channels.signal.webhook import SignalWebhook

__all__ = ["PLUGIN"]


def _settings(account: Account) -> SignalSettings:
    return read_settings(SignalSettings, account)


def _outbound(account: Account, context: ChannelContext) -> OutboundChannel:
    return SignalOutbound(_settings(account), context)


def _receiver(account: Account, context: ChannelContext) -> Receiver | None:
    settings = _settings(account)
    return SignalReceiver(settings, account, context) if settings.receive == "connection" else None


def _media(account: Account, context: ChannelContext) -> MediaSource:
    return SignalFiles(_settings(account), context)


def _setup(account: Account, context: ChannelContext) -> Setup:
    return SignalSetup(_settings(account), account, context)


PLUGIN: Final = ChannelPlugin(
    id="signal",
    parse_target=parse_target,
    outbound=_outbound,
    webhooks=(WebhookRoute(ROUTE, SignalWebhook, gateway_auth=True, by_headers=True),),
    receiver=_receiver,
    media=_media,
    setup=_setup,
)
