"""`/v1/cron/{id}/run` and `/runs`: a job done now, and what it has done so far."""

from __future__ import annotations

from typing import Any

import pytest

from openclaw_common.contracts.run import RunStatus
from openclaw_common.store.schedule import HistoryLimits, Tick
from tests.integration.ingress_cron.conftest import Gateway

MAIN = "agent:main:main"


async def test_a_job_can_be_done_now_and_stays_due_as_it_was(gateway: Gateway) -> None:
    due = (await gateway.make())["state"]["nextRunAtMs"]
    status, body = await gateway.ask("POST", "/j/run")
    assert (status, body["object"], body["outcome"]) == (202, "cron_run", "run")
    record = await gateway.store.runs.get(body["runId"])
    assert record is not None
    assert (record.status, record.session_key) == (RunStatus.QUEUED, "agent:main:cron:j")
    _, job = await gateway.ask("GET", "/j")
    assert (job["state"]["nextRunAtMs"], job["state"]["lastRunId"]) == (due, body["runId"])


async def test_also_a_paused_one_and_one_of_one_time(gateway: Gateway) -> None:
    at = {"kind": "at", "at": "2100-01-01T00:00:00Z"}
    await gateway.make(schedule=at, deleteAfterRun=True, enabled=False)
    assert (await gateway.ask("POST", "/j/run"))[0] == 202
    assert (await gateway.ask("GET", "/j"))[0] == 200


async def test_a_system_event_has_no_run(gateway: Gateway) -> None:
    await gateway.make(payload={"kind": "systemEvent", "text": "look"})
    status, body = await gateway.ask("POST", "/j/run")
    assert (status, body["outcome"], body["runId"]) == (202, "event", None)
    assert [e.text for e in await gateway.store.system_events.pending(MAIN)] == ["look"]


async def test_the_history_goes_from_new_to_old_in_pages(gateway: Gateway) -> None:
    await gateway.make()
    ids = [(await gateway.ask("POST", "/j/run"))[1]["runId"] for _ in range(5)]
    await gateway.store.runs.cancel(ids[0])
    seen: list[Any] = []
    more, after = True, ""
    while more:
        _, page = await gateway.ask("GET", f"/j/runs?limit=2{after}")
        seen += page["data"]
        more, after = page["has_more"], f"&after={page['last_id']}"
    assert [tick["runId"] for tick in seen] == ids[::-1]
    _, page = await gateway.ask("GET", f"/j/runs?limit=2&before={seen[-1]['id']}")
    assert [tick["runId"] for tick in page["data"]] == [ids[2], ids[1]]
    assert [tick["runStatus"] for tick in seen] == ["queued"] * 4 + ["cancelled"]
    assert all((tick["manual"], tick["jobId"]) == (True, "j") for tick in seen)


async def test_the_history_says_why_a_tick_was_skipped(gateway: Gateway) -> None:
    await gateway.make()
    tick = Tick(1_700_000_000_000, reason="missed", missed=3)
    await gateway.store.schedule.fire_now("cron:j", tick, HistoryLimits(10, 60_000))
    _, page = await gateway.ask("GET", "/j/runs")
    (past,) = page["data"]
    assert (past["outcome"], past["reason"], past["missed"]) == ("skip", "missed", 3)
    assert (past["dueAtMs"], past["runId"], past["runStatus"]) == (1_700_000_000_000, None, None)


async def test_a_cursor_that_is_none(gateway: Gateway) -> None:
    await gateway.make()
    assert (await gateway.ask("GET", "/j/runs?after=x"))[0] == 400


class TestFull:
    @pytest.fixture
    def sections(self) -> dict[str, Any]:
        return {"runs": {"maxQueuedPerSession": 1}}

    async def test_a_job_that_is_still_at_it_says_come_back(self, gateway: Gateway) -> None:
        await gateway.make()
        await gateway.ask("POST", "/j/run")
        status, body = await gateway.ask("POST", "/j/run")
        assert (status, body["error"]["code"]) == (429, "queue_full")


class TestHistoryLimit:
    @pytest.fixture
    def sections(self) -> dict[str, Any]:
        return {"cron": {"maxRunHistory": 3}}

    async def test_so_much_history_and_no_more(self, gateway: Gateway) -> None:
        await gateway.make()
        for _ in range(5):
            await gateway.ask("POST", "/j/run")
        assert len((await gateway.ask("GET", "/j/runs"))[1]["data"]) == 3
