"""Signal is a channel like any other, over both of its transports."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from openclaw_channels.chunking import utf16_units
from openclaw_channels.conformance import ChannelConformance, Trial
from openclaw_channels.signal import PLUGIN
from openclaw_common.contracts.delivery import Destination
from tests.fakes.channels.platform import Fault
from tests.fakes.channels.signal import ACCOUNT, FakeSignal
from tests.fakes.channels.signal_container import FakeSignalContainer
from tests.integration.channels.trials import account, arranged, channel_context

UUID = "2f5a3e1c-0b7d-4c8e-9a6f-112233445566"
GROUP = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="


async def _trial(signal: FakeSignal, kind: str) -> AsyncIterator[Trial]:
    async with signal, channel_context() as context:
        yield Trial(
            plugin=PLUGIN,
            account=account(
                "signal",
                account=ACCOUNT,
                transport={"kind": kind, "url": signal.base_url},
                aliases={"mum": "+15550002222"},
            ),
            context=context,
            destination=Destination("signal", "mum"),
            other=Destination("signal", f"group:{GROUP}"),
            targets={
                "+15550002222": ("+15550002222", None),
                "signal:+15550002222": ("+15550002222", None),
                f"uuid:{UUID.upper()}": (UUID, None),
                UUID: (UUID, None),
                f"group:{GROUP}": (f"group:{GROUP}", None),
                f"signal:group:{GROUP}": (f"group:{GROUP}", None),
                "u:Name.01": ("username:name.01", None),
                "username:name.01": ("username:name.01", None),
                "mum": ("mum", None),
            },
            malformed=["telegram:42", "+0", "group:", "u:name", "uuid:1", "42"],
            limit=4000,
            length=utf16_units,
            secrets=[],
            arrange=lambda failure: arranged(signal, failure, Fault.permanent("account")),
        )
        assert signal.violations == []


class TestDaemon(ChannelConformance):
    @pytest.fixture
    async def trial(self) -> AsyncIterator[Trial]:
        async for trial in _trial(FakeSignal(), "external-native"):
            yield trial


class TestContainer(ChannelConformance):
    @pytest.fixture
    async def trial(self) -> AsyncIterator[Trial]:
        async for trial in _trial(FakeSignalContainer(), "container"):
            yield trial
