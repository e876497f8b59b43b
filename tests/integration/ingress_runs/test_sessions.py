"""Sessions as resources (run-api.md §4.5)."""

from __future__ import annotations

import asyncio
from urllib.parse import quote

import pytest

from openclaw_common.contracts.delivery import DeliveryRequest, Destination
from openclaw_common.queue.job_queue import DeliveryQueue
from tests.integration.ingress_runs.api import RUNS, Api, Paused, fail, remember

KEY = "agent:main:hook:session-123"


async def test_a_session_is_known_by_its_key_with_and_without_its_agent(api: Api) -> None:
    run_id = await api.finished(session="hook:session-123")
    for path in (KEY, "hook:session-123"):
        response, session = await api.session(path)
        assert response.status == 200
        assert (session["key"], session["agent_id"], session["status"]) == (KEY, "main", "idle")
        assert (session["epoch"], session["message_count"]) == (1, 2)
        assert (session["last_run_id"], session["active_run_id"]) == (run_id, None)
        assert session["last_run_at"] == session["updated_at"] >= session["created_at"]


async def test_a_busy_session_names_its_runs_before_the_first_has_ended(api: Api) -> None:
    paused = api.gateway.script = Paused()
    active = await api.create(session="s")
    await paused.begun.get()
    waiting = await api.create(session="s")
    _, session = await api.session("s")
    assert (session["status"], session["active_run_id"]) == ("in_progress", active)
    assert session["queued_run_ids"] == [waiting]
    paused.go.set()


@pytest.mark.parametrize("key", ["subagent:x", "cron:x", "agent:main:acp:x"])
async def test_reserved_names_are_refused(api: Api, key: str) -> None:
    response, body = await api.session(key)
    assert (response.status, body["error"]["param"]) == (400, "key")


@pytest.mark.parametrize(
    ("method", "action"),
    [("GET", ""), ("GET", "/messages"), ("POST", "/reset"), ("DELETE", "")],
)
async def test_a_session_nobody_had_is_not_there(api: Api, method: str, action: str) -> None:
    response, body = await api.session("nobody", action, method)
    assert (response.status, body["error"]["code"]) == (404, "session_not_found")


async def test_sessions_are_listed_last_used_first(api: Api) -> None:
    for name in ("a", "b", "c", "other", "a"):
        await api.finished(session=name)
    await api.finished(session="d", agent_id="beta")
    keys = ["agent:beta:d", "agent:main:a", "agent:main:other", "agent:main:c", "agent:main:b"]
    assert await _listed(api) == keys
    assert await _listed(api, "order=asc") == keys[::-1]
    assert await _listed(api, "agent_id=beta") == keys[:1]
    assert await _listed(api, "prefix=agent:main:o") == ["agent:main:other"]
    _, session = await api.session("c")
    assert await _listed(api, f"updated_after={session['updated_at'] + 60}") == []
    assert await _listed(api, f"updated_after={session['updated_at'] - 60}") == keys
    found: list[str] = []
    at = ""
    while True:
        _, page = await api.call("GET", f"/v1/sessions?limit=2{at}")
        found += [item["id"] for item in page["data"]]
        if not page["has_more"]:
            break
        at = f"&after={quote(page['last_id'])}"
    assert found == keys
    _, back = await api.call("GET", f"/v1/sessions?limit=2&before={quote(page['last_id'])}")
    assert [item["id"] for item in back["data"]] == keys[2:4]


async def _listed(api: Api, query: str = "") -> list[str]:
    response, page = await api.call("GET", f"/v1/sessions?{query}")
    assert response.status == 200, page
    return [session["id"] for session in page["data"]]


async def test_messages_are_read_in_pages_and_keep_their_ids(api: Api) -> None:
    for text in ("one", "two", "three"):
        await api.finished(text, "s")
    _, page = await api.session("s", "/messages", query="?limit=2&order=asc")
    assert [(item["role"], item["content"]) for item in page["data"]] == [
        ("user", "one"),
        ("assistant", "answer"),
    ]
    assert page["data"][0]["object"] == "session.message"
    ids = ["msg_1_1", "msg_1_2"]
    assert ([item["id"] for item in page["data"]], page["has_more"]) == (ids, True)
    _, rest = await api.session("s", "/messages", query="?order=asc&after=msg_1_2")
    assert [item["id"] for item in rest["data"]] == [f"msg_1_{n}" for n in (3, 4, 5, 6)]
    _, newest = await api.session("s", "/messages", query="?limit=1")
    assert newest["data"][0]["id"] == "msg_1_6"
    response, body = await api.session("s", "/messages", query="?after=msg_9_9")
    assert (response.status, body["error"]["code"]) == (400, "invalid_cursor")


@pytest.mark.parametrize("settings", [{"runs": {"transcriptMaxMessages": 3}}])
async def test_a_message_keeps_its_id_when_older_ones_go(api: Api) -> None:
    for text in ("one", "two", "three"):
        await api.finished(text, "s")
    _, page = await api.session("s", "/messages", query="?order=asc")
    assert [item["id"] for item in page["data"]] == ["msg_1_4", "msg_1_5", "msg_1_6"]


async def test_a_reset_begins_an_empty_epoch(api: Api) -> None:
    await api.finished("one", "s")
    response, session = await api.session("s", "/reset", "POST")
    assert (response.status, session["epoch"], session["message_count"]) == (200, 2, 0)
    assert (await api.session("s", "/messages"))[1]["data"] == []
    await api.finished("two", "s")
    _, page = await api.session("s", "/messages", query="?order=asc")
    assert [item["id"] for item in page["data"]] == ["msg_2_1", "msg_2_2"]


