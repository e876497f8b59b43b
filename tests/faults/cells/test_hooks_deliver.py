"""Hooks whose sessions are in both cells, delivered by an account that is in one of them."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from openclaw_common.contracts.ids import cell_of
from tests.fakes.channels import telegram
from tests.fakes.channels.telegram import FakeTelegram
from tests.faults.conftest import HOOKS, RUNS
from tests.harness.fleet import HOOK_TOKEN, Fleet
from tests.harness.processes import python, start

HOOKED = 40
DELIVERIES = {"leaseMs": 2000, "renewMs": 500, "retryScheduleSeconds": [0.1, 0.3, 1]}


async def post(fleet: Fleet, number: int) -> str:
    """Send a hook whose answer goes to a person; return its run."""
    body = {
        "message": f"/fake say reply-{number}",
        "deliver": True,
        "channel": "telegram",
        "to": str(500 + number % 4),
    }
    headers = {"Authorization": f"Bearer {HOOK_TOKEN}", "Idempotency-Key": f"hook-{number}"}
    url = f"{fleet.ingresses[0].url}/hooks/agent"
    async with fleet.session.post(url, json=body, headers=headers) as answer:
        assert answer.status == 200, await answer.text()
        return str((await answer.json())["runId"])


@pytest.mark.asyncio(loop_scope="session")
async def test_every_result_arrives_once_while_workers_die(tmp_path: Path) -> None:
    async with FakeTelegram() as platform:
        channel = {
            "botToken": telegram.TOKEN,
            "apiRoot": platform.base_url,
            "botPerSecond": 1000,
            "chatPerSecond": 1000,
        }
        config = {"hooks": HOOKS, "channels": {"telegram": channel}, "deliveries": DELIVERIES}
        async with Fleet(tmp_path, workers=2, runs=RUNS, config=config, cells=2) as fleet:
            sender = start(
                "delivery",
                python("-m", "openclaw_delivery", "--config", str(fleet.config_path)),
                fleet.folder,
            )
            try:
                ids = []
                for number in range(HOOKED):
                    ids.append(await post(fleet, number))
                    if number % 15 == 10:
                        fleet.workers[number % 2].kill()

                async def all_there() -> bool:
                    return len({taken.text for taken in platform.accepted}) == HOOKED

                await fleet.until(all_there, "every result was shown", 60)
            finally:
                await sender.end()
        assert {cell_of(run_id) for run_id in ids} == {0, 1}
        arrived = Counter(taken.text for taken in platform.accepted)
        assert arrived == {f"reply-{number}": 1 for number in range(HOOKED)}
