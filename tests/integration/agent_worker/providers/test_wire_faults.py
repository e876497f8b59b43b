"""What a provider's connection can do, below the protocol."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import orjson
import pytest
from pydantic_ai.messages import ModelMessage, ModelRequest, UserPromptPart
from pydantic_ai.models import Model, ModelRequestParameters
from pydantic_ai.settings import ModelSettings

from openclaw_agent_worker.models.errors import CONTEXT_OVERFLOW, UpstreamFailure
from openclaw_agent_worker.models.registry import ModelRegistry
from openclaw_common.runtime.config import Config

API_KEY = "sk-wire-faults-0123"
Serve = Callable[[asyncio.StreamWriter], Awaitable[None]]
TEXT = "data: " + orjson.dumps({"choices": [{"delta": {"content": "héllo"}}]}).decode() + "\r\n\r\n"
STREAM = "text/event-stream"
END = "data: [DONE]\r\n\r\n"


@asynccontextmanager
async def model_at(serve: Serve) -> AsyncIterator[Model[Any]]:
    """Run a server that reads a request and then does what `serve` does to the connection."""

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            await serve(writer)
            await writer.drain()
        finally:
            writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()[:2]
    entry = {"api": "openai-completions", "baseUrl": f"http://{host}:{port}/v1", "apiKey": API_KEY}
    config = Config.model_validate({"models": {"providers": {"own": entry}}})
    async with server, aiohttp.ClientSession() as http:
        yield ModelRegistry(config.models.providers, http).model("own/m")


async def ask(model: Model[Any]) -> str:
    messages: list[ModelMessage] = [ModelRequest(parts=[UserPromptPart("hello")])]
    async with asyncio.timeout(5):
        reply = await model.request(messages, ModelSettings(timeout=2), ModelRequestParameters())
    return reply.text or ""


def head(status: str, kind: str, length: int | None = None, encoding: str = "identity") -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Type: {kind}", f"Content-Encoding: {encoding}"]
    lines += ["Connection: close"] if length is None else [f"Content-Length: {length}"]
    return "\r\n".join((*lines, "", "")).encode()


async def test_a_refusal_that_comes_in_pieces_is_read_whole() -> None:
    said = {"message": "This model's maximum context length is 8 tokens.", "code": "x"}
    body = orjson.dumps({"error": said})

    async def serve(writer: asyncio.StreamWriter) -> None:
        writer.write(head("400 Bad Request", "application/json", len(body)))
        for at in range(0, len(body), 20):
            writer.write(body[at : at + 20])
            await writer.drain()
            await asyncio.sleep(0.01)

    async with model_at(serve) as model:
        with pytest.raises(UpstreamFailure) as caught:
            await ask(model)
    assert caught.value.body.message == said["message"]
    assert caught.value.body.code == CONTEXT_OVERFLOW


async def test_a_refusal_without_end_is_read_no_further_than_its_bound() -> None:
    async def serve(writer: asyncio.StreamWriter) -> None:
        writer.write(head("400 Bad Request", "text/plain"))
        while not writer.is_closing():
            writer.write(b"x" * 65_536)
            await writer.drain()

    async with model_at(serve) as model:
        with pytest.raises(UpstreamFailure) as caught:
            await ask(model)
    assert caught.value.body.status == 400
    assert len(caught.value.body.message) == 1000


@pytest.mark.parametrize("cut", range(1, 60, 3))
async def test_bytes_that_come_one_piece_at_a_time_are_the_same_text(cut: int) -> None:
    raw = (TEXT + END).encode()

    async def serve(writer: asyncio.StreamWriter) -> None:
        writer.write(head("200 OK", STREAM) + raw[:cut])
        await writer.drain()
        await asyncio.sleep(0.01)
        writer.write(raw[cut:])

    async with model_at(serve) as model:
        assert await ask(model) == "héllo"


async def test_a_stream_that_is_compressed_unasked_is_read() -> None:
    async def serve(writer: asyncio.StreamWriter) -> None:
        raw = gzip.compress((TEXT + END).encode())
        writer.write(head("200 OK", STREAM, len(raw), "gzip") + raw)

    async with model_at(serve) as model:
        assert await ask(model) == "héllo"


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd"])
async def test_a_stream_that_is_not_what_its_encoding_says_is_an_upstream_error(
    encoding: str,
) -> None:
    async def serve(writer: asyncio.StreamWriter) -> None:
        writer.write(head("200 OK", STREAM, encoding=encoding) + b"\xff\x00not compressed" * 10)

    async with model_at(serve) as model:
        with pytest.raises(UpstreamFailure) as caught:
            await ask(model)
    assert caught.value.body.status == 502


@pytest.mark.parametrize(
    "opening",
    [b"", b"\x00\x01", b"HTTP/1.1 banana\r\n\r\n", b"SSH-2.0-x\r\n", b"HTTP/1.1 200 OK\r\n"],
)
async def test_what_is_no_http_is_an_upstream_error(opening: bytes) -> None:
    async def serve(writer: asyncio.StreamWriter) -> None:
        writer.write(opening)

    async with model_at(serve) as model:
        with pytest.raises(UpstreamFailure) as caught:
            await ask(model)
    assert (caught.value.body.status, caught.value.retryable) == (502, True)
