"""Equal hooks are one run (contract §3.7), and what senders may ask of the answer."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import Any

import pytest

from tests.integration.ingress_hooks.hooked import BEARER, Hooked, config_of, hooked

MESSAGE = {"message": "hi"}
KEYED = {**BEARER, "Idempotency-Key": "k"}


async def run_of(gateway: Hooked, body: Any, **headers: str) -> tuple[str, bool]:
    answer, said = await gateway.post("/agent", body, headers={**BEARER, **headers})
    assert answer.status == 200, said
    return said["runId"], answer.headers.get("Idempotency-Replayed") == "true"


async def test_a_hundred_equal_posts_at_once_over_two_replicas_are_one_run(
    valkey_url: str,
) -> None:
    async with AsyncExitStack() as stack:
        replicas = [
            await stack.enter_async_context(hooked(config_of(valkey_url))) for _ in range(2)
        ]
        found = await asyncio.gather(
            *(run_of(replicas[n % 2], MESSAGE, **{"Idempotency-Key": "k"}) for n in range(100))
        )
        assert len({run_id for run_id, _ in found}) == 1
        assert sum(1 for _, replayed in found if not replayed) == 1
        assert await replicas[0].runs() == 1


async def test_the_key_is_taken_from_the_first_place_that_has_one(gateway: Hooked) -> None:
    body = {**MESSAGE, "idempotencyKey": "c"}
    first, second = "Idempotency-Key", "X-OpenClaw-Idempotency-Key"
    a, _ = await run_of(gateway, body, **{first: "a", second: "b"})
    b, _ = await run_of(gateway, body, **{second: " b "})
    c, _ = await run_of(gateway, body)
    assert len({a, b, c}) == 3
    assert await run_of(gateway, MESSAGE, **{first: "a"}) == (a, True)
    assert await run_of(gateway, MESSAGE, **{second: "b"}) == (b, True)
    assert await run_of(gateway, MESSAGE, **{first: "c"}) == (c, True)
    assert await run_of(gateway, {**body, "waitForCompletion": False}) == (c, True)


async def test_another_message_under_the_same_key_is_another_run(gateway: Hooked) -> None:
    one, _ = await run_of(gateway, MESSAGE, **{"Idempotency-Key": "k"})
    for body in ({"message": "ho"}, {**MESSAGE, "name": "n"}, {**MESSAGE, "agentId": "ops"}):
        other, replayed = await run_of(gateway, body, **{"Idempotency-Key": "k"})
        assert (other != one, replayed) == (True, False)


async def test_no_key_and_one_that_is_too_long_are_none(gateway: Hooked) -> None:
    found = {(await run_of(gateway, MESSAGE))[0] for _ in range(2)}
    long = {"Idempotency-Key": "x" * 257}
    found |= {(await run_of(gateway, MESSAGE, **long))[0] for _ in range(2)}
    assert len(found) == 4


@pytest.mark.parametrize("settings", [{"idempotencyTtlSeconds": 1}])
async def test_a_key_lives_as_long_after_its_run_as_the_configuration_says(
    gateway: Hooked,
) -> None:
    run_id, _ = await run_of(gateway, MESSAGE, **{"Idempotency-Key": "k"})
    await gateway.store.runs.cancel(run_id)
    (key,) = await gateway.store.client.execute("KEYS", "*:idempotency:*")
    assert 0 < await gateway.store.client.execute("PTTL", key) <= 1000


MAPPED = {"mappings": [{"match": {"path": "m"}, "messageTemplate": "{{now}} {{a}}"}]}


@pytest.mark.parametrize("settings", [MAPPED])
async def test_a_mapped_webhook_is_told_from_others_by_what_was_sent(gateway: Hooked) -> None:
    ids = [
        (await gateway.post("/m", body, headers=KEYED))[1]["runId"]
        for body in ({"a": 1}, {"a": 1}, {"a": 2})
    ]
    assert ids[0] == ids[1] != ids[2]


async def test_a_sender_may_ask_for_202_and_an_address(gateway: Hooked) -> None:
    headers = {**KEYED, "Prefer": "respond-async, wait=0"}
    answer, said = await gateway.post("/agent", MESSAGE, headers=headers)
    assert (answer.status, set(said)) == (202, {"ok", "runId"})
    assert answer.headers["Preference-Applied"] == "respond-async"
    assert answer.headers["Location"] == f"/v1/runs/{said['runId']}"
    owner = {"Authorization": "Bearer a-gateway-token"}
    read, run = await gateway.ask("GET", answer.headers["Location"], headers=owner)
    assert (read.status, run["id"], run["source"]) == (200, said["runId"], "hook")
    assert (run["status"], run["idempotency_key"]) == ("queued", "k")


async def test_waiting_for_the_end_tells_how_it_ended(gateway: Hooked) -> None:
    body = {**MESSAGE, "waitForCompletion": True}
    waiting = asyncio.create_task(gateway.post("/agent", body))
    async with asyncio.timeout(5):
        while not await gateway.runs():
            await gateway.store.ping()
    (run_id,) = await gateway.run_ids()
    await gateway.store.runs.cancel(run_id)
    answer, said = await waiting
    assert (answer.status, said["runId"]) == (200, run_id)
    assert said["completion"] == {"status": "skipped", "replyDisposition": "empty"}


async def test_a_run_that_takes_longer_than_the_wait_is_answered_with_its_address(
    gateway: Hooked,
) -> None:
    body = {**MESSAGE, "waitForCompletion": True}
    headers = {**BEARER, "Prefer": "wait=1"}
    answer, said = await gateway.post("/agent", body, headers=headers)
    assert (answer.status, set(said)) == (202, {"ok", "runId"})
    assert answer.headers["Location"] == f"/v1/runs/{said['runId']}"


async def test_a_full_queue_is_told_with_when_to_come_back(valkey_url: str) -> None:
    config = config_of(valkey_url, runs={"maxQueued": 2, "maxQueuedPerSession": 1})
    async with hooked(config) as gateway:
        one = {**MESSAGE, "sessionKey": "hook:one"}
        seen = []
        for body in (one, one, MESSAGE, MESSAGE):
            answer, said = await gateway.post("/agent", body)
            seen.append((answer.status, said["ok"], "Retry-After" in answer.headers))
        assert seen == [
            (200, True, False),
            (429, False, True),
            (200, True, False),
            (503, False, True),
        ]
        assert said["error"]["code"] == "queue_full"
        assert await gateway.runs() == 2


async def test_hooks_are_accepted_while_the_ingress_drains(gateway: Hooked) -> None:
    await gateway.service.drain()
    answer, said = await gateway.post("/agent", MESSAGE)
    assert (answer.status, answer.headers["Connection"]) == (200, "close")
    assert await gateway.run_ids() == [said["runId"]]
    owner = {"Authorization": "Bearer a-gateway-token"}
    answer, _ = await gateway.ask("GET", f"/v1/runs/{said['runId']}", headers=owner)
    assert answer.status == 503


async def test_redis_away_is_told_with_when_to_come_back() -> None:
    config = config_of("redis://127.0.0.1:1/0")
    async with hooked(config) as gateway:
        for path, body in (("/agent", MESSAGE), ("/wake", {"text": "x"})):
            answer, said = await gateway.post(path, body)
            assert (answer.status, said["ok"], answer.headers["Retry-After"]) == (503, False, "1")
            assert said["error"]["code"] == "store_unavailable"
