"""A chat-completions client that loses its connection at any byte and resumes elsewhere.

It does what a careful client does: only frames that ended with a blank line count, and the last
`id:` of those is where it goes on.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import aiohttp


@dataclass
class Frame:
    """One SSE frame: its id where it has one, and its data."""

    id: int | None
    data: str

    @property
    def json(self) -> dict[str, Any]:
        parsed: dict[str, Any] = json.loads(self.data)
        return parsed


def parse_frames(raw: bytes) -> list[Frame]:
    """Return the whole frames in `raw`; comments and an unfinished tail are left out."""
    frames = []
    blocks = raw.split(b"\n\n")[:-1]
    for block in blocks:
        number, data = None, []
        for line in block.decode().split("\n"):
            name, _, value = line.partition(":")
            value = value.removeprefix(" ")
            if name == "id":
                number = int(value)
            elif name == "data":
                data.append(value)
        if data:
            frames.append(Frame(number, "\n".join(data)))
    return frames


@dataclass
class Transcript:
    """Everything one client saw, over all its connections."""

    run_id: str = ""
    frames: list[Frame] = field(default_factory=list)
    connections: int = 0
    accepted: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once the gateway has said which run this is."""

    @property
    def last_id(self) -> int:
        return max((frame.id for frame in self.frames if frame.id is not None), default=0)

    @property
    def done(self) -> bool:
        return bool(self.frames) and self.frames[-1].data == "[DONE]"

    @property
    def errors(self) -> list[dict[str, Any]]:
        parsed = [frame.json for frame in self.frames if frame.data != "[DONE]"]
        return [item["error"] for item in parsed if "error" in item]

    @property
    def text(self) -> str:
        """The reply, from the content deltas in the order they came."""
        chunks = [frame.json for frame in self.frames if frame.data != "[DONE]"]
        deltas = [chunk["choices"][0]["delta"] for chunk in chunks if chunk.get("choices")]
        return "".join(delta.get("content") or "" for delta in deltas)

    def check(self) -> None:
        """Assert what every reader is promised: no frame twice, none out of order, one end."""
        ids = [frame.id for frame in self.frames if frame.id is not None]
        assert ids == sorted(set(ids)), f"frames doubled or out of order: {ids}"
        ends = [frame for frame in self.frames if frame.data == "[DONE]"]
        assert len(ends) == 1, f"{len(ends)} ends"
        assert self.done


class ResumingClient:
    """Reads one chat completion to its end, over as many connections as it takes."""

    def __init__(self, session: aiohttp.ClientSession, headers: dict[str, str]) -> None:
        self._session = session
        self._headers = headers

    async def read(
        self,
        urls: list[str],
        body: dict[str, Any],
        *,
        cut_after: Callable[[int], int | None] = lambda _: None,
        headers: dict[str, str] | None = None,
        seen: Transcript | None = None,
    ) -> Transcript:
        """POST `body` to `urls[0]`; resume on the next url whenever the connection is gone.

        `cut_after(n)` is the number of bytes after which the client itself drops connection n.
        `seen` is filled for a caller who wants to look on meanwhile.
        """
        seen = seen or Transcript()
        method, path = "POST", "/v1/chat/completions"
        while not seen.done:
            url = urls[seen.connections % len(urls)] + path
            try:
                await self._read_once(
                    method, url, body, seen, cut_after(seen.connections), headers or {}
                )
            except (aiohttp.ClientError, ConnectionError):
                await asyncio.sleep(0.02)
            seen.connections += 1
            if seen.run_id:
                method = "GET"
                path = f"/v1/chat/completions/{seen.run_id}?stream=true&starting_after="
                path += str(seen.last_id)
        return seen

    async def _read_once(
        self,
        method: str,
        url: str,
        body: dict[str, Any],
        seen: Transcript,
        cut_after: int | None,
        headers: dict[str, str],
    ) -> None:
        raw = b""
        payload = {"json": {**body, "stream": True}} if method == "POST" else {}
        async with self._session.request(
            method, url, headers={**self._headers, **headers}, **payload
        ) as answer:
            if answer.status in (429, 502, 503):
                await asyncio.sleep(min(float(answer.headers.get("Retry-After", 0)), 1))
                raise aiohttp.ClientConnectionError(str(answer.status))
            assert answer.status == 200, (answer.status, await answer.text())
            seen.run_id = answer.headers["x-run-id"]
            seen.accepted.set()
            try:
                async for chunk in answer.content.iter_any():
                    raw += chunk
                    if cut_after is not None and len(raw) >= cut_after:
                        raw = raw[:cut_after]
                        answer.close()
                        break
            finally:
                seen.frames += parse_frames(raw)
