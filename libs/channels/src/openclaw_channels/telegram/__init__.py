"""Telegram: the Bot API (https://core.telegram.org/bots/api).

Belongs here: what only Telegram has. Out: `outbound`, `markup`, `media`. In: `updates` reads what
Telegram tells, `webhook` and `polling` are the two ways it comes, `files` gets attachments.
"""

from __future__ import annotations

from typing import Final

from openclaw_channels.base import Account, ChannelContext, ChannelPlugin, OutboundChannel
from openclaw_channels.inbound import MediaSource, Receiver, Setup, WebhookRoute
from openclaw_channels.settings import read_settings
from openclaw_channels.telegram.files import TelegramFiles
from openclaw_channels.telegram.outbound import TelegramOutbound
from openclaw_channels.telegram.polling import TelegramPolling
from openclaw_channels.telegram.settings import TelegramSettings
from openclaw_channels.telegram.setup import ROUTE, TelegramSetup
from openclaw_channels.telegram.targets import parse_target
from openclaw_channels.telegram.webhook import TelegramWebhook

__all__ = ["PLUGIN"]


def _settings(account: Account) -> TelegramSettings:
    return read_settings(TelegramSettings, account)


def _outbound(account: Account, context: ChannelContext) -> OutboundChannel:
    return TelegramOutbound(_settings(account), context)


def _receiver(account: Account, context: ChannelContext) -> Receiver | None:
    settings = _settings(account)
    if settings.webhook_url is not None:
        return None
    return TelegramPolling(settings, account, context)


def _media(account: Account, context: ChannelContext) -> MediaSource:
    return TelegramFiles(_settings(account), context)


def _setup(account: Account, context: ChannelContext) -> Setup:
    return TelegramSetup(_settings(account), account, context)


PLUGIN: Final = ChannelPlugin(
    id="telegram",
    parse_target=parse_target,
    outbound=_outbound,
    secrets=("botToken", "webhookSecret"),
    environ={"botToken": "TELEGRAM_BOT_TOKEN"},
    webhooks=(
        WebhookRoute(
            ROUTE, TelegramWebhook, also=("/telegram-webhook",), gateway_auth=True, by_headers=True
        ),
    ),
    receiver=_receiver,
    media=_media,
    setup=_setup,
)
