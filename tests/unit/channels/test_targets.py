"""Which channel a target is of."""

from __future__ import annotations

import pytest

from openclaw_channels.base import ChannelError
from openclaw_channels.registry import load_channels
from openclaw_channels.targets import resolve_target

PLUGINS = load_channels()


@pytest.mark.parametrize(
    ("channel", "to", "expected"),
    [
        ("telegram", "42", ("telegram", "42", None)),
        ("telegram", "telegram:42", ("telegram", "42", None)),
        (None, "tg:-1001:topic:7", ("telegram", "-1001", "7")),
        ("last", "TELEGRAM:@Name", ("telegram", "@name", None)),
        (None, "signal:+15550002222", ("signal", "+15550002222", None)),
        (None, "discord:42", ("discord", "user:42", None)),
        ("discord", "channel:42", ("discord", "channel:42", None)),
        ("signal", "group:AAAABBBBCCCC", ("signal", "group:AAAABBBBCCCC", None)),
    ],
)
def test_a_prefix_selects_the_channel_or_agrees_with_it(
    channel: str | None, to: str, expected: tuple[str, str, str | None]
) -> None:
    assert resolve_target(PLUGINS, channel, to) == expected


@pytest.mark.parametrize(
    ("channel", "to", "said"),
    [
        ("discord", "telegram:42", "is of the channel telegram, but the channel is discord"),
        ("signal", "tg:42", "is of the channel telegram"),
        (None, "42", "does not say on which channel"),
        ("last", "group:1", "does not say on which channel"),
        ("fax", "42", 'no channel "fax"; known are discord, '),
        ("telegram", "me", "no Telegram target; write"),
    ],
)
def test_errors_say_what_to_write(channel: str | None, to: str, said: str) -> None:
    with pytest.raises(ChannelError, match=said):
        resolve_target(PLUGINS, channel, to)
