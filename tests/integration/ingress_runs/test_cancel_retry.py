"""Cancelling runs and asking again (run-api.md §4.2)."""

from __future__ import annotations

import pytest

from tests.integration.ingress_runs.api import RUNS, Api, Paused, fail, remember


async def test_a_waiting_run_is_cancelled_at_once_and_again(api: Api) -> None:
    paused = api.gateway.script = Paused()
    await api.create(session="s")
    await paused.begun.get()
    waiting = await api.create(session="s")
    for path in ("cancel", "stop", "cancel"):
        response, run = await api.call("POST", f"{RUNS}/{waiting}/{path}")
        assert (response.status, run["status"], run["cancel_reason"]) == (202, "cancelled", "user")
    paused.go.set()


async def test_a_run_under_way_is_cancelling_until_its_worker_has_stopped(api: Api) -> None:
    paused = api.gateway.script = Paused()
    run_id = await api.create()
    await paused.begun.get()
    response, run = await api.call("POST", f"{RUNS}/{run_id}/cancel")
    assert response.status == 202
    assert run["status"] in ("cancelling", "cancelled")
    _, ended = await api.call("GET", f"{RUNS}/{run_id}?wait=5")
    assert ended["status"] == "cancelled"


async def test_what_has_ended_otherwise_cannot_be_cancelled(api: Api) -> None:
    run_id = await api.finished()
    response, body = await api.call("POST", f"{RUNS}/{run_id}/cancel")
    assert (response.status, body["error"]["code"]) == (409, "run_already_terminal")


@pytest.mark.parametrize("action", ["cancel", "stop", "retry"])
async def test_there_is_nothing_to_do_with_an_unknown_run(api: Api, action: str) -> None:
    path = f"{RUNS}/run_123e4567-e89b-42d3-a456-426614174000/{action}"
    response, body = await api.call("POST", path)
    assert (response.status, body["error"]["code"]) == (404, "run_not_found")


async def test_a_failed_run_is_asked_again_as_a_new_one(api: Api) -> None:
    api.gateway.script = fail
    old = await api.finished("please", "mine", metadata={"ticket": "42"})
    api.gateway.script = remember
    key = {"Idempotency-Key": "once"}
    response, run = await api.call("POST", f"{RUNS}/{old}/retry", headers=key)
    assert (response.status, run["retry_of"], run["metadata"]) == (202, old, {"ticket": "42"})
    assert response.headers["Location"] == f"/v1/runs/{run['id']}"
    again, same = await api.call("POST", f"{RUNS}/{old}/retry", headers=key)
    assert (same["id"], again.headers["Idempotency-Replayed"]) == (run["id"], "true")
    _, ended = await api.call("GET", f"{RUNS}/{run['id']}?wait=5")
    assert ended["status"] == "completed"
    first, second = (execution.request for execution in api.gateway.executions)
    assert first == second
    assert await api.store.dead_letters.newest() == []


async def test_a_run_that_went_well_is_not_asked_again(api: Api) -> None:
    run_id = await api.finished()
    response, body = await api.call("POST", f"{RUNS}/{run_id}/retry")
    assert (response.status, body["error"]["code"]) == (409, "run_not_retryable")
