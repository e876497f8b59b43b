"""One account has one name, however it is asked for."""

from __future__ import annotations

from typing import Any

import pytest

from openclaw_common.runtime.config import Config
from openclaw_common.runtime.config.channels import own_account

WORK = {"defaultAccount": "work", "accounts": {"work": {}, "default": {}, "ops": {}}}


@pytest.mark.parametrize(
    ("section", "asked", "own"),
    [
        (WORK, None, "work"),
        (WORK, "default", "work"),
        (WORK, "work", "work"),
        (WORK, "ops", "ops"),
        ({"defaultAccount": "work"}, None, "work"),
        ({"defaultAccount": "default"}, None, None),
        ({"accounts": {"ops": {}}}, "ops", "ops"),
        ({}, None, None),
        ({}, "nobody", "nobody"),
    ],
)
def test_who_names_no_account_means_the_default_one(
    section: dict[str, Any], asked: str | None, own: str | None
) -> None:
    channels = Config.model_validate({"channels": {"telegram": section}}).channels
    assert own_account(channels, "telegram", asked) == own


def test_a_channel_without_settings_has_no_names_for_its_accounts() -> None:
    assert own_account({}, "telegram", "work") == "work"
    assert own_account({}, "telegram", None) is None
