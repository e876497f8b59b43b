"""Outgoing webhooks, signed as Standard Webhooks has it (https://www.standardwebhooks.com).

Belongs here: the signature, the body, and whom they go to. What comes in is not a channel's.
"""

from __future__ import annotations

from typing import Final

from openclaw_channels.base import Account, ChannelContext, ChannelPlugin, OutboundChannel
from openclaw_channels.settings import read_settings
from openclaw_channels.webhook.outbound import WebhookOutbound
from openclaw_channels.webhook.settings import WebhookSettings
from openclaw_channels.webhook.targets import parse_target

__all__ = ["PLUGIN"]


def _outbound(account: Account, context: ChannelContext) -> OutboundChannel:
    return WebhookOutbound(read_settings(WebhookSettings, account), context)


PLUGIN: Final = ChannelPlugin(
    id="webhook",
    parse_target=parse_target,
    outbound=_outbound,
    secrets=("secret", "previousSecret"),
    environ={"secret": "OPENCLAW_WEBHOOK_SECRET"},
)
