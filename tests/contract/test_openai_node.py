"""The official `openai` Node SDK, unchanged, against the gateway."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.contract.conftest import client_environ, last_json
from tests.fakes.embeddings import vector_of
from tests.fakes.provider import expected_text
from tests.harness.fleet import Fleet

pytestmark = pytest.mark.asyncio(loop_scope="package")
SCENARIOS = Path(__file__).parent / "node" / "scenarios.mjs"


@pytest.fixture
def scenario(fleet: Fleet, node_folder: Path) -> Any:
    """Run one scenario of `scenarios.mjs` and return what it printed."""

    async def run(name: str) -> dict[str, Any]:
        process = await asyncio.create_subprocess_exec(
            str(Path(client_environ(fleet)["PATH"].split(":")[0]) / "node"),
            str(SCENARIOS),
            name,
            cwd=node_folder,
            env=client_environ(fleet),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        async with asyncio.timeout(30):
            output, errors = await process.communicate()
        assert process.returncode == 0, errors.decode()
        return last_json(output.decode())

    return run


async def test_a_completion_has_text_usage_and_the_gateways_id(scenario: Any) -> None:
    seen = await scenario("plain")
    assert seen["text"] == expected_text(5)
    assert seen["id"].startswith("chatcmpl_")
    assert seen["usage"]["completion_tokens"] > 0


async def test_a_stream_has_text_finish_reason_and_usage(scenario: Any) -> None:
    seen = await scenario("stream")
    assert seen["text"] == expected_text(5)
    assert seen["finish"] == "stop"
    assert seen["usage"]["total_tokens"] > 0
    assert seen["error"] is None


async def test_a_client_tool_goes_there_and_back(scenario: Any) -> None:
    seen = await scenario("tools")
    assert seen["finish"] == "tool_calls"
    assert seen["name"] == "lookup"
    assert seen["arguments"] == {"q": "weather in Paris"}
    assert seen["answer"] == "The tool said: sunny"


async def test_a_failure_in_mid_stream_is_raised_as_an_api_error(scenario: Any) -> None:
    seen = await scenario("midStreamError")
    assert seen["text"] == expected_text(3)
    assert seen["error"]["isApiError"]


async def test_a_wrong_token_is_an_authentication_error(scenario: Any) -> None:
    assert await scenario("refused") == {
        "refused": True,
        "status": 401,
        "type": "authentication_error",
    }


async def test_texts_become_vectors(scenario: Any) -> None:
    seen = await scenario("embeddings")
    expected = [vector_of("a"), vector_of("bcd")]
    # The SDK asks for base64, which carries single precision.
    assert [pytest.approx(vector, rel=1e-6) for vector in expected] == seen["vectors"]
    assert seen["usage"]["prompt_tokens"] == 2


async def test_a_response_has_text_usage_and_the_gateways_id(scenario: Any) -> None:
    seen = await scenario("response")
    assert (seen["text"], seen["status"]) == (expected_text(5), "completed")
    assert seen["id"].startswith("resp_")
    assert seen["usage"]["output_tokens"] > 0


async def test_a_responses_stream_is_put_together_by_the_sdk(scenario: Any) -> None:
    seen = await scenario("responseStream")
    assert seen["numbers"] == list(range(1, len(seen["numbers"]) + 1))
    assert seen["text"] == expected_text(5)


async def test_a_function_is_called_and_answered(scenario: Any) -> None:
    seen = await scenario("responseTools")
    assert seen["arguments"] == {"q": "weather in Paris"}
    assert seen["continued"] == seen["whole"] == "The tool said: sunny"


async def test_a_response_in_the_background_is_polled(scenario: Any) -> None:
    seen = await scenario("responseBackground")
    assert seen["begun"] in ("queued", "in_progress")
    assert (seen["status"], seen["text"]) == ("completed", expected_text(20))


async def test_a_responses_stream_is_resumed_behind_its_last_event(scenario: Any) -> None:
    seen = await scenario("responseResumed")
    assert seen["numbers"] == list(range(1, len(seen["numbers"]) + 1))
    assert (seen["text"], seen["last"]) == (expected_text(20), "response.completed")


async def test_a_response_is_cancelled(scenario: Any) -> None:
    assert await scenario("responseCancelled") == {"status": "cancelled"}


async def test_a_responses_input_items_are_listed(scenario: Any) -> None:
    assert await scenario("responseItems") == {"texts": ["/fake text tokens=1"]}


async def test_a_response_that_was_deleted_is_gone(scenario: Any) -> None:
    assert await scenario("responseDeleted") == {"status": 404, "code": "response_not_found"}


async def test_models_are_listed(scenario: Any) -> None:
    assert (await scenario("models"))["ids"] == [
        "openclaw",
        "openclaw/default",
        "openclaw/main",
    ]
