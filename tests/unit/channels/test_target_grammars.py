"""Whatever is given as a target is read or refused, and what was read is read as itself."""

from __future__ import annotations

from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openclaw_channels.base import ChannelError
from openclaw_channels.registry import BUILT_IN, load_channels

WORDS = st.sampled_from(
    [
        *(
            "channel:",
            "user:",
            "group:",
            "uuid:",
            "u:",
            "username:",
            "topic:",
            "interaction:7:",
            ":",
        ),
        *("discord:", "slack:", "telegram:", "tg:", "signal:", "webhook:", "https://", "t.me/"),
        *("#", "@", "<@", "<#", "!", ">", "|", "+49", "-100", "C00000001", "U00000001", "42"),
        *("name", "example.com", "/", " ", "\n", "\u0661", "token_-1"),
    ]
)
TARGETS = st.lists(st.one_of(WORDS, st.text(max_size=3)), max_size=5).map("".join)


CHANNELS: Final = load_channels()


def read(channel: str, target: str) -> str | None:
    """Return what the target means, None for one that is refused."""
    try:
        return CHANNELS[channel].parse_target(target)[0]
    except ChannelError:
        return None


@pytest.mark.parametrize("channel", BUILT_IN)
@given(target=TARGETS)
def test_every_text_is_a_target_that_means_itself_or_refused(channel: str, target: str) -> None:
    to = read(channel, target)
    assert to is None or read(channel, to) == to


def test_the_error_for_a_malformed_interaction_does_not_show_its_token() -> None:
    with pytest.raises(ChannelError) as refused:
        CHANNELS["discord"].parse_target("interaction:7:secret token")
    assert "secret" not in str(refused.value)
