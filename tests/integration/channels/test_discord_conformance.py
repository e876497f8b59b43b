"""Discord is a channel like any other."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from openclaw_channels.conformance import ChannelConformance, Trial
from openclaw_channels.discord import PLUGIN
from openclaw_common.contracts.delivery import Destination
from tests.fakes.channels.discord import TOKEN, FakeDiscord
from tests.fakes.channels.platform import Fault
from tests.integration.channels.trials import account, arranged, channel_context


class TestDiscord(ChannelConformance):
    @pytest.fixture
    async def trial(self) -> AsyncIterator[Trial]:
        async with FakeDiscord() as discord, channel_context() as context:
            yield Trial(
                plugin=PLUGIN,
                account=account("discord", token=TOKEN, apiRoot=discord.base_url),
                context=context,
                destination=Destination("discord", "#general"),
                other=Destination("discord", "user:42"),
                targets={
                    "100": ("channel:100", None),
                    "channel:100": ("channel:100", None),
                    "<#100>": ("channel:100", None),
                    "discord:channel:100": ("channel:100", None),
                    "user:42": ("user:42", None),
                    "<@42>": ("user:42", None),
                    "<@!42>": ("user:42", None),
                    "discord:42": ("user:42", None),
                    "#General": ("#general", None),
                    "interaction:7:a-token_1": ("interaction:7:a-token_1", None),
                },
                malformed=["telegram:42", "channel:", "user:name", "#", "interaction:7:", "+491"],
                limit=2000,
                length=len,
                secrets=[TOKEN],
                arrange=lambda failure: arranged(discord, failure, Fault.permanent("401")),
            )
