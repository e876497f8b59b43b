"""A fake model provider: OpenAI's chat-completions protocol over HTTP, scripted and watched.

    async with FakeProvider() as provider:
        provider.enqueue(Script(verb="hang", after=3))
        ...                                   # point a client at provider.base_url
        received = await provider.request(0)
        await received.aborted.wait()         # the client's socket is closed

Scripts come from `enqueue`, else from a `/fake …` command in the user's message
(`provider_script`), else from `default`. `python -m tests.fakes.provider --port 0` runs it alone
and prints `{"port": …, "base_url": …}`; there `GET /_fake/requests` shows what it saw and
`POST /_fake/proceed` opens every hanging stream.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import signal
import sys
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import Any

import orjson
from aiohttp import web

from tests.fakes.provider_script import (
    Script,
    current_message,
    echo_text,
    expected_text,
    parse_command,
    tool_result,
)
from tests.fakes.provider_wire import Chunks, completion, error_object, rubbish

__all__ = ["FakeProvider", "Received", "Script", "expected_text"]

_BURST = re.compile(rb"/fake burst(?: tokens=(\d+))?(?: seed=(\w+))?(?![^\"\\]*=)")
_SSE = {"Content-Type": "text/event-stream"}


@dataclass(slots=True)
class Received:
    """One request as the provider saw it, and the events of its connection.

    `ended` is set when the handler is done for whatever reason, `aborted` when the client went
    away first. `holding` is set while a script hangs; `proceed` lets it go on.
    """

    headers: dict[str, str]
    body: dict[str, Any]
    holding: asyncio.Event = field(default_factory=asyncio.Event)
    proceed: asyncio.Event = field(default_factory=asyncio.Event)
    aborted: asyncio.Event = field(default_factory=asyncio.Event)
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    async def hold(self) -> None:
        """Hang until the test lets go or the client leaves."""
        self.holding.set()
        await self.proceed.wait()


class _Died(Exception):
    """The script aborted the connection."""


class FakeProvider:
    """The server; use it as an async context manager. `record=False` keeps no requests."""

    def __init__(
        self,
        default: Script | None = None,
        *,
        port: int = 0,
        api_key: str | None = None,
        record: bool = True,
    ) -> None:
        self.default = default or Script()
        self.requests: list[Received] = []
        self.answered = 0
        self._sockets: set[int] = set()
        self.port = port
        self._api_key = api_key
        self._record = record
        self._queue: deque[Script] = deque()
        self._misbehaved: Counter[str] = Counter()
        self._arrived = asyncio.Condition()
        self._bursts: dict[tuple[int, str, bool], bytes] = {}
        self._runner: web.AppRunner | None = None

    @property
    def base_url(self) -> str:
        """What a client's `base_url` is set to."""
        return f"http://127.0.0.1:{self.port}/v1"

    async def __aenter__(self) -> FakeProvider:
        app = web.Application(client_max_size=64 * 1024 * 1024)
        for prefix in ("/v1", ""):
            app.router.add_post(f"{prefix}/chat/completions", self._chat)
            app.router.add_get(f"{prefix}/models", self._models)
        app.router.add_get("/_fake/requests", self._seen)
        app.router.add_post("/_fake/proceed", self._proceed)
        self._runner = web.AppRunner(
            app, handler_cancellation=True, access_log=None, shutdown_timeout=0.05
        )
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port)
        await site.start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *_: object) -> None:
        for received in self.requests:
            received.proceed.set()
        if self._runner is not None:
            await self._runner.cleanup()

    @property
    def sockets(self) -> int:
        """How many different connections requests have come over."""
        return len(self._sockets)

    def enqueue(self, *scripts: Script) -> None:
        """Answer the next requests with these scripts, one each."""
        self._queue.extend(scripts)

    async def request(self, index: int) -> Received:
        """Wait until request number `index` (from 0) has arrived, and return it."""
        async with self._arrived:
            await self._arrived.wait_for(lambda: len(self.requests) > index)
        return self.requests[index]

    async def _models(self, _: web.Request) -> web.Response:
        model = {"id": "fake", "object": "model", "created": 1_700_000_000, "owned_by": "fake"}
        return _json({"object": "list", "data": [model]})

    async def _seen(self, _: web.Request) -> web.Response:
        seen = [
            {
                "headers": item.headers,
                "body": item.body,
                "ended": item.ended.is_set(),
                "aborted": item.aborted.is_set(),
            }
            for item in self.requests
        ]
        return _json({"requests": seen, "answered": self.answered, "sockets": self.sockets})

    async def _proceed(self, _: web.Request) -> web.Response:
        for item in self.requests:
            item.proceed.set()
        return _json({})

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        raw = await request.read()
        self.answered += 1
        if not self._queue and (burst := _BURST.search(raw)):
            return self._burst(raw, burst)
        body = orjson.loads(raw)
        headers = {str(name): value for name, value in request.headers.items()}
        received = Received(headers, body)
        if request.transport is not None:
            self._sockets.add(request.transport.get_extra_info("peername")[1])
        await self._note(received)
        try:
            return await self._answer(request, received)
        except _Died:
            return web.Response()
        except (asyncio.CancelledError, ConnectionResetError):
            received.aborted.set()
            raise
        finally:
            received.ended.set()

    async def _note(self, received: Received) -> None:
        if self._record:
            async with self._arrived:
                self.requests.append(received)
                self._arrived.notify_all()

    async def _answer(self, request: web.Request, received: Received) -> web.StreamResponse:
        if self._api_key and received.headers.get("Authorization") != f"Bearer {self._api_key}":
            return _json(error_object(401), status=401)
        script = self._script(received.body)
        if script.verb == "status":
            headers = {"Retry-After": script.retry_after} if script.retry_after else {}
            return _json(error_object(script.code, script.message), script.code, headers)
        if script.after < 0 and script.verb == "hang":
            await received.hold()
        if script.after < 0 and script.verb == "die":
            _abort(request)
        if script.verb == "rubbish" and script.kind in ("html", "empty"):
            kind = "text/html" if script.kind == "html" else "text/event-stream"
            return web.Response(body=rubbish(script.kind, Chunks(script, {})), content_type=kind)
        if not received.body.get("stream") or script.dialect == "nonstream":
            return _json(completion(script, received.body))
        return await self._stream(request, received, script)

    def _script(self, body: dict[str, Any]) -> Script:
        if self._queue:
            return self._queue.popleft()
        text = current_message(body)
        if (result := tool_result(body)) is not None:
            return Script(text=f"The tool said: {result}")
        script = parse_command(text)
        if script is None:
            return self.default
        if script.verb == "echo":
            return Script(text=echo_text(body))
        self._misbehaved[text] += 1
        return script if self._misbehaved[text] <= script.times else script.behaved()

    async def _stream(
        self, request: web.Request, received: Received, script: Script
    ) -> web.StreamResponse:
        response = web.StreamResponse(headers=_SSE)
        await response.prepare(request)
        chunks = Chunks(script, received.body)
        await response.write(chunks.opening())
        if script.first_s:
            await asyncio.sleep(script.first_s)
        if await self._body(request, response, received, script, chunks):
            await response.write(chunks.closing())
        await response.write_eof()
        return response

    async def _body(
        self,
        request: web.Request,
        response: web.StreamResponse,
        received: Received,
        script: Script,
        chunks: Chunks,
    ) -> bool:
        """Write the content; return whether the closing frames follow."""
        frames = chunks.content()
        step = max(1, script.per_write)
        faulty = script.verb in ("hang", "die", "error", "rubbish")
        before = frames[: max(0, script.after)] if faulty else frames
        for start in range(0, len(before), step):
            await response.write(b"".join(before[start : start + step]))
            if script.delay_s:
                await asyncio.sleep(script.delay_s)
        if not faulty or (script.verb == "hang" and script.after < 0):
            await response.write(b"".join(frames[len(before) :]))
            return True
        if script.verb == "hang":
            await received.hold()
            await response.write(b"".join(frames[len(before) :]))
            return True
        if script.verb == "die":
            _abort(request)
        if script.verb == "error":
            await response.write(chunks.frame(error_object(script.code, script.message)))
            return False
        await response.write(rubbish(script.kind, chunks))
        return script.kind not in ("truncated",)

    def _burst(self, raw: bytes, match: re.Match[bytes]) -> web.Response:
        tokens, seed = int(match.group(1) or 200), (match.group(2) or b"tok").decode()
        usage = b'"include_usage":true' in raw
        body = self._bursts.get((tokens, seed, usage))
        if body is None:
            request = {"model": "fake", "stream_options": {"include_usage": usage}}
            chunks = Chunks(Script(tokens=tokens, seed=seed), request)
            body = chunks.opening() + b"".join(chunks.content()) + chunks.closing()
            self._bursts[tokens, seed, usage] = body
        return web.Response(body=body, headers=_SSE)


def _json(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    return web.Response(
        body=orjson.dumps(value), status=status, headers=headers, content_type="application/json"
    )


def _abort(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.abort()
    raise _Died


async def _serve(port: int, *, record: bool) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with FakeProvider(port=port, record=record) as provider:
        line = {"port": provider.port, "base_url": provider.base_url}
        sys.stdout.write(orjson.dumps(line).decode() + "\n")
        sys.stdout.flush()
        await stop.wait()


def main() -> None:
    """Run the fake provider until SIGTERM."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--no-record", action="store_true", help="keep no requests (benchmarks)")
    args = parser.parse_args()
    import uvloop

    uvloop.run(_serve(args.port, record=not args.no_record))


if __name__ == "__main__":
    main()
