"""/tools/invoke: from HTTP through the queue to a worker and back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from io import BytesIO
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from openclaw_common.contracts.run import RunStatus
from openclaw_common.store.keys import RUN
from openclaw_ingress.service import IngressService
from tests.integration.agent_worker.conftest import Bench

TOKEN = "gateway-token"
AUTH = {"Authorization": f"Bearer {TOKEN}"}
PATHS = ("/tools/invoke", "/api/tools/invoke")


@pytest.fixture
def sections() -> dict[str, Any]:
    return {
        "gateway": {
            "auth": {"mode": "token", "token": TOKEN},
            "tools": {"deny": ["sleep"], "allow": []},
        },
        "runs": {"maxOutputBytes": 9_000},
        "tools": {
            "modules": ["tests.integration.agent_worker.tools_for_tests:tools"],
            "deny": ["session_status"],
        },
    }


class Client:
    """Calls tools of one ingress."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session = session
        self._url = url

    def post(self, body: Any, path: str = PATHS[0], headers: Any = AUTH, **options: Any) -> Any:
        return self._session.post(self._url + path, json=body, headers=headers, **options)

    async def call(self, path: str = PATHS[0], **body: Any) -> tuple[int, Any, Any]:
        """Return status, body and headers."""
        async with asyncio.timeout(5), self.post(body, path) as response:
            return response.status, await response.json(), response.headers


@pytest.fixture
async def client(bench: Bench) -> AsyncIterator[Client]:
    service = IngressService(bench.config, bench.store, host="127.0.0.1", port=0)
    port = await service.start()
    async with aiohttp.ClientSession() as session:
        yield Client(session, f"http://127.0.0.1:{port}")
    await service.stop()


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(("name", "arguments"), [("tool", "params"), ("name", "args")])
async def test_a_tool_is_called_in_both_shapes_on_both_paths(
    client: Client, tmp_path: Path, path: str, name: str, arguments: str
) -> None:
    body = {name: "look", arguments: {"file": str(tmp_path / "book")}}
    status, answer, headers = await client.call(path, **body)
    assert (status, answer) == (200, {"ok": True, "result": {"lines": 1}})
    assert headers["x-run-id"].startswith("run_")


@pytest.mark.parametrize("tool", ["nothing", "session_status", "sessions_send", "sleep", "exec"])
async def test_a_tool_that_is_denied_looks_like_one_that_does_not_exist(
    client: Client, tool: str
) -> None:
    error = {"message": f"Tool not available: {tool}", "type": "not_found"}
    assert (await client.call(tool=tool))[:2] == (404, {"ok": False, "error": error})


@pytest.mark.parametrize(
    ("file", "status", "message"),
    [
        ("missing", 400, "There is no such file; ask for another."),
        ("other", 500, "tool execution failed"),
        (5, 400, "invalid tool arguments: Invalid arguments: file must be of type string."),
    ],
)
async def test_what_the_tool_raises_is_a_tool_error(
    client: Client, file: Any, status: int, message: str
) -> None:
    error = {"message": message, "type": "tool_error"}
    answer = await client.call(tool="fail", args={"file": file})
    assert answer[:2] == (status, {"ok": False, "error": error})


async def test_a_result_that_is_too_large_is_an_error_and_not_kept(client: Client) -> None:
    status, answer, _ = await client.call(tool="flood")
    message = "The tool's result has 10002 bytes; runs.maxOutputBytes allows 9000."
    error = {"message": message, "type": "tool_error"}
    assert (status, answer) == (500, {"ok": False, "error": error})


async def test_a_body_without_a_tool_is_refused_in_the_endpoints_own_shape(client: Client) -> None:
    error = {"message": "tools.invoke requires name", "type": "invalid_request"}
    assert (await client.call())[:2] == (400, {"ok": False, "error": error})


async def test_a_body_over_two_mebibytes_is_refused(client: Client) -> None:
    body = BytesIO(b" " * 2_097_153)
    async with client.post(None, data=body) as response:
        assert response.status == 413
        assert (await response.json())["error"]["message"] == "Payload too large"


async def test_the_same_key_and_body_is_one_call_and_another_body_a_conflict(
    client: Client, tmp_path: Path
) -> None:
    book = tmp_path / "book"
    body = {"tool": "pay", "args": {"file": str(book)}, "idempotencyKey": "k1"}
    first, second = await asyncio.gather(client.call(**body), client.call(**body))
    third = await client.call(**body)
    assert first[:2] == second[:2] == third[:2] == (200, {"ok": True, "result": {"lines": 1}})
    assert third[2]["Idempotency-Replayed"] == "true"
    assert book.read_text(encoding="utf-8") == "http-main-k1\n"
    status, answer, _ = await client.call(**{**body, "args": {"file": "other"}})
    assert (status, answer["ok"], answer["error"]["type"]) == (409, False, "invalid_request")


async def test_a_call_ends_when_its_client_leaves(
    bench: Bench, client: Client, tmp_path: Path
) -> None:
    book = tmp_path / "book"
    body = {"tool": "pay", "args": {"file": str(book), "hang": True}}
    async with asyncio.timeout(5):
        calling = asyncio.create_task(client.call(**body))
        while not book.exists():
            await bench.store.ping()
        (run_id,) = await bench.store.client.execute("ZRANGE", bench.store.keys.open(RUN), 0, -1)
        calling.cancel()
        record, _ = await bench.ended(run_id.decode())
    assert (record.status, record.cancel_reason) == (RunStatus.CANCELLED, "disconnect")


async def test_a_call_without_a_credential_is_refused(client: Client) -> None:
    async with client.post({"tool": "look"}, headers={}) as response:
        assert response.status == 401
