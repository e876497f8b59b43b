"""A chat-completions provider that plays one conversation of several steps, and can be held up.

Which step comes is read from the request: as many as it has replies with tool calls. So a later
attempt that goes on from recorded steps is given the same answers.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any, Self

import orjson
from aiohttp import web

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Step:
    """One reply: words of text, then calls as (name, arguments)."""

    text: str = ""
    calls: tuple[tuple[str, str], ...] = ()


@dataclass
class Hold:
    """Where one request stops: after so many words (-1: before the head), until `go` is set."""

    words: int = -1
    reached: asyncio.Event = field(default_factory=asyncio.Event)
    go: asyncio.Event = field(default_factory=asyncio.Event)


class StepProvider:
    """The server; an async context manager. With `continues` it goes on with a begun answer."""

    def __init__(self, *, continues: bool = False) -> None:
        self.steps: list[Step] = []
        self.requests: list[Json] = []
        self.holds: dict[int, Hold] = {}
        self.port = 0
        self._continues = continues
        self._runner: web.AppRunner | None = None

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def hold(self, request: int, words: int = -1) -> Hold:
        """Hold request number `request` (from 0) up."""
        return self.holds.setdefault(request, Hold(words))

    def results(self, request: int) -> list[str]:
        """Tool results that a request showed."""
        messages = self.requests[request]["messages"]
        return [message["content"] for message in messages if message["role"] == "tool"]

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_post("/v1/chat/completions", self._chat)
        app.router.add_get("/v1/models", self._models)
        self._runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.05)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *_: object) -> None:
        for hold in self.holds.values():
            hold.go.set()
        if self._runner is not None:
            await self._runner.cleanup()

    async def _models(self, _: web.Request) -> web.Response:
        return web.json_response({"object": "list", "data": []})

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        body: Json = orjson.loads(await request.read())
        hold = self.holds.get(len(self.requests))
        self.requests.append(body)
        messages = body["messages"]
        step = self.steps[sum(1 for message in messages if message.get("tool_calls"))]
        text = step.text
        if self._continues and messages[-1]["role"] == "assistant":
            text = text.removeprefix(messages[-1]["content"])
        if hold is not None and hold.words < 0:
            await self._stop(hold)
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        for number, word in enumerate(text.split(" ") if text else []):
            if hold is not None and hold.words == number:
                await self._stop(hold)
            await response.write(_frame({"content": f" {word}" if number else word}))
        for index, (name, arguments) in enumerate(step.calls):
            function = {"name": name, "arguments": arguments}
            call = {"index": index, "id": f"call_{index}", "type": "function", "function": function}
            await response.write(_frame({"tool_calls": [call]}))
        await response.write(_frame({}, "tool_calls" if step.calls else "stop"))
        await response.write(b"data: [DONE]\n\n")
        return response

    async def _stop(self, hold: Hold) -> None:
        hold.reached.set()
        await hold.go.wait()


def _frame(delta: Json, finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    usage = {"prompt_tokens": 10, "completion_tokens": 1, "total_tokens": 11} if finish else None
    return b"data: " + orjson.dumps({"choices": [choice], "usage": usage}) + b"\n\n"
