"""`GET /v1/runs`: filters, order and pages (run-api.md §4.2)."""

from __future__ import annotations

import asyncio

import pytest

from tests.integration.ingress_runs.api import RUNS, Api, Paused, fail


async def _pages(api: Api, query: str, cursor: str = "after") -> list[str]:
    found: list[str] = []
    at = ""
    while True:
        _, page = await api.call("GET", f"{RUNS}?{query}{at}")
        ids = [run["id"] for run in page["data"]]
        found = found + ids if cursor == "after" else ids + found
        if not page["has_more"]:
            return found
        at = f"&{cursor}={page['last_id' if cursor == 'after' else 'first_id']}"


async def test_runs_are_listed_newest_first_in_pages_of_either_direction(api: Api) -> None:
    made = [await api.finished(str(n)) for n in range(7)]
    assert await api.listed() == made[::-1]
    assert await api.listed("order=asc") == made
    assert await _pages(api, "limit=3") == made[::-1]
    assert await _pages(api, "limit=3&order=asc") == made
    assert await api.listed(f"limit=2&after={made[4]}") == [made[3], made[2]]
    assert await api.listed(f"limit=2&before={made[4]}") == [made[6], made[5]]
    assert await api.listed(f"limit=2&before={made[2]}") == [made[4], made[3]]
    assert await api.listed(f"order=asc&limit=2&before={made[4]}") == [made[2], made[3]]


async def test_every_filter_finds_its_runs(api: Api) -> None:
    plain = await api.finished()
    beta = await api.finished(agent_id="beta")
    mine = await api.finished(session="mine")
    tagged = await api.finished(metadata={"ticket": "42", "team": "a"})
    also = await api.finished(metadata={"ticket": "42", "team": "b"})
    async with api.gateway.one.post() as response:
        chat = response.headers["x-run-id"]
        await response.read()
    api.gateway.script = fail
    failed = await api.finished()
    everything = [failed, chat, also, tagged, mine, beta, plain]
    assert await api.listed() == everything
    assert await api.listed("agent_id=beta") == [beta]
    assert await api.listed("session_key=mine") == [mine]
    assert await api.listed("session_key=agent:main:mine&status=failed") == []
    assert await api.listed("source=chat") == [chat]
    assert await api.listed("status=failed") == [failed]
    assert await api.listed("status=failed&status=completed") == everything
    assert await api.listed("status=failed&status=cancelled&status=expired") == [failed]
    assert await api.listed("status=queued&status=in_progress") == []
    assert await api.listed("metadata[ticket]=42") == [also, tagged]
    assert await api.listed("metadata[ticket]=42&metadata[team]=a") == [tagged]
    created = (await api.run(plain))["created_at"]
    assert await api.listed(f"created_after={created + 60}") == []
    assert await api.listed(f"created_before={created + 60}") == everything


async def test_what_waits_and_runs_is_listed(api: Api) -> None:
    await api.finished()
    paused = api.gateway.script = Paused()
    active = await api.create(session="s")
    await paused.begun.get()
    waiting = await api.create(session="s")
    assert await api.listed("status=in_progress") == [active]
    assert await api.listed("status=queued") == [waiting]
    assert await api.listed("status=queued&status=in_progress&limit=1") == [waiting]
    assert (await api.run(waiting))["queue_position"] == 1
    paused.go.set()


async def test_deep_pages_cost_what_the_first_one_costs(api: Api) -> None:
    """Counted in the elements that the server looked at, not in time."""
    runs = await asyncio.gather(*(api.create() for _ in range(60)))
    for run_id in runs:
        await api.call("GET", f"{RUNS}/{run_id}?wait=5")
    listed = await api.listed("limit=100")
    assert sorted(listed) == sorted(runs)
    calls = []
    at = ""
    for _ in range(3):
        before = await _commands(api)
        _, page = await api.call("GET", f"{RUNS}?limit=20{at}")
        calls.append(await _commands(api) - before)
        at = f"&after={page['last_id']}"
    assert max(calls) <= min(calls) + 25


async def _commands(api: Api) -> int:
    info = (await api.store.client.execute("INFO", "commandstats")).decode()
    # Only what lists are made of: the worker and the readers go on beside them.
    names = ("cmdstat_zrange:", "cmdstat_exists:", "cmdstat_hget:")
    rows = [line for line in info.splitlines() if line.startswith(names)]
    return sum(int(row.split("calls=")[1].split(",")[0]) for row in rows)


@pytest.mark.parametrize(
    ("query", "param"),
    [
        ("status=done", "status"),
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("order=up", "order"),
        ("after=run_1", "after"),
        ("created_after=x", "created_after"),
        ("session_key=acp:x", "session_key"),
    ],
)
async def test_a_fault_of_the_query_is_named(api: Api, query: str, param: str) -> None:
    response, body = await api.call("GET", f"{RUNS}?{query}")
    assert (response.status, body["error"]["param"]) == (400, param)
