"""What all fake platforms share: a local server, a script of faults, a log of what was taken.

    async with FakeTelegram() as telegram:
        telegram.plan(Fault.rate_limit(2), None, Fault.reset_after())
        ...                                   # point a channel at telegram.base_url
        await telegram.taken(3)
        telegram.accepted[0].text

A platform's handler of a send checks the request, then gives it to `settle`. Faults come from
`plan`, one a send, else from `decide`. `python -m tests.fakes.channels.<name> --port 0` runs a
platform alone and prints `{"port": …, "base_url": …}`; then `GET /_accepted` and `GET /_attempts`
show the logs (`?since=N` from entry N on), and `POST /_plan` takes `{"faults":[{"kind":"hang"},
null]}` or `{"random":{"seed":1,"rates":{"reset_after":0.1},"retry_after_s":1}}`.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import socket
import struct
import sys
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, ClassVar, Self

import orjson
from aiohttp import web

from tests.fakes.channels.faults import Fault, FaultKind, RandomFaults

__all__ = [
    "Accepted",
    "Attempt",
    "FakePlatform",
    "Fault",
    "FaultKind",
    "Offer",
    "RandomFaults",
    "Upload",
    "json_response",
    "main",
]

_MAX_BODY = 128 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Upload:
    """One uploaded file."""

    field: str
    filename: str
    mime: str
    data: bytes = b""


@dataclass(frozen=True, slots=True)
class Offer:
    """A send that the platform's own checks have passed.

    `key` is what the platform recognises a repeated send by; `raw` the request's fields.
    """

    to: str
    thread: str | None
    text: str
    key: str | None = None
    raw: Mapping[str, Any] = field(default_factory=dict)
    uploads: tuple[Upload, ...] = ()


@dataclass(frozen=True, slots=True)
class Accepted:
    """A message that people see: `number` counts from 1, `at` is Unix seconds.

    `lost` says that the platform took it and its answer never arrived.
    """

    to: str
    thread: str | None
    text: str
    at: float
    key: str | None
    raw: Mapping[str, Any]
    number: int
    uploads: tuple[Upload, ...] = ()
    lost: bool = False


@dataclass(frozen=True, slots=True)
class Attempt:
    """A send as it arrived at `at` (Unix seconds), and the fault it met."""

    to: str
    thread: str | None
    text: str
    at: float
    key: str | None
    fault: Fault | None


class FakePlatform(ABC):
    """The server; use it as an async context manager.

    `decide` is asked for every send that `plan` has no word on.
    """

    idempotent: ClassVar[bool] = False
    """Whether a send with a known `key` to the same address is answered and not taken again."""

    def __init__(self, port: int = 0) -> None:
        self.host = "127.0.0.1"
        self.port = port
        self.accepted: list[Accepted] = []
        self.attempts: list[Attempt] = []
        self.decide: Callable[[Offer], Fault | None] | None = None
        self._planned: deque[Fault | None] = deque()
        self._arrived = asyncio.Condition()
        self._let_go = asyncio.Event()
        self._runner: web.AppRunner | None = None

    @abstractmethod
    def add_routes(self, router: web.UrlDispatcher) -> None:
        """Add the platform's own endpoints."""

    @abstractmethod
    def refusal(self, fault: Fault) -> web.Response:
        """Return the platform's answer to RATE_LIMIT, SERVER_ERROR or PERMANENT."""

    @property
    def base_url(self) -> str:
        """What the channel's base URL is set to."""
        return f"http://127.0.0.1:{self.port}"

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=_MAX_BODY)
        app.router.add_get("/_accepted", self._show_accepted)
        app.router.add_get("/_attempts", self._show_attempts)
        app.router.add_post("/_plan", self._take_plan)
        self.add_routes(app.router)
        self._runner = web.AppRunner(
            app, handler_cancellation=True, access_log=None, shutdown_timeout=0.05
        )
        await self._runner.setup()
        await web.TCPSite(self._runner, self.host, self.port).start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self.let_go()
        if self._runner is not None:
            await self._runner.cleanup()

    def plan(self, *faults: Fault | None) -> None:
        """Let the next sends meet these faults, one each; None takes the send."""
        self._planned.extend(faults)

    def let_go(self) -> None:
        """End every HANG, now and later ones; the connection is closed without an answer."""
        self._let_go.set()

    async def taken(self, count: int) -> Sequence[Accepted]:
        """Wait until `count` messages were taken in all, and return them."""
        async with self._arrived:
            await self._arrived.wait_for(lambda: len(self.accepted) >= count)
        return self.accepted

    async def attempted(self, count: int) -> Sequence[Attempt]:
        """Wait until `count` sends arrived in all, and return them."""
        async with self._arrived:
            await self._arrived.wait_for(lambda: len(self.attempts) >= count)
        return self.attempts

    async def settle(
        self,
        request: web.Request,
        offer: Offer,
        answer: Callable[[Accepted], web.StreamResponse],
    ) -> web.StreamResponse:
        """Take a send, or do to it what the script says; `answer` makes the platform's answer."""
        fault = await self._attempt(offer)
        if fault is None:
            return answer(await self._take(offer))
        if fault.kind == FaultKind.RESET_AFTER:
            await self._take(offer, lost=True)
        elif fault.kind == FaultKind.HANG:
            await self._let_go.wait()
        elif fault.kind != FaultKind.RESET_BEFORE:
            return self.refusal(fault)
        _reset(request)
        return web.Response()

    async def _attempt(self, offer: Offer) -> Fault | None:
        if self._planned:
            fault = self._planned.popleft()
        else:
            fault = self.decide(offer) if self.decide else None
        async with self._arrived:
            self.attempts.append(
                Attempt(offer.to, offer.thread, offer.text, time.time(), offer.key, fault)
            )
            self._arrived.notify_all()
        return fault

    async def _take(self, offer: Offer, *, lost: bool = False) -> Accepted:
        if self.idempotent and offer.key is not None:
            for known in self.accepted:
                if (known.key, known.to) == (offer.key, offer.to):
                    return known
        async with self._arrived:
            taken = Accepted(
                to=offer.to,
                thread=offer.thread,
                text=offer.text,
                at=time.time(),
                key=offer.key,
                raw=offer.raw,
                number=len(self.accepted) + 1,
                uploads=offer.uploads,
                lost=lost,
            )
            self.accepted.append(taken)
            self._arrived.notify_all()
        return taken

    async def _show_accepted(self, request: web.Request) -> web.Response:
        since = int(request.query.get("since", 0))
        return json_response({"accepted": [_shown(item) for item in self.accepted[since:]]})

    async def _show_attempts(self, request: web.Request) -> web.Response:
        since = int(request.query.get("since", 0))
        return json_response({"attempts": [asdict(item) for item in self.attempts[since:]]})

    async def _take_plan(self, request: web.Request) -> web.Response:
        body = orjson.loads(await request.read())
        if "random" in body:
            chance = body["random"]
            self.decide = RandomFaults.from_wire(chance) if chance else None
        self.plan(*(Fault.from_wire(item) if item else None for item in body.get("faults", ())))
        return json_response({"planned": len(self._planned)})


