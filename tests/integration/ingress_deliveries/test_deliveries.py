"""Deliveries over HTTP: told, listed, replayed, cancelled (run-api.md §4.4)."""

from __future__ import annotations

import pytest

from openclaw_channels.base import AnswerLost, PermanentFailure, RateLimited
from openclaw_common.contracts.ids import new_run_id
from openclaw_common.contracts.run import RunRequest, Turn
from openclaw_common.queue.job_queue import RunQueue
from tests.integration.ingress_deliveries.conftest import Api


async def test_a_delivery_tells_its_parts_and_attempts(api: Api) -> None:
    office = api.office
    delivery_id = await office.submit("one\ntwo", session_key="s", agent_id="main")
    office.channel.script.extend(
        [None, RateLimited("slow down", retry_after_s=7, code="rate", http_status=429)]
    )
    await office.attempt()
    told = await api.get(f"/v1/deliveries/{delivery_id}")
    assert told["status"] == "retrying"
    assert told["next_attempt_at"] == pytest.approx(office.clock.now_s + 7, abs=1)
    assert told["destination"] == {
        "channel": "fake",
        "to": "42",
        "account_id": "default",
        "thread_id": None,
    }
    await office.pass_time(delivery_id, 8)
    await office.redis.delete(office.store.keys.freeze("fake:default:42"))
    await office.attempt()
    told = await api.get(f"/v1/deliveries/{delivery_id}")
    assert (told["object"], told["status"], told["text"]) == ("delivery", "delivered", "one\ntwo")
    assert [(p["status"], p["provider_message_id"]) for p in told["parts"]] == [
        ("sent", "m0"),
        ("sent", "m1"),
    ]
    first, second = told["attempts"]
    assert (first["n"], first["outcome"], first["http_status"]) == (1, "rate_limited", 429)
    assert (first["retry_after"], first["error"], first["code"]) == (7, "slow down", "rate")
    assert (second["n"], second["outcome"], second["provider_message_id"]) == (2, "sent", "m1")
    assert told["created_at"] <= told["started_at"] <= told["completed_at"]
    assert (told["next_attempt_at"], told["duplicates_possible"], told["replays"]) == (None, 0, 0)


async def test_what_failed_is_replayed_and_what_did_not_is_not(api: Api) -> None:
    office = api.office
    delivery_id = await office.submit()
    path = f"/v1/deliveries/{delivery_id}/replay"
    assert await api.refused("POST", path) == (409, "delivery_not_replayable")
    office.channel.script.append(AnswerLost("no answer"))
    await office.attempt()
    told = await api.get(f"/v1/deliveries/{delivery_id}")
    assert (told["status"], told["parts"][0]["status"]) == ("unknown", "unknown")
    status, told = await api.ask("POST", path)
    assert (status, told["status"], told["replays"]) == (202, "pending", 1)
    await office.attempt()
    told = await api.get(f"/v1/deliveries/{delivery_id}")
    assert (told["status"], told["duplicates_possible"]) == ("delivered", 1)
    assert await api.refused("POST", path) == (409, "delivery_not_replayable")


async def test_a_delivery_is_cancelled_once_it_is_asked_and_stays_so(api: Api) -> None:
    office = api.office
    delivery_id = await office.submit()
    for _ in range(2):
        status, told = await api.ask("POST", f"/v1/deliveries/{delivery_id}/cancel")
        assert (status, told["status"]) == (202, "cancelled")
    sent_id = await office.submit()
    await office.attempt()
    refused = await api.refused("POST", f"/v1/deliveries/{sent_id}/cancel")
    assert refused == (409, "delivery_already_terminal")


async def test_a_delivery_that_was_replayed_is_cancelled_before_it_is_tried_again(api: Api) -> None:
    office = api.office
    delivery_id = await office.submit()
    office.channel.script.append(AnswerLost("no answer"))
    await office.attempt()
    await api.ask("POST", f"/v1/deliveries/{delivery_id}/replay")
    status, told = await api.ask("POST", f"/v1/deliveries/{delivery_id}/cancel")
    assert (status, told["status"]) == (202, "cancelled")
    assert await office.claim() == []


@pytest.mark.parametrize("name", ["dlv_x", "dlv_00000000-0000-4000-8000-000000000000", "lane:x"])
async def test_what_is_no_delivery_is_not_found(api: Api, name: str) -> None:
    for method, path in (("GET", ""), ("POST", "/replay"), ("POST", "/cancel")):
        refused = await api.refused(method, f"/v1/deliveries/{name}{path}")
        assert refused == (404, "delivery_not_found")


async def test_deliveries_are_listed_newest_first_page_by_page(api: Api) -> None:
    ids = [await api.office.submit(to=str(number)) for number in range(5)]
    first = await api.get("/v1/deliveries?limit=2")
    assert (first["object"], first["has_more"], len(first["data"])) == ("list", True, 2)
    assert "text" not in first["data"][0]
    seen, page = [], first
    while True:
        seen += [item["id"] for item in page["data"]]
        if not page["has_more"]:
            break
        page = await api.get(f"/v1/deliveries?limit=2&after={page['last_id']}")
    assert sorted(seen) == sorted(ids)
    back = await api.get(f"/v1/deliveries?limit=2&before={seen[-1]}")
    assert [item["id"] for item in back["data"]] == seen[2:4]
    assert back["first_id"] == seen[2]


async def test_a_list_is_filtered(api: Api) -> None:
    office = api.office
    run_id = new_run_id()
    await RunQueue(office.store).submit(
        run_id, RunRequest("main", "s", "api", "openclaw", Turn("user", "hi"))
    )
    caused = await office.submit(to="1", run_id=run_id)
    office.channel.script.append(PermanentFailure("gone"))
    await office.attempt()
    waiting = await office.submit(to="2", channel="other")
    for query, wanted in (
        ("status=failed", [caused]),
        ("status=pending", [waiting]),
        ("channel=other", [waiting]),
        ("to=1", [caused]),
        (f"run_id={run_id}", [caused]),
        ("created_after=99999999999", []),
    ):
        page = await api.get(f"/v1/deliveries?{query}")
        assert [item["id"] for item in page["data"]] == wanted, query
    page = await api.get(f"/v1/runs/{run_id}/deliveries")
    assert [item["id"] for item in page["data"]] == [caused]
    assert await api.refused("GET", f"/v1/runs/{new_run_id()}/deliveries") == (
        404,
        "run_not_found",
    )


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=101",
        "limit=x",
        "status=done",
        "run_id=1",
        "created_after=soon",
        "after=dlv_none",
        "after=a&before=b",
    ],
)
async def test_a_list_says_what_is_wrong_with_a_query(api: Api, query: str) -> None:
    status, body = await api.ask("GET", f"/v1/deliveries?{query}")
    assert status == 400
    assert query.partition("=")[0] in body["error"]["message"]
