"""Telegram is a channel like any other."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from openclaw_channels.chunking import utf16_units
from openclaw_channels.conformance import ChannelConformance, Trial
from openclaw_channels.telegram import PLUGIN
from openclaw_common.contracts.delivery import Destination
from tests.fakes.channels.platform import Fault
from tests.fakes.channels.telegram import TOKEN, FakeTelegram
from tests.integration.channels.trials import account, arranged, channel_context


class TestTelegram(ChannelConformance):
    @pytest.fixture
    async def trial(self) -> AsyncIterator[Trial]:
        async with FakeTelegram() as telegram, channel_context() as context:
            yield Trial(
                plugin=PLUGIN,
                account=account("telegram", botToken=TOKEN, apiRoot=telegram.base_url),
                context=context,
                destination=Destination("telegram", "-1001", thread_id="7"),
                other=Destination("telegram", "42"),
                targets={
                    "123456789": ("123456789", None),
                    "-1001234567890": ("-1001234567890", None),
                    "@Some_Name": ("@some_name", None),
                    "t.me/Some_Name": ("@some_name", None),
                    "https://t.me/some_name/": ("@some_name", None),
                    "telegram:42": ("42", None),
                    "tg:@some_name": ("@some_name", None),
                    "group:-1001": ("-1001", None),
                    "telegram:group:-1001:topic:7": ("-1001", "7"),
                    "-1001:topic:7": ("-1001", "7"),
                    "-1001:7": ("-1001", "7"),
                },
                malformed=["discord:42", "name", "@ab", "0", "-1001:topic:", "42:x", "tg://x"],
                limit=4096,
                length=utf16_units,
                secrets=[TOKEN],
                arrange=lambda failure: arranged(telegram, failure, Fault.permanent("401")),
            )
            assert telegram.violations == []
