"""No provider's SDK is imported by a worker, whichever family it uses."""

from __future__ import annotations

import subprocess
import sys

import pytest

PROGRAM = """
import asyncio, sys
import aiohttp
import openclaw_agent_worker.worker
from openclaw_agent_worker.models.registry import ModelRegistry
from openclaw_common.runtime.config import Config

async def main(api):
    providers = {"own": {"api": api, "apiKey": "k", "baseUrl": "http://127.0.0.1:9"}}
    config = Config.model_validate({"models": {"providers": providers}})
    async with aiohttp.ClientSession() as http:
        ModelRegistry(config.models.providers, http).model("own/m")

if sys.argv[1] != "none":
    asyncio.run(main(sys.argv[1]))
print(*[name for name in ("openai", "anthropic", "google.genai") if name in sys.modules])
"""


@pytest.mark.parametrize(
    "api",
    [
        "none",
        "openai-completions",
        "ollama",
        "openai-responses",
        "anthropic-messages",
        "google-generative-ai",
    ],
)
def test_a_process_imports_no_sdk_of_a_provider(api: str) -> None:
    command = [sys.executable, "-c", PROGRAM, api]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.split() == []
