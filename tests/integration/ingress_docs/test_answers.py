"""What the API really answers fits the schemas of its document."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote

import jsonschema_rs
import pytest

from tests.integration.ingress_chat.gateway import CHAT, HELLO, Gateway
from tests.integration.ingress_docs.fuzzed import HOOK_TOKEN, TOKEN, fuzzed

RESPONSES = "/v1/responses"
SESSION = "agent:main:kept"
KEY = quote(SESSION, safe="")
JOB = {"schedule": {"kind": "every", "everyMs": 3_600_000}, "payload": {}}
TURN = {**JOB, "id": "turn", "payload": {"kind": "agentTurn", "message": "hi"}}
KEY_BODY = {"name": "one", "scopes": ["chat"], "limits": {"requests_per_minute": 5}}


class Held:
    """A client that holds each answer against the schema of its operation and status."""

    def __init__(self, gateway: Gateway, document: dict[str, Any]) -> None:
        self._replica = gateway.one
        self._document = document
        self.seen: set[str] = set()

    async def ask(
        self, method: str, template: str, body: Any = None, *, query: str = "", **path: str
    ) -> Any:
        """Return the body of an answer that fits. `path` fills in the template."""
        token = HOOK_TOKEN if template.startswith("/hooks") else TOKEN
        url = self._replica.url + template.format(**path) + query
        headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
        async with (
            asyncio.timeout(5),
            self._replica.client.request(method, url, json=body, headers=headers) as response,
        ):
            answer = await response.json()
        operation = self._document["paths"][template][method.lower()]
        told = operation["responses"][str(response.status)]
        schema = told["content"][response.content_type]["schema"]
        components = {"components": self._document["components"]}
        validator = jsonschema_rs.Draft202012Validator({**components, **schema})
        faults = [f"{list(e.instance_path)}: {e.message}" for e in validator.iter_errors(answer)]
        assert faults == [], (template, answer)
        assert [name for name in told.get("headers", {}) if name not in response.headers] == []
        self.seen.add(f"{operation['operationId']} {response.status}")
        return answer


@pytest.fixture
async def held(valkey_url: str) -> AsyncIterator[Held]:
    async with fuzzed(valkey_url) as gateway:
        async with gateway.one.get("/openapi.json") as response:
            document = await response.json()
        yield Held(gateway, document)


async def test_runs_sessions_and_their_lists_fit(held: Held) -> None:
    run = await held.ask(
        "POST", "/v1/runs", {"input": "hi", "session_key": "kept", "metadata": {"a": "b"}}
    )
    ended = await held.ask("GET", "/v1/runs/{id}", query="?wait=5", id=run["id"])
    assert ended["status"] == "completed"
    for path in ("/v1/runs", "/v1/sessions"):
        assert (await held.ask("GET", path))["data"]
    await held.ask("GET", "/v1/runs/{id}/events", id=run["id"])
    await held.ask("GET", "/v1/runs/{id}/deliveries", id=run["id"])
    await held.ask("POST", "/v1/runs/{id}/cancel", id=run["id"])
    await held.ask("POST", "/v1/runs", {"input": 1})
    for action in ("", "/messages"):
        await held.ask("GET", "/v1/sessions/{key}" + action, key=KEY)
    await held.ask("GET", "/sessions/{key}/history", key=KEY)
    await held.ask("POST", "/sessions/{key}/kill", key=KEY)
    await held.ask("POST", "/v1/sessions/{key}/reset", key=KEY)
    await held.ask("DELETE", "/v1/sessions/{key}", key=KEY)
    await held.ask("GET", "/sessions/{key}/history", key=KEY)
    assert {"createRun 202", "createRun 400", "cancelRun 409"} <= held.seen
    assert {"readSessionHistory 200", "readSessionHistory 404"} <= held.seen


async def test_completions_responses_embeddings_and_models_fit(held: Held) -> None:
    chat = await held.ask("POST", CHAT, HELLO)
    await held.ask("GET", CHAT + "/{id}", id=chat["id"])
    made = await held.ask("POST", RESPONSES, {"model": "openclaw", "input": "hi"})
    await held.ask("GET", RESPONSES + "/{id}", id=made["id"])
    await held.ask("GET", RESPONSES + "/{id}/input_items", id=made["id"])
    await held.ask("POST", RESPONSES + "/{id}/cancel", id=made["id"])
    await held.ask("DELETE", RESPONSES + "/{id}", id=made["id"])
    await held.ask("POST", "/v1/embeddings", {"model": "openclaw", "input": ["a", "b"]})
    for model in (await held.ask("GET", "/v1/models"))["data"]:
        await held.ask("GET", "/v1/models/{id}", id=model["id"])
    await held.ask("POST", "/tools/invoke", {"name": "cron"})
    assert all(place.endswith(" 200") for place in held.seen)


async def test_cron_jobs_hooks_and_keys_fit(held: Held) -> None:
    await held.ask("POST", "/v1/cron", TURN)
    await held.ask("POST", "/v1/cron", TURN)
    await held.ask("POST", "/v1/cron", JOB)
    await held.ask("GET", "/v1/cron")
    await held.ask("PATCH", "/v1/cron/{id}", {"enabled": False}, id="turn")
    await held.ask("POST", "/v1/cron/{id}/run", id="turn")
    assert (await held.ask("GET", "/v1/cron/{id}/runs", id="turn"))["data"]
    await held.ask("DELETE", "/v1/cron/{id}", id="turn")
    await held.ask("POST", "/hooks/agent", {"message": "hi", "waitForCompletion": True})
    await held.ask("POST", "/hooks/wake", {"text": "hi"})
    await held.ask("POST", "/hooks/{name}", {}, name="told")
    await held.ask("POST", "/hooks/{name}", {}, name="untold")
    key = await held.ask("POST", "/v1/keys", KEY_BODY)
    await held.ask("GET", "/v1/keys")
    await held.ask("DELETE", "/v1/keys/{id}", id=key["id"])
    assert {"createCronJob 201", "createCronJob 400", "hookMapped 404"} <= held.seen


async def test_deliveries_and_dead_letters_fit(held: Held) -> None:
    letters = (await held.ask("GET", "/v1/dead-letters"))["data"]
    assert {letter["kind"] for letter in letters} == {"hook", "run", "delivery"}
    for letter in letters[:3]:
        await held.ask("GET", "/v1/dead-letters/{id}", id=letter["id"])
        await held.ask("POST", "/v1/dead-letters/{id}/replay", id=letter["id"])
    (delivery, *_), *_ = [(await held.ask("GET", "/v1/deliveries"))["data"]]
    await held.ask("GET", "/v1/deliveries/{id}", id=delivery["id"])
    await held.ask("POST", "/v1/deliveries/{id}/cancel", id=delivery["id"])
    await held.ask("POST", "/v1/deliveries/{id}/replay", id=delivery["id"])
    await held.ask("DELETE", "/v1/dead-letters/{id}", id=letters[3]["id"])
    job = await held.ask("POST", "/v1/dead-letters/replay", {"filter": {"kind": "hook"}})
    assert job["replayed"] > 0
    await held.ask("GET", "/v1/dead-letters/{id}", id=letters[3]["id"])
    assert {"cancelDelivery 202", "readDelivery 200", "readDeadLetter 404"} <= held.seen
