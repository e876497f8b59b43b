"""What `channels setup` and `channels test` say of Signal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from openclaw_channels.base import ChannelContext
from openclaw_channels.inbound import Finding, Setup
from openclaw_channels.signal import PLUGIN
from tests.fakes.channels.signal import FakeSignal
from tests.fakes.channels.signal_container import FakeSignalContainer
from tests.fakes.channels.signal_kinds import KINDS, own
from tests.fakes.channels.signal_people import ADA, ADA_ID
from tests.integration.channels.trials import account

SECRET = "s3cret"


def setup(signal: FakeSignal, context: ChannelContext, **settings: Any) -> Setup:
    assert PLUGIN.setup is not None
    return PLUGIN.setup(account("signal", **own(signal, **settings)), context)


def wrong(findings: Sequence[Finding]) -> list[str]:
    return [f"{item.what} {item.advice}" for item in findings if not item.ok]


async def test_a_right_configuration_has_nothing_wrong(
    signal: FakeSignal, context: ChannelContext
) -> None:
    assert wrong(await setup(signal, context).test()) == []


async def test_people_whose_keys_changed_are_named(
    signal: FakeSignal, context: ChannelContext
) -> None:
    signal.identities = [
        {"number": ADA, "uuid": ADA_ID, "trustLevel": "UNTRUSTED"},
        {"number": "+1", "uuid": None, "trustLevel": "TRUSTED_VERIFIED"},
    ]
    (advice,) = wrong(await setup(signal, context).test())

    assert ADA in advice
    assert "signal-cli trust" in advice


async def test_an_account_that_is_not_there_is_said_with_what_to_do(
    signal: FakeSignal, context: ChannelContext
) -> None:
    (advice,) = wrong(await setup(signal, context, account="+15550009999").test())

    assert "Register or link channels.signal.account" in advice


async def test_a_container_in_another_mode_is_said_with_what_to_do(
    container: FakeSignalContainer, context: ChannelContext
) -> None:
    container.mode = "native"
    (advice,) = wrong(await setup(container, context).test())

    assert "MODE=json-rpc" in advice


async def test_a_signal_cli_that_does_not_answer_is_said_with_what_to_do(
    context: ChannelContext,
) -> None:
    for kind in KINDS.values():
        async with kind() as gone:
            pass
        (advice,) = wrong(await setup(gone, context).test())
        assert "channels.signal.transport" in advice


async def test_setup_says_what_the_container_is_to_be_started_with(
    container: FakeSignalContainer, context: ChannelContext
) -> None:
    asked = setup(container, context, webhookSecret=SECRET)
    (finding,) = await asked.register("https://gateway.example")

    assert (
        "RECEIVE_WEBHOOK_URL=https://openclaw:<webhookSecret>@gateway.example/api/channels/signal"
        "/webhook" in finding.advice
    )
    assert SECRET not in finding.advice


async def test_setup_of_a_daemon_has_nothing_to_do(context: ChannelContext) -> None:
    async with FakeSignal() as signal:
        assert wrong(await setup(signal, context).register("https://gateway.example")) == []
