"""A provider whose model has a small context, and knows a fact only if it was told it.

It counts tokens in its own way, refuses what does not fit as OpenAI documents it
(`context_length_exceeded`), repeats every `FACT …;` of what it is sent when it is asked, and keeps
them in the summaries that it writes. What it is sent must be whole: a tool result needs its call.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

import orjson
from aiohttp import web

from openclaw_agent_worker.agent.summary import INSTRUCTIONS

QUESTION: Final = "Which facts do you know?"
CALL: Final = "Call your tool."
_TOKEN: Final = re.compile(r"\w{1,4}|[^\w\s]")
_FACT: Final = re.compile(r"FACT [^;]{1,40};")


def tokens(text: str) -> int:
    """How many tokens the model sees in a text."""
    return len(_TOKEN.findall(text))


@dataclass
class SmallModel:
    """The server; an async context manager. `context` and `answer` are in tokens."""

    context: int = 4096
    answer: int = 60
    summaries: int = 0
    refused: int = 0
    largest: int = 0
    broken: bool = False
    broken_summaries: bool = False
    models: list[str] = field(default_factory=list)
    tool: str = ""
    seen: list[list[dict[str, Any]]] = field(default_factory=list)
    asked_to_summarise: list[str] = field(default_factory=list)
    port: int = 0

    @property
    def base_url(self) -> str:
        """What a client's `base_url` is set to."""
        return f"http://127.0.0.1:{self.port}/v1"

    async def __aenter__(self) -> SmallModel:
        app = web.Application(client_max_size=64 * 1024 * 1024)
        app.router.add_post("/v1/chat/completions", self._complete)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.05)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port).start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    async def _complete(self, request: web.Request) -> web.StreamResponse:
        body = orjson.loads(await request.read())
        messages = body["messages"]
        _check_pairs(messages)
        most = body.get("max_tokens") or body.get("max_completion_tokens") or self.answer
        texts = [_text(message) for message in messages]
        used = sum(tokens(text) + 4 for text in texts)
        if used + most > self.context:
            self.refused += 1
            return self._refuse(used, most)
        self.largest = max(self.largest, used)
        if any(INSTRUCTIONS in text for text in texts):
            return self._summary(texts, used, most)
        if self.broken:
            return web.json_response({"error": {"message": "no", "type": "x"}}, status=400)
        self.seen.append(messages)
        self.models.append(body["model"])
        if texts[-1].endswith(CALL) and messages[-1]["role"] == "user":
            return _stream(used, call=self.tool)
        if texts[-1].endswith(QUESTION):
            return _stream(used, text=" ".join(_facts(texts)) or "None.")
        return _stream(used, text="word " * (self.answer - 10) + f"turn {len(self.seen)}.")

    def _summary(self, texts: list[str], used: int, most: int) -> web.StreamResponse:
        self.summaries += 1
        self.asked_to_summarise.append("\n".join(texts))
        if self.broken_summaries:
            return web.json_response({"error": {"message": "no", "type": "x"}}, status=400)
        text = " ".join(_facts(texts)) + " Some words were exchanged."
        assert tokens(text) <= most
        return _stream(used, text=text)

    def _refuse(self, used: int, most: int) -> web.Response:
        message = (
            f"This model's maximum context length is {self.context} tokens. However, you requested "
            f"{used + most} tokens ({used} in the messages, {most} in the completion). Please "
            "reduce the length of the messages or completion."
        )
        error = {
            "message": message,
            "type": "invalid_request_error",
            "param": "messages",
            "code": "context_length_exceeded",
        }
        return web.json_response({"error": error}, status=400)


def _check_pairs(messages: list[dict[str, Any]]) -> None:
    called: set[str] = set()
    for message in messages:
        if message["role"] == "tool":
            assert message["tool_call_id"] in called, "a tool result without its call"
            called.discard(message["tool_call_id"])
        else:
            assert not called, "a call without its result"
        called |= {call["id"] for call in message.get("tool_calls") or ()}
    assert not called, "a call without its result"


def _facts(texts: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(_FACT.findall(" ".join(texts))))


def _text(message: dict[str, Any]) -> str:
    content = message.get("content") or ""
    if isinstance(content, list):
        content = " ".join(part.get("text", "") for part in content)
    calls = message.get("tool_calls") or ()
    return content + "".join(call["function"]["arguments"] for call in calls)


def _stream(used: int, *, text: str = "", call: str = "") -> web.Response:
    delta: dict[str, Any] = {"role": "assistant", "content": text}
    if call:
        function = {"name": call, "arguments": "{}"}
        calls = [{"index": 0, "id": f"call_{used}", "type": "function", "function": function}]
        delta = {"role": "assistant", "tool_calls": calls}
    answered = tokens(text) + (8 if call else 0)
    usage = {"prompt_tokens": used, "completion_tokens": answered, "total_tokens": used + answered}
    choice = {"index": 0, "delta": delta, "finish_reason": "tool_calls" if call else "stop"}
    shared = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "small"}
    frames = ({**shared, "choices": [choice]}, {**shared, "choices": [], "usage": usage})
    body = b"".join(b"data: " + orjson.dumps(frame) + b"\n\n" for frame in frames)
    return web.Response(body=body + b"data: [DONE]\n\n", content_type="text/event-stream")
