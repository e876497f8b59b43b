"""The chat examples of the original's documentation, command for command.

The commands stand in `data/` as they are printed there; only host and token are replaced.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from aiohttp import ClientResponse

from tests.harness.curl import Curl
from tests.harness.fleet import TOKEN, Fleet
from tests.harness.stream_client import parse_frames

pytestmark = pytest.mark.asyncio(loop_scope="package")

EXAMPLES = (Path(__file__).parent / "data" / "seed-chat-examples.sh").read_text(encoding="utf-8")
COMMANDS = [block for block in EXAMPLES.split("\n\n") if block.startswith("curl")]


async def curl(fleet: Fleet, command: str) -> tuple[ClientResponse, bytes]:
    """Carry out a command of the examples."""
    sent = Curl.parse(command)
    assert sent.headers["Authorization"] in ("Bearer your-token", "Bearer YOUR_TOKEN")
    headers = {**sent.headers, "Authorization": f"Bearer {TOKEN}"}
    url = re.sub(r"http://[^/]+", fleet.ingresses[0].url, sent.url)
    async with fleet.session.request(sent.method, url, headers=headers, data=sent.data) as answer:
        return answer, await answer.read()


@pytest.mark.parametrize("command", [c for c in COMMANDS if '"stream": true' not in c])
async def test_a_documented_command_gets_the_documented_completion(
    fleet: Fleet, command: str
) -> None:
    answer, _ = await curl(fleet, command)
    body = await answer.json()
    assert answer.status == 200
    assert re.fullmatch(r"chatcmpl_[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", body["id"])
    assert body["object"] == "chat.completion"
    assert body["model"] == "openclaw"
    assert isinstance(body["created"], int)
    choice = body["choices"][0]
    assert choice["index"] == 0
    assert choice["message"]["role"] == "assistant"
    assert choice["message"]["content"]
    assert choice["finish_reason"] == "stop"
    assert set(body["usage"]) >= {"prompt_tokens", "completion_tokens", "total_tokens"}


@pytest.mark.parametrize("command", [c for c in COMMANDS if '"stream": true' in c])
async def test_a_documented_streaming_command_gets_the_documented_stream(
    fleet: Fleet, command: str
) -> None:
    answer, raw = await curl(fleet, command)
    assert answer.status == 200
    assert answer.headers["Content-Type"].startswith("text/event-stream")
    frames = parse_frames(raw)
    assert frames[0].json["object"] == "chat.completion.chunk"
    assert frames[0].json["choices"][0]["delta"] == {"role": "assistant"}
    assert "content" in frames[1].json["choices"][0]["delta"]
    assert frames[-1].data == "[DONE]"
