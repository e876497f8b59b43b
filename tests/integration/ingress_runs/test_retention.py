"""Retention: an old run goes, and everything that belongs to it (promise 7)."""

from __future__ import annotations

import asyncio

import pytest

from tests.integration.ingress_runs.api import RUNS, Api, fail

SHORT = {
    "retentionSeconds": 1,
    "streamRetentionSeconds": 1,
    "idempotencySeconds": 1,
    "deadLetterRetentionSeconds": 1,
    "sessionRetentionSeconds": 1,
}


@pytest.mark.parametrize("settings", [{"runs": SHORT}])
async def test_nothing_is_left_of_old_runs_and_sessions(api: Api) -> None:
    key = {"Idempotency-Key": "k"}
    body = {"input": "hi", "session_key": "s", "metadata": {"ticket": "42"}}
    _, run = await api.call("POST", RUNS, body, headers=key)
    await api.call("GET", f"{RUNS}/{run['id']}?wait=5")
    await api.finished("collected", "s", multitask_strategy="collect")
    api.gateway.script = fail
    await api.finished("bad", "t")
    _, page = await api.call("GET", "/v1/sessions")
    assert [session["id"] for session in page["data"]] == ["agent:main:s"]
    passing = ("presence", ":wake", "run:leases:", "run:control:", "reader:", ":shares")
    async with asyncio.timeout(10):
        while {key for key in await api.keys() if not any(part in key for part in passing)}:
            await api.store.ping()
    assert await api.listed() == []
    assert (await api.call("GET", "/v1/sessions"))[1]["data"] == []
