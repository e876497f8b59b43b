"""A webhook is a channel like any other."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from openclaw_channels.base import AnswerLost, PermanentFailure, RateLimited, TemporaryFailure
from openclaw_channels.conformance import ChannelConformance, Trial
from openclaw_channels.webhook import PLUGIN
from openclaw_common.contracts.delivery import Destination
from tests.fakes.channels.platform import Fault
from tests.fakes.channels.webhook import SECRET, FakeWebhook
from tests.integration.channels.trials import account, arranged, channel_context


class TestWebhook(ChannelConformance):
    @pytest.fixture
    async def trial(self) -> AsyncIterator[Trial]:
        async with FakeWebhook() as hook, channel_context(f"127.0.0.1:{hook.port}") as context:
            endpoints = {name: {"url": hook.base_url} for name in ("billing", "audit")}
            yield Trial(
                plugin=PLUGIN,
                account=account("webhook", endpoints=endpoints, secret=SECRET),
                context=context,
                destination=Destination("webhook", "billing"),
                other=Destination("webhook", "audit"),
                targets={
                    "billing": ("billing", None),
                    "webhook:billing": ("billing", None),
                    "https://Example.com": ("https://example.com/", None),
                    "https://example.com:8443/a?b=c": ("https://example.com:8443/a?b=c", None),
                },
                malformed=["http://example.com", "a b", "https://user:word@host.com", "../x", "#x"],
                limit=1_000_000,
                length=len,
                secrets=[SECRET, SECRET.removeprefix("whsec_")],
                arrange=lambda failure: arranged(hook, failure, Fault.permanent()),
                failures=(RateLimited, TemporaryFailure, PermanentFailure, AnswerLost),
            )
