"""The examples of docs/automation.md are configurations and jobs that the gateway takes."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pyjson5
import pytest

from openclaw_common.runtime.config import Config
from openclaw_common.runtime.config.cron import Cron, CronJob
from openclaw_common.runtime.config.heartbeat import Heartbeat
from openclaw_common.runtime.config.unknown_keys import field_keys, keep_known

DOCUMENT = Path(__file__).resolve().parents[3] / "docs" / "automation.md"
TEXT = DOCUMENT.read_text(encoding="utf-8")
CONFIGURATIONS = re.findall(r"```json5\n(.*?)```", TEXT, re.DOTALL)


@pytest.mark.parametrize("text", CONFIGURATIONS)
def test_every_configuration_is_taken_as_it_stands(text: str) -> None:
    kept, unknown = keep_known(pyjson5.decode(text), Config)
    assert unknown == []
    Config.model_validate({**kept, "channels": {"slack": {}}}).check(require_auth=False)


def test_the_agents_of_the_example_that_have_heartbeats() -> None:
    config = Config.model_validate(pyjson5.decode(CONFIGURATIONS[0]))
    assert config.agents.heartbeat_ids == ("main", "ops")
    ops = config.agents.entries["ops"].heartbeat
    assert (ops.every, ops.target, ops.active_hours.start) == ("5m", "slack", "08:00")


def test_the_job_of_the_request_is_one() -> None:
    (body,) = re.findall(r"-d '(.*?)'", TEXT, re.DOTALL)
    kept, unknown = keep_known(json.loads(body), CronJob)
    assert unknown == []
    CronJob.model_validate(kept)


@pytest.mark.parametrize("section", [Heartbeat, CronJob])
def test_every_field_is_explained(section: type[Heartbeat] | type[CronJob]) -> None:
    assert [key for key in field_keys(section) if f"`{key}" not in TEXT] == []


def test_every_limit_is_named() -> None:
    limits = {key for key in field_keys(Cron) if re.match("m(ax|in|issed)|run", key)}
    unnamed = {key for key in limits if f"`cron.{key}`" not in TEXT}
    assert unnamed == {"maxJobBytes"}
