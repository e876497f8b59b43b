"""What every channel must do, as tests that its author runs: see docs/channels.md.

    class TestMyChannel(ChannelConformance):
        @pytest.fixture
        async def trial(self) -> AsyncIterator[Trial]: ...

The tests are coroutines; pytest-asyncio runs them with `asyncio_mode = "auto"`.
"""

from __future__ import annotations

import asyncio
import logging
import traceback
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final, TypeVar

from openclaw_channels.base import (
    ACCOUNT,
    DESTINATION,
    Account,
    AnswerLost,
    ChannelContext,
    ChannelError,
    ChannelPlugin,
    CredentialsRevoked,
    Message,
    OutboundChannel,
    Part,
    PermanentFailure,
    RateLimited,
    Receipt,
    SendFailure,
    TemporaryFailure,
)
from openclaw_common.contracts.delivery import Destination, send_key

__all__ = ["ALL_FAILURES", "SAMPLES", "ChannelConformance", "Trial"]

ALL_FAILURES: Final[tuple[type[SendFailure], ...]] = (
    RateLimited,
    TemporaryFailure,
    PermanentFailure,
    CredentialsRevoked,
    AnswerLost,
)

SAMPLES: Final = (
    "Hello.",
    "**Bold**, _italic_, ~~gone~~, `code`, [a link](https://example.com/?a=1&b=2) & <tags>.",
    "# Heading\n\n- one\n- two\n  - three\n\n1. first\n2. second\n\n> quoted",
    "```python\n" + "print('a line that is long enough to be cut somewhere')\n" * 400 + "```",
    "| a | b |\n|---|---|\n" + "| 1 | two |\n" * 300,
    "word " * 5000,
    "unbroken" * 3000,
    "\U0001f469\u200d\U0001f469\u200d\U0001f467 e\u0301 \U0001f1e9\U0001f1ea " * 1500,
    "& < > \" ' * _ ~ ` \\ | # \u202e \u0000 \ufffd " * 300,
)
"""Texts that channels have been wrong about."""

_SECONDS: Final = 30
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Trial:
    """One channel, a stand-in of its platform, and what is known of both.

    `destination` takes messages, `other` too and is paced apart from it. `targets` maps targets as
    users write them to (`to`, thread id). `limit` and `length` are the platform's. `arrange` lets
    the stand-in answer the next send so that the channel must raise the failure it is given;
    `failures` are those that the platform has. `secrets` are the values of the account's secrets.
    """

    plugin: ChannelPlugin
    account: Account
    context: ChannelContext
    destination: Destination
    other: Destination
    targets: Mapping[str, tuple[str, str | None]]
    malformed: Sequence[str]
    limit: int
    length: Callable[[str], int]
    secrets: Sequence[str]
    arrange: Callable[[type[SendFailure]], None]
    failures: tuple[type[SendFailure], ...] = ALL_FAILURES
    unusable: Mapping[str, object] = field(default_factory=dict)
    """Settings that `outbound` must not take."""

    def channel(self) -> OutboundChannel:
        """Return the channel, as a process that has just started has it."""
        return self.plugin.outbound(self.account, self.context)


def _key(number: int, destination: Destination) -> str:
    return send_key("dlv_conformance", number, destination)


