"""Slack: the Web API (https://docs.slack.dev/apis/web-api), through `slack_sdk`.

Belongs here: what only Slack has. `webhook` and `socket` take what it sends, `events` and `forms`
read it; `outbound` sends.
"""

from __future__ import annotations

from typing import Final

from openclaw_channels.base import Account, ChannelContext, ChannelPlugin, OutboundChannel
from openclaw_channels.inbound import (
    MediaSource,
    Receiver,
    Setup,
    WebhookReader,
    WebhookRoute,
)
from openclaw_channels.settings import read_settings
from openclaw_channels.slack.settings import SlackInboundSettings, SlackSettings
from openclaw_channels.slack.targets import parse_target

__all__ = ["PLUGIN"]


# slack_sdk takes a while to import, and most gateways have no Slack.


def _outbound(account: Account, context: ChannelContext) -> OutboundChannel:
    from openclaw_channels.slack.outbound import SlackOutbound

    return SlackOutbound(read_settings(SlackSettings, account), context)


def _reader(account: Account) -> WebhookReader:
    from openclaw_channels.slack.webhook import reader

    return reader(account)


def _receiver(account: Account, context: ChannelContext) -> Receiver | None:
    if not read_settings(SlackInboundSettings, account).by_socket:
        return None
    from openclaw_channels.slack.socket import SocketReceiver

    return SocketReceiver(account, context)


def _media(account: Account, context: ChannelContext) -> MediaSource:
    from openclaw_channels.slack.media import SlackMedia

    return SlackMedia(read_settings(SlackSettings, account), context)


def _setup(account: Account, context: ChannelContext) -> Setup:
    from openclaw_channels.slack.setup import SlackSetup

    return SlackSetup(account, context)


PLUGIN: Final = ChannelPlugin(
    id="slack",
    parse_target=parse_target,
    outbound=_outbound,
    secrets=("botToken", "appToken", "signingSecret"),
    environ={
        "botToken": "SLACK_BOT_TOKEN",
        "appToken": "SLACK_APP_TOKEN",
        "signingSecret": "SLACK_SIGNING_SECRET",
    },
    webhooks=(WebhookRoute("events", _reader, also=("/api/slack/events", "/slack/events")),),
    receiver=_receiver,
    media=_media,
    setup=_setup,
)
