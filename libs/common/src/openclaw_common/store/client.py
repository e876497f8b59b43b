"""Commands and scripts over one pipelined connection per process.

`RedisClient.execute` and `.call` put a command into the batch that goes out with the next write;
whatever the process wants of Redis at the same moment shares one round trip. A script is loaded
where the server does not know it; an unreachable, loading, read-only or full server is one error,
`StoreUnavailable`.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from redis.asyncio.connection import AbstractConnection, ConnectionPool
from redis.exceptions import NoScriptError, ReadOnlyError, RedisError, ResponseError

from openclaw_common.contracts.errors import StoreUnavailable
from openclaw_common.runtime.log_context import task_apart
from openclaw_common.runtime.waiting import end
from openclaw_common.store.connections import (
    Arg,
    BlockingConnection,
    broken,
    connect,
    disconnect,
    new_connection,
    pack,
    unavailable,
)

MAX_BATCH: Final = 512
"""Commands in one write; more wait for the next, so that no caller waits for a huge batch."""
MAX_BATCH_BYTES: Final = 1_048_576
"""A write ends with the command that passes this size."""
BACKOFF_START_S: Final = 0.05
BACKOFF_CAP_S: Final = 1.0
_NO_FUNCTION: Final = "Function not found"
_LOADED: Final = "already exists"

T = TypeVar("T")

_logger: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Script:
    """One Lua file: its name, its source, and the SHA-1 of that source."""

    name: str
    source: str
    sha: str


@dataclass(frozen=True, slots=True)
class Function:
    """A function by its name, which no other library of the server has; `library` is its source."""

    name: str
    library: str


@dataclass(slots=True, eq=False)
class _Waiting:
    """A command that waits for its answer until `deadline`, in seconds of the loop's clock."""

    packed: bytes
    reply: asyncio.Future[Any]
    deadline: float

    def fail(self, error: Exception) -> None:
        if not self.reply.done():
            self.reply.set_exception(error)
            # Whoever asked may be gone; asyncio need not say that nobody looked.
            self.reply.exception()


