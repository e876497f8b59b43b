"""A fake model provider over HTTP, scripted and watched.

It speaks chat completions (OpenAI's, or Ollama's with `ollama=True`), OpenAI's Responses,
Anthropic's Messages and Gemini, all at once and with the same scripts.

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
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import orjson
from aiohttp import web

from tests.fakes.embeddings import EMBEDDINGS, Dialect
from tests.fakes.provider_script import (
    Script,
    current_message,
    echo_text,
    expected_text,
    parse_command,
    tool_result,
)
from tests.fakes.provider_wire import ChatWire, OllamaWire
from tests.fakes.wire import Frames, Wire
from tests.fakes.wire_anthropic import AnthropicWire
from tests.fakes.wire_gemini import GeminiWire
from tests.fakes.wire_responses import ResponsesWire

__all__ = ["FakeProvider", "Received", "Script", "expected_text"]

_BURST = re.compile(rb"/fake burst(?: tokens=(\d+))?(?: seed=(\w+))?(?![^\"\\]*=)")
_SSE = {"Content-Type": "text/event-stream"}


@dataclass(slots=True)
class Received:
    """One request as the provider saw it (`url` is path and query), and its connection's events.

    `ended` is set when the handler is done for whatever reason, `aborted` when the client went
    away first. `holding` is set while a script hangs; `proceed` lets it go on.
    """

    headers: dict[str, str]
    body: dict[str, Any]
    url: str = ""
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
        ollama: bool = False,
        host: str = "127.0.0.1",
    ) -> None:
        self.default = default or Script()
        self.requests: list[Received] = []
        self.answered = 0
        self._sockets: set[int] = set()
        self.host = host
        self.port = port
        self._api_key = api_key
        self._record = record
        self._queue: deque[Script] = deque()
        self._misbehaved: Counter[str] = Counter()
        self._arrived = asyncio.Condition()
        self._bursts: dict[tuple[str, int, str, bool], bytes] = {}
        self._runner: web.AppRunner | None = None
        self._chat_wire = OllamaWire() if ollama else ChatWire()

    @property
    def root_url(self) -> str:
        """The base URL of APIs whose paths bring their own version."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def base_url(self) -> str:
        """What a client's `base_url` is set to."""
        return f"http://127.0.0.1:{self.port}/v1"

    async def __aenter__(self) -> FakeProvider:
        app = web.Application(client_max_size=64 * 1024 * 1024)
        for prefix in ("/v1", ""):
            app.router.add_post(f"{prefix}/chat/completions", self._handler(self._chat_wire))
            app.router.add_post(f"{prefix}/responses", self._handler(ResponsesWire()))
            app.router.add_get(f"{prefix}/models", self._models)
        app.router.add_post("/v1/messages", self._handler(AnthropicWire()))
        for path, dialect in EMBEDDINGS.items():
            app.router.add_post(path, partial(self._embed, dialect=dialect))
        app.router.add_post("/v1beta/models/{call}", self._handler(GeminiWire()))
        app.router.add_get("/_fake/requests", self._seen)
        app.router.add_post("/_fake/proceed", self._proceed)
        self._runner = web.AppRunner(
            app, handler_cancellation=True, access_log=None, shutdown_timeout=0.05
        )
        await self._runner.setup()
        site = web.TCPSite(self._runner, self.host, self.port)
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

    async def _embed(self, request: web.Request, *, dialect: Dialect) -> web.Response:
        received = Received(
            {str(k): v for k, v in request.headers.items()}, orjson.loads(await request.read())
        )
        self.answered += 1
        await self._note(received)
        received.ended.set()
        wire = dialect.wire
        if self._api_key and not wire.authorised(request.headers, self._api_key):
            return _json(wire.error_body(401, None), status=401)
        script = self._queue.popleft() if self._queue else self.default
        if script.verb == "status":
            return _json(wire.error_body(script.code, script.message), script.code)
        if script.verb == "rubbish":
            return _json({"hello": "world"})
        return _json(dialect.answer(received.body))

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

    def _handler(
        self, wire: Wire
    ) -> Callable[[web.Request], Coroutine[Any, Any, web.StreamResponse]]:
        async def handle(request: web.Request) -> web.StreamResponse:
            return await self._handle(request, wire)

        return handle

    async def _handle(self, request: web.Request, wire: Wire) -> web.StreamResponse:
        raw = await request.read()
        self.answered += 1
        if not self._queue and (burst := _BURST.search(raw)):
            return self._burst(raw, burst, wire)
        body = orjson.loads(raw)
        headers = {str(name): value for name, value in request.headers.items()}
        received = Received(headers, body, request.path_qs)
        if request.transport is not None:
            self._sockets.add(request.transport.get_extra_info("peername")[1])
        await self._note(received)
        try:
            return await self._answer(request, received, wire)
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

    async def _answer(
        self, request: web.Request, received: Received, wire: Wire
    ) -> web.StreamResponse:
        if self._api_key and not wire.authorised(request.headers, self._api_key):
            return _json(wire.error_body(401, None), status=401)
        script = self._script(received.body, wire)
        if script.verb == "status":
            headers = {"Retry-After": script.retry_after} if script.retry_after else {}
            return _json(wire.error_body(script.code, script.message), script.code, headers)
        if script.after < 0 and script.verb == "hang":
            await received.hold()
        if script.after < 0 and script.verb == "die":
            _abort(request)
        frames = wire.frames(script, received.body)
        if script.verb == "rubbish" and script.kind in ("html", "empty"):
            kind = "text/html" if script.kind == "html" else "text/event-stream"
            return web.Response(body=frames.rubbish(script.kind), content_type=kind)
        if not wire.streams(request.path, received.body) or script.dialect == "nonstream":
            return _json(wire.whole(script, received.body))
        return await self._stream(request, received, script, frames)

    def _script(self, body: dict[str, Any], wire: Wire) -> Script:
        if self._queue:
            return self._queue.popleft()
        chat = wire.chat(body)
        text = current_message(chat)
        if (result := tool_result(chat)) is not None:
            return Script(text=f"The tool said: {result}")
        script = parse_command(text)
        if script is None:
            return self.default
        if script.verb == "echo":
            return Script(text=echo_text(body))
        self._misbehaved[text] += 1
        return script if self._misbehaved[text] <= script.times else script.behaved()

    async def _stream(
        self, request: web.Request, received: Received, script: Script, chunks: Frames
    ) -> web.StreamResponse:
        response = web.StreamResponse(headers=_SSE)
        await response.prepare(request)
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
        chunks: Frames,
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
            await response.write(chunks.error(script.code, script.message))
            return False
        await response.write(chunks.rubbish(script.kind))
        return script.kind not in ("truncated", "cut")

    def _burst(self, raw: bytes, match: re.Match[bytes], wire: Wire) -> web.Response:
        tokens, seed = int(match.group(1) or 200), (match.group(2) or b"tok").decode()
        usage = b'"include_usage":true' in raw
        place = (type(wire).__name__, tokens, seed, usage)
        body = self._bursts.get(place)
        if body is None:
            request = {"model": "fake", "stream_options": {"include_usage": usage}}
            chunks = wire.frames(Script(tokens=tokens, seed=seed), request)
            body = chunks.opening() + b"".join(chunks.content()) + chunks.closing()
            self._bursts[place] = body
        return web.Response(body=body, headers=_SSE)


def _json(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    return web.Response(
        body=orjson.dumps(value), status=status, headers=headers, content_type="application/json"
    )


def _abort(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.abort()
    raise _Died


async def _serve(host: str, port: int, *, record: bool) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with FakeProvider(host=host, port=port, record=record) as provider:
        line = {"port": provider.port, "base_url": provider.base_url}
        sys.stdout.write(orjson.dumps(line).decode() + "\n")
        sys.stdout.flush()
        await stop.wait()


def main() -> None:
    """Run the fake provider until SIGTERM."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="0.0.0.0 in a container")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--no-record", action="store_true", help="keep no requests (benchmarks)")
    args = parser.parse_args()
    import uvloop

    uvloop.run(_serve(args.host, args.port, record=not args.no_record))


if __name__ == "__main__":
    main()
