"""Dead letters over HTTP: runs, hooks and deliveries in one place (run-api.md §4.4)."""

from __future__ import annotations

import pytest

from openclaw_common.store.admission import Bounds
from tests.integration.delivery.support import dead_delivery, dead_run
from tests.integration.ingress_deliveries.conftest import Api


async def test_dead_letters_of_every_kind_are_in_one_list(api: Api) -> None:
    hook = await dead_run(api.office)
    run = await dead_run(api.office, "api")
    delivery = await dead_delivery(api.office, "one", to="7")
    page = await api.get("/v1/dead-letters")
    told = {item["id"]: item for item in page["data"]}
    assert [told[name]["kind"] for name in (hook, run, delivery)] == ["hook", "run", "delivery"]
    assert told[hook]["run_id"] == hook
    assert told[delivery]["delivery_id"] == delivery
    assert (told[delivery]["channel"], told[delivery]["to"]) == ("fake", "7")
    assert told[delivery]["error"]["code"] == "chat_not_found"
    for query, wanted in (
        ("kind=hook", {hook}),
        ("kind=run", {run}),
        ("kind=delivery", {delivery}),
        ("channel=fake", {delivery}),
        ("error_code=provider_error", {hook, run}),
        ("until=1", set()),
    ):
        page = await api.get(f"/v1/dead-letters?{query}")
        assert {item["id"] for item in page["data"]} == wanted, query
    assert await api.get(f"/v1/dead-letters/{hook}") == told[hook]


@pytest.mark.parametrize("limit", [1, 2, 3])
async def test_pages_over_both_kinds_meet_without_gap_or_overlap(api: Api, limit: int) -> None:
    ids = []
    for number in range(4):
        ids.append(await dead_run(api.office))
        ids.append(await dead_delivery(api.office, "one", to=str(number)))
    seen: list[str] = []
    page = await api.get(f"/v1/dead-letters?limit={limit}")
    while True:
        seen += [item["id"] for item in page["data"]]
        if not page["has_more"]:
            break
        page = await api.get(f"/v1/dead-letters?limit={limit}&after={page['last_id']}")
    assert len(seen) == len(ids)
    assert set(seen) == set(ids)
    back = await api.get(f"/v1/dead-letters?limit={limit}&before={seen[-1]}")
    assert [item["id"] for item in back["data"]] == seen[-1 - limit : -1]


async def test_a_dead_run_is_replayed_as_a_new_run_that_names_it(api: Api) -> None:
    run_id = await dead_run(api.office)
    status, body = await api.ask("POST", f"/v1/dead-letters/{run_id}/replay")
    assert status == 202
    run = await api.get(f"/v1/runs/{body['run_id']}")
    assert (run["retry_of"], run["status"]) == (run_id, "queued")
    refused = await api.refused("POST", f"/v1/dead-letters/{run_id}/replay")
    assert refused == (404, "dead_letter_not_found")


async def test_a_dead_delivery_is_replayed_as_itself(api: Api) -> None:
    delivery_id = await dead_delivery(api.office, "one")
    status, body = await api.ask("POST", f"/v1/dead-letters/{delivery_id}/replay")
    assert (status, body["delivery_id"]) == (202, delivery_id)
    assert await api.office.attempt() == "delivered"


async def test_many_are_replayed_by_a_filter_in_the_order_in_which_they_died(api: Api) -> None:
    office = api.office
    deliveries = [await dead_delivery(office, f"text {n}") for n in range(4)]
    run = await dead_run(office)
    filtered = {"kind": "delivery", "error_code": "chat_not_found", "since": 0.0}
    body = {"filter": filtered, "limit": 3.0}
    status, job = await api.ask("POST", "/v1/dead-letters/replay", json=body)
    assert (status, job["object"], job["matched"], job["replayed"]) == (202, "replay_job", 3, 3)
    for _ in range(3):
        assert await office.attempt() == "delivered"
    assert office.channel.texts == ["text 0", "text 1", "text 2"]
    left = await api.get("/v1/dead-letters")
    assert {item["id"] for item in left["data"]} == {deliveries[3], run}


async def test_a_full_queue_ends_a_bulk_replay_and_what_is_left_stays_dead(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(2):
        await dead_run(api.office)
    monkeypatch.setattr(Bounds, "max_open", 1)
    status, job = await api.ask("POST", "/v1/dead-letters/replay", json={})
    assert (status, job["matched"], job["replayed"]) == (202, 2, 1)
    assert job["error"]["code"] == "queue_full"
    assert len((await api.get("/v1/dead-letters"))["data"]) == 1


async def test_a_deleted_dead_letter_is_gone_from_the_list_and_can_still_be_read(
    api: Api,
) -> None:
    delivery_id = await dead_delivery(api.office, "one")
    status, body = await api.ask("DELETE", f"/v1/dead-letters/{delivery_id}")
    assert (status, body["deleted"]) == (200, True)
    assert (await api.get("/v1/dead-letters"))["data"] == []
    assert (await api.get(f"/v1/deliveries/{delivery_id}"))["status"] == "failed"
    for method in ("GET", "DELETE"):
        refused = await api.refused(method, f"/v1/dead-letters/{delivery_id}")
        assert refused == (404, "dead_letter_not_found")


@pytest.mark.parametrize(
    ("body", "name"),
    [
        ({"limit": 0}, "limit"),
        ({"limit": 1001}, "limit"),
        ({"limit": 1.5}, "limit"),
        ({"limit": "all"}, "limit"),
        ({"filter": []}, "filter"),
        ({"filter": {"chanel": "x"}}, "filter"),
        ({"filter": {"kind": "mail"}}, "kind"),
        ({"filter": {"since": "soon"}}, "since"),
        ({"filter": {"since": 0.5}}, "since"),
    ],
)
async def test_a_bulk_replay_that_is_not_understood_replays_nothing(
    api: Api, body: object, name: str
) -> None:
    await dead_run(api.office)
    status, answer = await api.ask("POST", "/v1/dead-letters/replay", json=body)
    assert (status, answer["error"]["param"]) == (400, name)
    assert len((await api.get("/v1/dead-letters"))["data"]) == 1