async def test_a_busy_session_is_reset_only_with_its_runs_cancelled(api: Api) -> None:
    await api.finished("before", "s")
    paused = api.gateway.script = Paused()
    active = await api.create("active", "s")
    await paused.begun.get()
    waiting = await api.create("waiting", "s")
    for action, method in (("/reset", "POST"), ("", "DELETE")):
        response, body = await api.session("s", action, method)
        assert (response.status, body["error"]["code"]) == (409, "session_busy")
    response, session = await api.session("s", "/reset", "POST", "?cancel=true")
    assert (response.status, session["epoch"], session["message_count"]) == (200, 2, 0)
    for run_id in (active, waiting):
        _, run = await api.call("GET", f"{RUNS}/{run_id}?wait=5")
        assert run["status"] == "cancelled"
    assert (await api.session("s"))[1]["message_count"] == 0


async def test_nothing_is_left_of_a_deleted_session(api: Api) -> None:
    async def keys() -> set[str]:
        passing = ("reader:", "presence", ":wake", "run:leases:", "run:control:")
        return {key for key in await api.keys() if not any(part in key for part in passing)}

    await api.finished("other", "other", metadata={"ticket": "42"})
    before = await keys()
    run_id = await api.finished("one", "s", metadata={"ticket": "43"})
    await api.call(
        "POST", RUNS, {"input": "k", "session_key": "s"}, headers={"Idempotency-Key": "k"}
    )
    await api.call("GET", f"{RUNS}/{(await api.listed('session_key=s'))[0]}?wait=5")
    api.gateway.script = fail
    await api.finished("bad", "s")
    await api.store.system_events.push("agent:main:s", "main", "event", wake=True)
    sent = DeliveryRequest(
        Destination("webhook", "x"), "text", run_id=run_id, session_key="agent:main:s"
    )
    delivery = (await DeliveryQueue(api.store).submit(sent)).id
    await api.store.deliveries.cancel(delivery)
    response, body = await api.session("s", "", "DELETE")
    assert (response.status, body) == (
        200,
        {"id": "agent:main:s", "object": "session.deleted", "deleted": True},
    )
    assert await keys() - before == set()
    assert delivery not in "".join(await keys())
    assert not [entry for entry in await _members(api) if run_id in entry or "main:s" in entry]
    assert (await api.session("s", "", "DELETE"))[0].status == 404


async def _members(api: Api) -> list[str]:
    """Everything in every list of runs, deliveries and sessions."""
    found: list[str] = []
    for key in await api.keys():
        if await api.store.client.execute("TYPE", key) in (b"zset", "zset"):
            raw = await api.store.client.execute("ZRANGE", key, 0, -1)
            found += [member.decode() for member in raw]
    return found


async def test_a_session_is_deleted_with_its_runs_cancelled(api: Api) -> None:
    paused = api.gateway.script = Paused()
    active = await api.create("active", "s")
    await paused.begun.get()
    response, _ = await api.session("s", "", "DELETE", "?cancel=true")
    assert response.status == 200
    response, _ = await api.call("GET", f"{RUNS}/{active}")
    assert response.status == 404


async def test_a_session_can_be_used_while_it_is_deleted(api: Api) -> None:
    for _ in range(5):
        await api.finished("one", "s")
    deleted, _, new = await asyncio.gather(
        api.session("s", "", "DELETE", "?cancel=true"),
        api.session("s"),
        api.create("new", "s"),
    )
    assert deleted[0].status in (200, 409)
    response, run = await api.call("GET", f"{RUNS}/{new}?wait=5")
    assert response.status == 404 or run["status"] in ("completed", "cancelled")


async def test_openclaws_history_is_paged_backwards(api: Api) -> None:
    for text in ("one", "two", "three"):
        await api.finished(text, "s")
    response, page = await api.call("GET", "/sessions/agent%3Amain%3As/history?limit=4")
    assert (response.status, page["sessionKey"], page["hasMore"]) == (200, "agent:main:s", True)
    assert page["items"] == page["messages"]
    assert [item["seq"] for item in page["messages"]] == [3, 4, 5, 6]
    path = f"/sessions/s/history?limit=4&cursor={page['nextCursor']}"
    _, older = await api.call("GET", path)
    assert [item["content"] for item in older["messages"]] == ["one", "answer"]
    assert "nextCursor" not in older


@pytest.mark.parametrize(
    ("path", "status", "message"),
    [
        ("/sessions/none/history", 404, "Session not found: agent:main:none"),
        ("/sessions/s/history?limit=0", 400, "limit must be a positive integer"),
        ("/sessions/s/history?cursor=x", 400, "cursor must be a positive integer"),
        ("/sessions/acp%3Ax/history", 400, "invalid session key"),
    ],
)
async def test_openclaws_history_refuses_in_its_own_words(
    api: Api, path: str, status: int, message: str
) -> None:
    response, body = await api.call("GET", path)
    assert (response.status, body["ok"], body["error"]["message"]) == (status, False, message)


async def test_a_killed_session_stops(api: Api) -> None:
    await api.finished("one", "s")
    response, body = await api.call("POST", "/sessions/s/kill")
    assert (response.status, body) == (200, {"ok": True, "killed": False})
    paused = api.gateway.script = Paused()
    active = await api.create("active", "s")
    await paused.begun.get()
    _, body = await api.call("POST", "/sessions/s/kill")
    assert body == {"ok": True, "killed": True}
    _, run = await api.call("GET", f"{RUNS}/{active}?wait=5")
    assert (run["status"], run["cancel_reason"]) == ("cancelled", "killed")
    api.gateway.script = remember
    response, body = await api.call("POST", "/sessions/none/kill")
    assert (response.status, body["ok"]) == (404, False)