def json_response(
    value: Any, status: int = 200, headers: Mapping[str, str] | None = None
) -> web.Response:
    """Return `value` as JSON."""
    return web.Response(
        body=orjson.dumps(value), status=status, headers=headers, content_type="application/json"
    )


def main(platform: Callable[[int], FakePlatform], description: str | None) -> None:
    """Run a platform until SIGTERM."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--host", default="127.0.0.1", help="0.0.0.0 in a container")
    parser.add_argument("--port", type=int, default=0)
    args = parser.parse_args()
    asyncio.run(_serve(platform, args.host, args.port))


async def _serve(make: Callable[[int], FakePlatform], host: str, port: int) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    made = make(port)
    made.host = host
    async with made as platform:
        line = {"port": platform.port, "base_url": platform.base_url}
        sys.stdout.write(orjson.dumps(line).decode() + "\n")
        sys.stdout.flush()
        await stop.wait()


def _shown(item: Accepted) -> dict[str, Any]:
    uploads = [
        {"field": u.field, "filename": u.filename, "mime": u.mime, "size": len(u.data)}
        for u in item.uploads
    ]
    return {**asdict(replace(item, uploads=())), "uploads": uploads}


def _reset(request: web.Request) -> None:
    """Break the connection with a TCP reset."""
    transport = request.transport
    if transport is None:
        return
    raw = transport.get_extra_info("socket")
    if raw is not None:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
