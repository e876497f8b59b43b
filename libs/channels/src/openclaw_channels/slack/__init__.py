"""Slack: the Web API (https://docs.slack.dev/apis/web-api), through `slack_sdk`.

Belongs here: what only Slack has.
"""

from __future__ import annotations

from typing import Final

from openclaw_channels.base import Account, ChannelContext, ChannelPlugin, OutboundChannel
from openclaw_channels.settings import read_settings
from openclaw_channels.slack.settings import SlackSettings
from openclaw_channels.slack.targets import parse_target

__all__ = ["PLUGIN"]


def _outbound(account: Account, context: ChannelContext) -> OutboundChannel:
    # slack_sdk takes a while to import, and most gateways have no Slack.
    from openclaw_channels.slack.outbound import SlackOutbound

    return SlackOutbound(read_settings(SlackSettings, account), context)


PLUGIN: Final = ChannelPlugin(
    id="slack",
    parse_target=parse_target,
    outbound=_outbound,
    secrets=("botToken",),
    environ={"botToken": "SLACK_BOT_TOKEN"},
)
