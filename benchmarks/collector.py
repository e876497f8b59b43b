"""`python -m benchmarks.collector PORT`: an OTLP collector that takes everything, keeps nothing."""

from __future__ import annotations

import asyncio
import sys

import uvloop
from aiohttp import web


async def _take(request: web.Request) -> web.Response:
    await request.read()
    # An empty protobuf message: everything was accepted.
    return web.Response(body=b"", content_type="application/x-protobuf")


async def _serve(port: int) -> None:
    app = web.Application(client_max_size=1 << 26)
    app.router.add_post("/v1/{signal}", _take)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as main:
        main.run(_serve(int(sys.argv[1])))
