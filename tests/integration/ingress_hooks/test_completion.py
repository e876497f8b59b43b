"""Waiting for the end of a hook's run and of its delivery, with workers that end them (§3.4)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import redis.asyncio
from arq.worker import func

from openclaw_channels.base import AnswerLost, TemporaryFailure
from openclaw_common.contracts.delivery import DeliveryRequest, Destination
from openclaw_common.contracts.errors import ErrorBody
from openclaw_common.contracts.replies import reply_of
from openclaw_common.contracts.run import RunRequest, RunResult, RunStatus
from openclaw_common.contracts.run_event import RUN_COMPLETED, RUN_FAILED
from openclaw_common.queue.job_queue import DELIVER, EXECUTE_RUN, DeliveryQueue
from openclaw_common.queue.worker import LaneWorker
from openclaw_delivery.jobs.deliver import CONTEXT, deliver
from tests.fakes.scripted_channel import ScriptedChannel
from tests.integration.delivery.support import GONE, Office
from tests.integration.ingress_hooks.hooked import BEARER, Hooked

TO_SOMEBODY = {"channel": "signal", "to": "+1"}
VISIBLE = {"status": "ok", "replyDisposition": "visible"}
NOT_SENT = {"delivered": False, "deliveryAttempted": False}


async def answer_with_the_question(ctx: dict[str, Any], run_id: str) -> None:
    """What a run is asked is what it answers, and sends; `fail` fails."""
    lease = ctx["lease"]
    request = RunRequest.decode(lease.payload)
    text = request.message.text
    if text == "fail":
        error = ErrorBody(500, "api_error", "Internal error")
        await lease.finish(RunStatus.FAILED, events=[(RUN_FAILED, b"{}")], error=error)
        return
    output = "" if text == "nothing" else text
    plan, effects = request.delivery, []
    if plan is not None and plan.to is not None:
        reply = reply_of(output, request.source, 0)
        message = DeliveryRequest(
            Destination(plan.channel, plan.to), reply.text, run_id=run_id, suppress=reply.suppressed
        )
        effects = [ctx["deliveries"].prepare(message)]
    await lease.finish(
        RunStatus.COMPLETED,
        events=[(RUN_COMPLETED, b"{}")],
        result=RunResult(output),
        effects=effects,
    )


@asynccontextmanager
async def serving(job: Any, name: str, jobs: Any, ctx: dict[str, Any]) -> AsyncIterator[None]:
    worker = LaneWorker(
        [func(job, name=name)],
        jobs=jobs,
        worker_id=f"{name}-test",
        concurrency=4,
        renew_ms=1000,
        ctx=ctx,
    )
    task = asyncio.create_task(worker.async_run())
    try:
        yield
    finally:
        worker.stop()
        await task


@asynccontextmanager
async def worker(gateway: Hooked) -> AsyncIterator[None]:
    """What ends runs."""
    ctx = {"deliveries": DeliveryQueue(gateway.store)}
    jobs = gateway.store.run_jobs
    async with serving(answer_with_the_question, EXECUTE_RUN, jobs, ctx):
        yield


@asynccontextmanager
async def delivery(
    gateway: Hooked, valkey: redis.asyncio.Redis, channel: ScriptedChannel
) -> AsyncIterator[None]:
    """What ends deliveries; `channel` sends them."""
    ctx = {CONTEXT: Office(gateway.store, valkey, channel).context}
    async with serving(deliver, DELIVER, gateway.store.delivery_jobs, ctx):
        yield


@pytest.mark.parametrize(
    ("message", "more", "completion"),
    [
        ("done", {}, VISIBLE),
        ("NO_REPLY", {}, {"status": "ok", "replyDisposition": "silent"}),
        (
            "NO_REPLY",
            TO_SOMEBODY,
            {
                "status": "ok",
                "replyDisposition": "silent",
                **NOT_SENT,
                "deliverySuppressionReason": "silent",
            },
        ),
        (
            "HEARTBEAT_OK",
            TO_SOMEBODY,
            {
                "status": "ok",
                "replyDisposition": "silent",
                **NOT_SENT,
                "deliverySuppressionReason": "heartbeat",
            },
        ),
        (
            "No response from OpenClaw.",
            TO_SOMEBODY,
            {
                "status": "ok",
                "replyDisposition": "empty",
                **NOT_SENT,
                "deliverySuppressionReason": "empty",
            },
        ),
        ("Read it. HEARTBEAT_OK", {}, VISIBLE),
        ("nothing", {}, {"status": "ok", "replyDisposition": "empty"}),
        ("fail", TO_SOMEBODY, {"status": "error", "replyDisposition": "empty", **NOT_SENT}),
        ("fail", {}, {"status": "error", "replyDisposition": "empty"}),
        ("done", {"channel": "last"}, {**VISIBLE, **NOT_SENT}),
    ],
)
async def test_the_answer_says_how_the_run_ended_and_never_what_it_said(
    gateway: Hooked,
    valkey: redis.asyncio.Redis,
    message: str,
    more: dict[str, str],
    completion: dict[str, Any],
) -> None:
    body = {"message": message, "waitForCompletion": True, **more}
    async with worker(gateway), delivery(gateway, valkey, ScriptedChannel()):
        answer, said = await gateway.post("/agent", body)
        assert answer.status == 200
        assert said == {"ok": True, "runId": said["runId"], "completion": completion}


@pytest.mark.parametrize(
    ("meets", "told"),
    [
        (None, {"delivered": True, "deliveryAttempted": True}),
        (
            GONE,
            {"delivered": False, "deliveryAttempted": True, "deliveryError": "delivery-failed"},
        ),
        (AnswerLost("timed out"), {"deliveryAttempted": True, "deliveryError": "delivery-failed"}),
    ],
)
async def test_the_answer_waits_for_the_delivery_and_says_what_became_of_it(
    gateway: Hooked,
    valkey: redis.asyncio.Redis,
    meets: BaseException | None,
    told: dict[str, Any],
) -> None:
    channel, under_way = ScriptedChannel(), asyncio.Event()
    go_on = asyncio.Event()

    async def meet() -> None:
        under_way.set()
        await go_on.wait()
        if meets is not None:
            raise meets

    channel.script.append(meet)
    body = {"message": "done", "waitForCompletion": True, **TO_SOMEBODY}
    async with worker(gateway), delivery(gateway, valkey, channel), asyncio.timeout(10):
        asking = asyncio.create_task(gateway.post("/agent", body))
        await under_way.wait()
        assert not asking.done()
        go_on.set()
        answer, said = await asking
    assert (answer.status, said["completion"]) == (200, {**VISIBLE, **told})


@pytest.mark.parametrize(
    ("meets", "attempted"), [(TemporaryFailure("busy", http_status=503), True), (None, False)]
)
async def test_when_the_time_is_over_the_answer_says_what_is_known_of_the_delivery(
    gateway: Hooked, valkey: redis.asyncio.Redis, meets: BaseException | None, attempted: bool
) -> None:
    channel = ScriptedChannel()
    channel.script.append(meets)
    body = {"message": "done", "waitForCompletion": True, **TO_SOMEBODY}
    headers = {**BEARER, "Prefer": "wait=1"}
    async with worker(gateway), asyncio.timeout(10):
        if attempted:
            async with delivery(gateway, valkey, channel):
                answer, said = await gateway.post("/agent", body, headers=headers)
        else:
            answer, said = await gateway.post("/agent", body, headers=headers)
    told = {"deliveryAttempted": attempted}
    assert (answer.status, said["completion"]) == (200, {**VISIBLE, **told})


async def test_who_will_not_wait_is_answered_at_once(gateway: Hooked) -> None:
    body = {"message": "done", "waitForCompletion": True}
    async with asyncio.timeout(5):
        answer, said = await gateway.post("/agent", body, headers={**BEARER, "Prefer": "wait=0"})
    assert (answer.status, set(said)) == (202, {"ok", "runId"})


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
