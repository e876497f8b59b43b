"""OpenClaw's words for thinking, and OpenAI's efforts."""

from __future__ import annotations

from typing import Any

import pytest

from openclaw_agent_worker.models.thinking import effort_of, level_of


@pytest.mark.parametrize(
    ("word", "level"),
    [
        (None, None),
        ("off", False),
        ("High", "high"),
        (" max ", "max"),
        ("adaptive", True),
        ("a lot", None),
    ],
)
def test_words_become_levels(word: str | None, level: bool | str | None) -> None:
    assert level_of(word) == level


@pytest.mark.parametrize(
    ("level", "accepted", "effort"),
    [
        ("high", None, "high"),
        (False, None, "none"),
        ("minimal", ["low", "high"], "low"),
        ("max", ["low", "high"], "high"),
        (False, ["low", "high"], "low"),
        ("low", [], None),
    ],
)
def test_a_level_that_a_model_lacks_becomes_the_nearest(
    level: Any, accepted: list[str] | None, effort: str | None
) -> None:
    assert effort_of(level, accepted) == effort
