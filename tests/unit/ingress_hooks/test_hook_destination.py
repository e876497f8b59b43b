"""Where the result of a hook's run goes, as it is put into the run."""

from __future__ import annotations

import pytest

from openclaw_channels.registry import load_channels
from openclaw_common.contracts.run import DeliveryPlan
from openclaw_common.runtime.config import Config
from openclaw_ingress.hook_actions import DeliveryWish
from openclaw_ingress.hook_destination import HookDestinations


@pytest.mark.parametrize("asked", [None, "default", "work"])
def test_the_default_account_is_known_by_its_own_name(asked: str | None) -> None:
    section = {"defaultAccount": "work", "accounts": {"work": {}, "ops": {}}}
    channels = Config.model_validate({"channels": {"telegram": section}}).channels
    wish = DeliveryWish(True, "telegram", "42", asked)
    plan = HookDestinations(channels, load_channels()).plan(wish, mapped=False)
    assert plan == DeliveryPlan("telegram", "42", "work")
