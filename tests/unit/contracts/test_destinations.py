"""Destinations as they are shown."""

from __future__ import annotations

import pytest

from openclaw_common.contracts.delivery import Destination


@pytest.mark.parametrize(
    ("to", "shown"),
    [
        ("interaction:7:a-token_1", "interaction:7:***"),
        ("interaction:a-token_1", "interaction:a-token_1:***"),
        ("channel:42", "channel:42"),
        ("#interaction", "#interaction"),
    ],
)
def test_the_token_of_an_interaction_is_not_shown(to: str, shown: str) -> None:
    assert Destination("discord", to).to_wire()["to"] == shown
