"""What only Signal does, over both of its transports."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from openclaw_channels.base import (
    ACCOUNT as WHOLE_ACCOUNT,
)
from openclaw_channels.base import (
    CredentialsRevoked,
    Message,
    PermanentFailure,
    RateLimited,
    SendFailure,
    TemporaryFailure,
)
from openclaw_channels.signal.outbound import SignalOutbound
from openclaw_channels.signal.settings import SignalSettings
from openclaw_common.contracts.delivery import Destination, Media
from tests.fakes.channels.platform import Fault
from tests.fakes.channels.signal import FakeSignal
from tests.fakes.channels.signal_container import FakeSignalContainer
from tests.fakes.channels.signal_kinds import own
from tests.integration.channels.trials import channel_context

GROUP = "group:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
PERSON = "+15550002222"


@asynccontextmanager
async def signal_account(signal: FakeSignal, **settings: Any) -> AsyncIterator[SignalOutbound]:
    given = own(signal, **settings)
    async with channel_context() as context:
        yield SignalOutbound(SignalSettings.model_validate(given), context)


async def send(channel: SignalOutbound, message: Message, to: str = PERSON) -> None:
    destination = await channel.resolve(Destination("signal", to))
    for part in channel.parts(message):
        await channel.send(destination, part, send_key="k")


async def failure(channel: SignalOutbound) -> SendFailure:
    with pytest.raises(SendFailure) as raised:
        await send(channel, Message("Hello."))
    return raised.value


@pytest.mark.parametrize(
    "to", [PERSON, GROUP, "username:name.01", "2f5a3e1c-0b7d-4c8e-9a6f-112233445566"]
)
async def test_people_and_groups_are_addressed_in_the_transports_own_way(
    signal: FakeSignal, to: str
) -> None:
    async with signal_account(signal) as channel:
        await send(channel, Message("**bold** text"), to)
        await channel.show_typing(Destination("signal", to))

    (sent,) = signal.accepted
    assert sent.to.removeprefix("username:") == to.removeprefix("username:")
    assert sent.text == "bold text"
    assert sent.raw.get("textStyle", sent.raw.get("styles")) == ["0:4:BOLD"]
    assert len(signal.typing) == 1


async def test_an_alias_stands_for_its_target(signal: FakeSignal) -> None:
    async with signal_account(signal, aliases={"mum": PERSON, "loop": "mum"}) as channel:
        await send(channel, Message("x"), "mum")
        for unknown in ("dad", "loop"):
            with pytest.raises(PermanentFailure):
                await channel.resolve(Destination("signal", unknown))

    assert signal.accepted[0].to == PERSON


async def test_an_attachment_carries_the_first_text(signal: FakeSignal) -> None:
    media = Media("image/png", data=base64.b64encode(b"\x89PNG").decode(), filename="a;b,.png")
    async with signal_account(signal) as channel:
        await send(channel, Message("Look.", (media, media)))

    first, second = signal.accepted
    (upload,) = first.uploads
    assert (first.text, upload.filename, upload.mime, upload.data) == (
        "Look.",
        "a_b_.png",
        "image/png",
        b"\x89PNG",
    )
    assert second.text == ""


async def test_an_attachment_that_is_too_large_becomes_text(signal: FakeSignal) -> None:
    media = Media("text/plain", data=base64.b64encode(b"x" * 5000).decode(), filename="a.txt")
    async with signal_account(signal, mediaMaxMb=0.001) as channel:
        await send(channel, Message("Look.", (media,)))

    assert signal.accepted[0].text == "Look.\n\n[attachment too large: a.txt]"


@pytest.mark.parametrize(
    ("to", "reply_to", "quoted"),
    [
        (PERSON, "1700", (1700, PERSON)),
        (GROUP, "1700:+15550003333", (1700, "+15550003333")),
        (GROUP, "1700", (None, None)),
    ],
)
async def test_an_answer_quotes_what_it_answers(
    signal: FakeSignal, to: str, reply_to: str, quoted: tuple[int | None, str | None]
) -> None:
    async with signal_account(signal) as channel:
        await send(channel, Message("x", reply_to=reply_to), to)

    raw = signal.accepted[0].raw
    timestamp = raw.get("quoteTimestamp", raw.get("quote_timestamp"))
    assert (timestamp, raw.get("quoteAuthor", raw.get("quote_author"))) == quoted


async def test_an_edit_names_the_message_it_replaces(signal: FakeSignal) -> None:
    async with signal_account(signal) as channel:
        to = Destination("signal", PERSON)
        (part,) = channel.parts(Message("better"))
        receipt = await channel.edit(to, "1700", part)

    raw = signal.accepted[0].raw
    assert raw.get("editTimestamp", raw.get("edit_timestamp")) == 1700
    assert receipt.message_id == "1700"


async def test_a_rate_limit_rests_the_whole_account_for_long(signal: FakeSignal) -> None:
    signal.plan(Fault.rate_limit(3600))
    async with signal_account(signal, rateLimitPauseSeconds=700) as channel:
        raised = await failure(channel)

    assert isinstance(raised, RateLimited)
    assert raised.scope == WHOLE_ACCOUNT
    # The container does not say how long.
    assert raised.retry_after_s == (700 if isinstance(signal, FakeSignalContainer) else 3600)


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (Fault.permanent("group"), PermanentFailure),
        (Fault.permanent("untrusted"), PermanentFailure),
        (Fault.permanent("account"), CredentialsRevoked),
        (Fault.permanent("revoked"), CredentialsRevoked),
        (Fault.permanent("network"), TemporaryFailure),
        (Fault.server_error(503), TemporaryFailure),
    ],
)
async def test_errors_are_told_apart(
    signal: FakeSignal, fault: Fault, expected: type[SendFailure]
) -> None:
    signal.plan(fault)
    async with signal_account(signal) as channel:
        assert type(await failure(channel)) is expected


async def test_a_person_without_signal_is_a_permanent_failure() -> None:
    async with FakeSignal() as signal, signal_account(signal) as channel:
        signal.plan(Fault.permanent("unregistered"))
        raised = await failure(channel)

    assert type(raised) is PermanentFailure
    assert "UNREGISTERED_FAILURE" in raised.message
