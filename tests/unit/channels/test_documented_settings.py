"""Every setting of a channel is in docs/channels.md."""

from __future__ import annotations

import re

import pytest

from openclaw_channels.discord.settings import DiscordInboundSettings, DiscordSettings
from openclaw_channels.settings import ChannelSettings
from openclaw_channels.signal.settings import SignalSettings
from openclaw_channels.slack.settings import SlackInboundSettings, SlackSettings
from openclaw_channels.telegram.settings import TelegramSettings
from openclaw_channels.webhook.settings import Endpoint, WebhookSettings
from openclaw_common.runtime.config.base import Section
from tests.unit.repository.tree import ROOT


@pytest.mark.parametrize(
    ("heading", "models"),
    [
        ("Telegram", [TelegramSettings]),
        ("Discord", [DiscordSettings, DiscordInboundSettings]),
        ("Signal", [SignalSettings]),
        ("Slack", [SlackSettings, SlackInboundSettings]),
        ("Webhooks", [WebhookSettings, Endpoint]),
        ("What all accounts have", [ChannelSettings]),
    ],
)
def test_every_setting_is_documented(heading: str, models: list[type[Section]]) -> None:
    text = (ROOT / "docs/channels.md").read_text(encoding="utf-8")
    section = text.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    named = set(re.findall(r"`([\w.<>]+)`", section))
    shared = set(ChannelSettings.model_fields) if ChannelSettings not in models else set()
    keys = {
        str(field.alias).partition(".")[0]
        for model in models
        for name, field in model.model_fields.items()
        if name not in shared
    }
    assert keys - {name.partition(".")[0] for name in named} == set()
