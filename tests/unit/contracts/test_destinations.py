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


def test_the_lane_of_an_interaction_tells_it_from_others_without_its_token() -> None:
    lanes = {Destination("discord", f"interaction:7:{token}").lane for token in ("t-1", "t-2")}
    assert len(lanes) == 2
    assert not any("t-1" in lane or "t-2" in lane for lane in lanes)