class _Lines(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(f"{self.format(record)} {record.__dict__}")


@contextmanager
def _logged() -> Iterator[list[str]]:
    """Collect what is logged at any level."""
    root, handler = logging.getLogger(), _Lines()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        yield handler.lines
    finally:
        root.setLevel(level)
        root.removeHandler(handler)


def _refusal(made: Callable[[], object]) -> str | None:
    try:
        made()
    except ChannelError as error:
        return str(error)
    return None


async def _within(result: Awaitable[Result]) -> Result:
    async with asyncio.timeout(_SECONDS):
        return await result


async def _raised(result: Awaitable[object]) -> SendFailure | None:
    try:
        await _within(result)
    except SendFailure as failure:
        return failure
    return None


class ChannelConformance:
    """Subclass it, and give it the fixture `trial`."""

    def test_targets_are_read_as_documented(self, trial: Trial) -> None:
        for written, meant in trial.targets.items():
            assert trial.plugin.parse_target(written) == meant, written

    def test_what_a_target_means_is_itself_a_target_that_means_the_same(self, trial: Trial) -> None:
        for to, _ in trial.targets.values():
            assert trial.plugin.parse_target(to)[0] == to

    def test_malformed_targets_are_refused(self, trial: Trial) -> None:
        for target in ("", " ", "\n", *trial.malformed):
            refusal = _refusal(partial(trial.plugin.parse_target, target))
            assert refusal is not None, f"{target!r} was read as a target"
            assert refusal, "the error must say what to write"

    def test_unusable_settings_are_refused(self, trial: Trial) -> None:
        account = replace(trial.account, settings=trial.unusable)
        refusal = _refusal(lambda: trial.plugin.outbound(account, trial.context))
        assert refusal is not None, "the settings were taken"
        assert refusal, "the error must say what to set"

    async def test_equal_messages_give_equal_parts(self, trial: Trial) -> None:
        one, another = trial.channel(), trial.channel()
        for text in SAMPLES:
            message = Message(text, reply_to="1")
            assert list(one.parts(message)) == list(another.parts(message))

    async def test_parts_are_within_the_limit_and_never_blank(self, trial: Trial) -> None:
        channel = trial.channel()
        for text in SAMPLES:
            parts = channel.parts(Message(text))
            assert parts, "a message with text has parts"
            for part in parts:
                assert part.text.strip(), "a blank part"
                assert trial.length(part.text) <= trial.limit, trial.length(part.text)

    async def test_a_message_without_anything_has_no_parts(self, trial: Trial) -> None:
        assert list(trial.channel().parts(Message(""))) == []

    async def test_resolving_twice_changes_nothing(self, trial: Trial) -> None:
        channel = trial.channel()
        once = await _within(channel.resolve(trial.destination))
        assert await _within(channel.resolve(once)) == once
        assert await _within(trial.channel().resolve(trial.destination)) == once
        kept = (once.channel, once.account_id)
        assert kept == (trial.destination.channel, trial.destination.account_id)

    async def test_sending_gives_a_receipt(self, trial: Trial) -> None:
        for number, text in enumerate(SAMPLES[:3]):
            receipt = await self._send(trial, text, number)
            assert receipt.message_id, "the platform's id of the message"
            assert receipt.http_status is None or 200 <= receipt.http_status < 300

    async def test_a_known_send_key_is_not_sent_twice(self, trial: Trial) -> None:
        channel = trial.channel()
        destination = await _within(channel.resolve(trial.destination))
        (part,) = channel.parts(Message("Hello."))
        if await _within(channel.repeats_safely(destination, part)):
            assert await self._send(trial, "Hello.", 0) == await self._send(trial, "Hello.", 0)

    async def test_each_failure_is_told_apart(self, trial: Trial) -> None:
        for number, expected in enumerate(trial.failures):
            failure = await self._failure(trial, expected, number)
            assert type(failure) is expected or (
                expected is PermanentFailure
                and isinstance(failure, PermanentFailure)
                and not isinstance(failure, CredentialsRevoked)
            ), f"{expected.__name__} was to be raised, not {failure!r}"
            assert failure.message, "the failure must say what happened"

    async def test_rate_limits_say_how_long_and_for_what(self, trial: Trial) -> None:
        if RateLimited in trial.failures:
            failure = await self._failure(trial, RateLimited, 0)
            assert isinstance(failure, RateLimited)
            assert failure.retry_after_s > 0
            assert failure.scope in (DESTINATION, ACCOUNT)

    async def test_a_channel_works_on_after_failures(self, trial: Trial) -> None:
        channel = trial.channel()
        destination = await _within(channel.resolve(trial.other))
        (part,) = channel.parts(Message("Hello."))
        key = _key(99, destination)
        trial.arrange(trial.failures[-1])
        await _raised(channel.send(destination, part, send_key=key))
        receipt = await _within(channel.send(destination, part, send_key=key))
        assert isinstance(receipt, Receipt)

    async def test_secrets_are_in_no_error(self, trial: Trial) -> None:
        for number, expected in enumerate(trial.failures):
            failure = await self._failure(trial, expected, number)
            shown = "".join(traceback.format_exception(failure)) + repr(failure)
            _holds_no_secret(shown, trial)

    async def test_secrets_are_in_no_repr(self, trial: Trial) -> None:
        channel = trial.channel()
        for thing in (channel, trial.account, trial.plugin, getattr(channel, "__dict__", {})):
            _holds_no_secret(repr(thing), trial)

    async def test_secrets_are_in_no_log_line(self, trial: Trial) -> None:
        with _logged() as lines:
            await self._send(trial, "Hello.", 0)
            for number, expected in enumerate(trial.failures):
                await self._failure(trial, expected, number)
        _holds_no_secret("\n".join(lines), trial)

    async def test_buckets_are_sane(self, trial: Trial) -> None:
        channel = trial.channel()
        buckets = channel.buckets(trial.destination)
        assert buckets, "a channel without any limit is asked as fast as messages come"
        assert list(buckets) == list(trial.channel().buckets(trial.destination))
        names = [bucket.name for bucket in buckets]
        assert len(set(names)) == len(names), "two buckets of one name"
        for bucket in buckets:
            assert bucket.name
            assert bucket.per_second > 0
            assert bucket.burst >= 1
            _holds_no_secret(bucket.name, trial)
        others = {bucket.name for bucket in channel.buckets(trial.other)}
        assert set(names) != others, "destinations are not paced apart"

    async def test_typing_is_shown_where_there_is_such_a_thing(self, trial: Trial) -> None:
        channel = trial.channel()
        assert channel.typing_seconds >= 0
        if channel.typing_seconds:
            destination = await _within(channel.resolve(trial.destination))
            await _within(channel.show_typing(destination))

    async def test_edits_are_made_or_refused(self, trial: Trial) -> None:
        channel = trial.channel()
        destination = await _within(channel.resolve(trial.destination))
        (part,) = channel.parts(Message("Hello."))
        sent = await _within(channel.send(destination, part, send_key=_key(0, destination)))
        (better,) = channel.parts(Message("Goodbye."))
        try:
            edited = await _within(channel.edit(destination, str(sent.message_id), better))
        except PermanentFailure:
            return
        assert edited.message_id == sent.message_id

    async def _send(self, trial: Trial, text: str, number: int) -> Receipt:
        channel = trial.channel()
        destination = await _within(channel.resolve(trial.destination))
        part = channel.parts(Message(text))[0]
        return await _within(channel.send(destination, part, send_key=_key(number, destination)))

    async def _failure(self, trial: Trial, expected: type[SendFailure], number: int) -> SendFailure:
        channel = trial.channel()
        destination = await _within(channel.resolve(trial.destination))
        part: Part = channel.parts(Message("Hello."))[0]
        trial.arrange(expected)
        failure = await _raised(
            channel.send(destination, part, send_key=_key(1000 + number, destination))
        )
        assert failure is not None, f"{expected.__name__} was to be raised"
        return failure


def _holds_no_secret(shown: str, trial: Trial) -> None:
    for secret in trial.secrets:
        # Not part of the message: it would be shown by whoever runs the tests.
        assert secret not in shown, "a secret can be read"
