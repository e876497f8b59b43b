"""Waiting for the end of a hook's run, with a worker that ends it (contract §3.4)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from arq.worker import func

from openclaw_common.contracts.errors import ErrorBody
from openclaw_common.contracts.run import RunRequest, RunResult, RunStatus
from openclaw_common.contracts.run_event import RUN_COMPLETED, RUN_FAILED
from openclaw_common.queue.job_queue import EXECUTE_RUN
from openclaw_common.queue.worker import LaneWorker
from tests.integration.ingress_hooks.hooked import BEARER, Hooked

TO_SOMEBODY = {"channel": "signal", "to": "+1"}


async def answer_with_the_question(ctx: dict[str, Any], _: str) -> None:
    """What a run is asked is what it answers; `fail` fails."""
    lease = ctx["lease"]
    text = RunRequest.decode(lease.payload).message.text
    if text == "fail":
        error = ErrorBody(500, "api_error", "Internal error")
        await lease.finish(RunStatus.FAILED, events=[(RUN_FAILED, b"{}")], error=error)
    else:
        result = RunResult("" if text == "nothing" else text)
        await lease.finish(RunStatus.COMPLETED, events=[(RUN_COMPLETED, b"{}")], result=result)


@asynccontextmanager
async def worker(gateway: Hooked) -> AsyncIterator[None]:
    serving = LaneWorker(
        [func(answer_with_the_question, name=EXECUTE_RUN)],
        jobs=gateway.store.run_jobs,
        worker_id="worker-test",
        concurrency=4,
        renew_ms=1000,
    )
    task = asyncio.create_task(serving.async_run())
    try:
        yield
    finally:
        serving.stop()
        await task


@pytest.mark.parametrize(
    ("message", "more", "completion"),
    [
        ("done", {}, {"status": "ok", "replyDisposition": "visible"}),
        ("done", TO_SOMEBODY, {"status": "ok", "replyDisposition": "visible"}),
        ("NO_REPLY", {}, {"status": "ok", "replyDisposition": "silent"}),
        (
            "NO_REPLY",
            TO_SOMEBODY,
            {
                "status": "ok",
                "replyDisposition": "silent",
                "deliverySuppressionReason": "silent",
            },
        ),
        ("nothing", {}, {"status": "ok", "replyDisposition": "empty"}),
        ("fail", TO_SOMEBODY, {"status": "error", "replyDisposition": "empty"}),
    ],
)
async def test_the_answer_says_how_the_run_ended_and_never_what_it_said(
    gateway: Hooked, message: str, more: dict[str, str], completion: dict[str, str]
) -> None:
    body = {"message": message, "waitForCompletion": True, **more}
    async with worker(gateway):
        answer, said = await gateway.post("/agent", body)
        assert answer.status == 200
        assert said == {"ok": True, "runId": said["runId"], "completion": completion}


async def test_who_asks_again_is_told_how_it_had_ended(gateway: Hooked) -> None:
    headers = {**BEARER, "Idempotency-Key": "k"}
    async with worker(gateway):
        seen = []
        for wait in (True, True, False):
            body = {"message": "done", "waitForCompletion": wait}
            answer, said = await gateway.post("/agent", body, headers=headers)
            replayed = answer.headers.get("Idempotency-Replayed")
            seen.append((said["runId"], "completion" in said, replayed))
    run_id = seen[0][0]
    assert seen == [(run_id, True, None), (run_id, True, "true"), (run_id, False, "true")]


async def test_the_result_is_read_where_the_run_is(gateway: Hooked) -> None:
    headers = {**BEARER, "Prefer": "respond-async"}
    async with worker(gateway):
        answer, _ = await gateway.post("/agent", {"message": "done"}, headers=headers)
        owner = {"Authorization": "Bearer a-gateway-token"}
        path = answer.headers["Location"] + "?wait=5"
        _, run = await gateway.ask("GET", path, headers=owner)
    assert (run["status"], run["output"], run["source"]) == ("completed", "done", "hook")