class RedisClient:
    """Commands and scripts, batched over one connection.

    `execute` and `call` raise StoreUnavailable when Redis cannot serve within `timeout_s` seconds
    of being asked; whether the command took effect is then unknown, so every script here may be
    sent again.
    """

    def __init__(self, pool: ConnectionPool, *, timeout_s: float) -> None:
        self._pool = pool
        self._timeout_s = timeout_s
        self._connection: AbstractConnection | None = None
        self._waiting: list[_Waiting] = []
        self._wake = asyncio.Event()
        self._pump: asyncio.Task[None] | None = None
        self._closed = False
        self._lost = False

    @property
    def pool(self) -> ConnectionPool:
        """The pool behind this client, for what needs a connection of its own (arq)."""
        return self._pool

    @property
    def timeout_s(self) -> float:
        """How long one call may take, in seconds."""
        return self._timeout_s

    def blocking(self) -> BlockingConnection:
        """Return a connection of its own for blocking commands."""
        return BlockingConnection(self._pool, timeout_s=self._timeout_s)

    def submit(self, *args: Arg) -> asyncio.Future[Any]:
        """Put one command into the next batch; the future gets its reply or its exception."""
        if self._closed:
            raise StoreUnavailable
        loop = asyncio.get_running_loop()
        waiting = _Waiting(pack(args), loop.create_future(), loop.time() + self._timeout_s)
        self._waiting.append(waiting)
        if self._pump is None or self._pump.done():
            self._pump = task_apart(self._run(), "redis-pump")
        self._wake.set()
        return waiting.reply

    async def execute(self, *args: Arg) -> Any:
        """Send one command and return its reply; error replies raise."""
        return await self.settle(self.submit(*args))

    async def call(self, step: Script | Function, keys: Sequence[str], args: Sequence[Arg]) -> Any:
        """Run a script or a function, loading it where the server does not know it yet."""
        if isinstance(step, Function):
            return await self._call_function(step, keys, args)
        try:
            return await self.execute("EVALSHA", step.sha, len(keys), *keys, *args)
        except NoScriptError:
            return await self.execute("EVAL", step.source, len(keys), *keys, *args)

    async def _call_function(
        self, function: Function, keys: Sequence[str], args: Sequence[Arg]
    ) -> Any:
        try:
            return await self.execute("FCALL", function.name, len(keys), *keys, *args)
        except ResponseError as error:
            if _NO_FUNCTION not in str(error):
                raise
        try:
            await self.execute("FUNCTION", "LOAD", function.library)
        except ResponseError as error:
            # Another process was faster.
            if _LOADED not in str(error):
                raise
        return await self.execute("FCALL", function.name, len(keys), *keys, *args)

    async def settle(self, future: asyncio.Future[Any]) -> Any:
        """Wait for a submitted command; translates what means that Redis cannot serve."""
        try:
            return await future
        except (RedisError, OSError, TimeoutError) as error:
            if unavailable(error):
                raise StoreUnavailable from error
            raise

    async def _run(self) -> None:
        try:
            while not self._closed:
                await self._wake.wait()
                while batch := self._next_batch():
                    await self._send(batch)
                self._wake.clear()
        finally:
            self._fail_waiting()

    def _next_batch(self) -> list[_Waiting]:
        self._expire()
        count = size = 0
        for waiting in self._waiting[:MAX_BATCH]:
            count += 1
            size += len(waiting.packed)
            if size > MAX_BATCH_BYTES:
                break
        batch = self._waiting[:count]
        del self._waiting[:count]
        return batch

    def _expire(self) -> None:
        now, count = asyncio.get_running_loop().time(), 0
        for waiting in self._waiting:
            if waiting.deadline > now:
                break
            waiting.fail(TimeoutError("no answer in time"))
            count += 1
        del self._waiting[:count]

    async def _send(self, batch: list[_Waiting]) -> None:
        answered = 0
        # The oldest command sets the limit; one that queued up behind a dead connection still gets
        # a moment to see whether it works again.
        least = asyncio.get_running_loop().time() + self._timeout_s / 8
        try:
            async with asyncio.timeout_at(max(batch[0].deadline, least)):
                connection = await self._connected()
                await connection.send_packed_command(
                    [waiting.packed for waiting in batch], check_health=False
                )
                for waiting in batch:
                    await self._read(connection, waiting)
                    answered += 1
        except (RedisError, OSError, TimeoutError) as error:
            self._tell(error)
            await self._abandon(batch[answered:], error)
        except BaseException:
            await self._abandon(batch[answered:], ConnectionError("the client was closed"))
            raise

    async def _read(self, connection: AbstractConnection, waiting: _Waiting) -> None:
        try:
            reply = await connection.read_response(disable_decoding=True)
        except ResponseError as error:
            if isinstance(error, ReadOnlyError):
                # Demoted: the next connection may lead to the new master.
                raise
            waiting.fail(error)
        else:
            if not waiting.reply.done():
                waiting.reply.set_result(reply)

    async def _connected(self) -> AbstractConnection:
        if self._connection is not None and broken(self._connection):
            await self._drop()
        if self._connection is None:
            connection = new_connection(self._pool)
            try:
                await connect(connection)
            except BaseException:
                await disconnect(connection)
                raise
            self._connection = connection
            if self._lost:
                self._lost = False
                _logger.info("redis_back")
        return self._connection

    def _tell(self, error: Exception) -> None:
        # Once until there is a connection again: a process that is not ready says why, and no more.
        if not self._lost:
            self._lost = True
            _logger.warning("redis_lost", extra={"error": str(error) or "no answer in time"})

    async def _abandon(self, batch: list[_Waiting], error: Exception) -> None:
        await self._drop()
        for waiting in batch:
            waiting.fail(error)

    async def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await disconnect(connection)

    def _fail_waiting(self) -> None:
        for waiting in self._waiting:
            waiting.fail(ConnectionError("the client was closed"))
        self._waiting.clear()

    async def close(self) -> None:
        """Fail what still waits and close the connection and the pool."""
        self._closed = True
        if self._pump is not None:
            await end([self._pump])
        await self._drop()
        self._fail_waiting()
        await self._pool.disconnect()


async def retry_while_unavailable(
    attempt: Callable[[], Awaitable[T]],
    *,
    budget_s: float,
    random_s: Callable[[], float] = random.random,
) -> T:
    """Call `attempt` again while it raises StoreUnavailable, for at most `budget_s` seconds.

    Waits 50 ms doubling to 1 s, with full jitter. Only for steps that may be sent twice.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + budget_s
    pause = BACKOFF_START_S
    while True:
        try:
            return await attempt()
        except StoreUnavailable:
            wait = pause * (0.5 + random_s() / 2)
            if loop.time() + wait >= deadline:
                raise
            await asyncio.sleep(wait)
            pause = min(pause * 2, BACKOFF_CAP_S)
