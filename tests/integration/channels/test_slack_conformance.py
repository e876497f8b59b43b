"""Slack is a channel like any other."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from openclaw_channels.conformance import ChannelConformance, Trial
from openclaw_channels.slack import PLUGIN
from openclaw_common.contracts.delivery import Destination
from tests.fakes.channels.platform import Fault
from tests.fakes.channels.slack import TOKEN, FakeSlack
from tests.integration.channels.trials import account, arranged, channel_context


class TestSlack(ChannelConformance):
    @pytest.fixture
    async def trial(self) -> AsyncIterator[Trial]:
        async with FakeSlack() as slack, channel_context() as context:
            yield Trial(
                plugin=PLUGIN,
                account=account("slack", botToken=TOKEN, apiRoot=slack.base_url),
                context=context,
                destination=Destination("slack", "#general"),
                other=Destination("slack", "user:U00000001"),
                targets={
                    "C00000001": ("channel:C00000001", None),
                    "channel:G00000001": ("channel:G00000001", None),
                    "#C00000001": ("channel:C00000001", None),
                    "<#C00000001|general>": ("channel:C00000001", None),
                    "D00000001": ("channel:D00000001", None),
                    "user:U00000001": ("user:U00000001", None),
                    "W00000001": ("user:W00000001", None),
                    "<@U00000001>": ("user:U00000001", None),
                    "slack:U00000001": ("user:U00000001", None),
                    "#General": ("#general", None),
                },
                malformed=["telegram:42", "channel:", "user:name", "#", "C1", "<!channel>"],
                limit=4000,
                length=len,
                secrets=[TOKEN],
                arrange=lambda failure: arranged(slack, failure, Fault.permanent("token_revoked")),
            )
