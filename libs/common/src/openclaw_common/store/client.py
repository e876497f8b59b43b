"""The connection to Redis: one pipelined connection per process, plus dedicated blocking ones.

`RedisClient.execute` and `.call` put a command into the batch that goes out with the next write;
whatever the process wants of Redis at the same moment shares one round trip. Measured traps this
module answers (reliability.md §1.3, §3.11): no `socket_timeout` on a connection, because Python
3.11 then swallows cancellations; every round trip has a time limit of its own instead; a script
is reloaded on NOSCRIPT; an unreachable, loading, read-only or full server is one error,
`StoreUnavailable`.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import socket
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar, cast
from urllib.parse import parse_qs, unquote, urlsplit

import hiredis
from redis.asyncio.connection import AbstractConnection, ConnectionPool
from redis.asyncio.sentinel import Sentinel
from redis.exceptions import NoScriptError, ReadOnlyError, RedisError, ResponseError

from openclaw_common.contracts.errors import StoreUnavailable

MAX_BATCH: Final = 512
"""Commands in one write; more wait for the next, so that no caller waits for a huge batch."""
BACKOFF_START_S: Final = 0.05
BACKOFF_CAP_S: Final = 1.0
KEEPALIVE_OPTIONS: Final = {4: 15, 5: 5, 6: 3}
"""TCP_KEEPIDLE, TCP_KEEPINTVL and TCP_KEEPCNT of Linux: a dead peer is noticed after 30 s."""

_UNAVAILABLE_PREFIXES: Final = (
    "LOADING",
    "MASTERDOWN",
    "OOM",
    "CLUSTERDOWN",
    "NOREPLICAS",
    "MISCONF",
)

T = TypeVar("T")
Arg = str | bytes | int | float


@dataclass(frozen=True, slots=True)
class Script:
    """One Lua file: its name, its source with the shared prelude, and the SHA-1 of that source."""

    name: str
    source: str
    sha: str


def create_pool(url: str, *, timeout_s: float, client_name: str) -> ConnectionPool:
    """Return a pool for a redis, rediss, unix or redis+sentinel URL.

    The Sentinel form is `redis+sentinel://[user:pass@]host:port,host:port/master[/db]`
    (`rediss+sentinel` for TLS); `sentinel_username` and `sentinel_password` may stand in the query.
    """
    options: dict[str, Any] = {
        "socket_connect_timeout": timeout_s,
        "client_name": client_name,
    }
    scheme = urlsplit(url).scheme
    if scheme in ("redis+sentinel", "rediss+sentinel"):
        return _sentinel_pool(url, tls=scheme.startswith("rediss"), options=options)
    if scheme != "unix":
        options |= {"socket_keepalive": True, "socket_keepalive_options": _keepalive_options()}
    return ConnectionPool.from_url(url, **options)


def _keepalive_options() -> dict[int, int]:
    return dict(KEEPALIVE_OPTIONS) if hasattr(socket, "TCP_KEEPIDLE") else {}


def _sentinel_pool(url: str, *, tls: bool, options: dict[str, Any]) -> ConnectionPool:
    parts = urlsplit(url)
    hosts = parts.netloc.rpartition("@")[2]
    path = [unquote(piece) for piece in parts.path.split("/") if piece]
    query = {name: values[0] for name, values in parse_qs(parts.query).items()}
    nodes = []
    for node in hosts.split(","):
        host, _, port = node.rpartition(":")
        nodes.append((host, int(port)) if host else (port, 26379))
    sentinel_options: dict[str, Any] = {
        "socket_connect_timeout": options["socket_connect_timeout"],
        "ssl": tls,
        "username": query.get("sentinel_username"),
        "password": query.get("sentinel_password"),
    }
    credentials: dict[str, Any] = {}
    userinfo = parts.netloc.rpartition("@")[0]
    if userinfo:
        user, _, password = userinfo.partition(":")
        credentials = {"username": unquote(user) or None, "password": unquote(password) or None}
    sentinel = Sentinel(nodes, sentinel_kwargs=sentinel_options)  # type: ignore[no-untyped-call]
    client = sentinel.master_for(
        path[0], db=int(path[1]) if len(path) > 1 else 0, ssl=tls, **credentials, **options
    )
    return cast(ConnectionPool, client.connection_pool)


def unavailable(error: Exception) -> bool:
    """Whether an error means that the server cannot serve now, rather than a faulty command."""
    if isinstance(error, ReadOnlyError):
        return True
    if isinstance(error, ResponseError):
        return str(error).startswith(_UNAVAILABLE_PREFIXES)
    return isinstance(error, (RedisError, OSError, TimeoutError))


class BlockingConnection:
    """A connection for one blocking command at a time, such as BLPOP or XREAD BLOCK.

    Not safe for two tasks at once. A failed or cancelled call drops the connection; the next call
    opens a new one.
    """

    def __init__(self, pool: ConnectionPool, *, timeout_s: float) -> None:
        self._pool = pool
        self._timeout_s = timeout_s
        self._connection: AbstractConnection | None = None

    async def call(self, *args: Arg, block_s: float) -> Any:
        """Send one command that may block for `block_s` seconds and return its reply.

        Raises StoreUnavailable when no answer came within `block_s` plus the usual time limit.
        """
        done = False
        try:
            async with asyncio.timeout(block_s + self._timeout_s):
                if self._connection is None:
                    self._connection = _new_connection(self._pool)
                    await _connect(self._connection)
                await self._connection.send_packed_command(_pack(args), check_health=False)
                reply = await self._connection.read_response(disable_decoding=True)
            done = True
            return reply
        except (RedisError, OSError, TimeoutError) as error:
            if unavailable(error):
                raise StoreUnavailable from error
            raise
        finally:
            if not done:
                await self.close()

    async def close(self) -> None:
        """Drop the connection."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await _disconnect(connection)


def _pack(args: tuple[Arg, ...]) -> bytes:
    # hiredis annotates its argument as a tuple of one.
    return cast(bytes, hiredis.pack_command(cast(Any, args)))


def _new_connection(pool: ConnectionPool) -> AbstractConnection:
    connection = pool.make_connection()  # type: ignore[no-untyped-call]
    return cast(AbstractConnection, connection)


async def _connect(connection: AbstractConnection) -> None:
    await connection.connect()  # type: ignore[no-untyped-call]


async def _disconnect(connection: AbstractConnection) -> None:
    with contextlib.suppress(RedisError, OSError, TimeoutError):
        await connection.disconnect(nowait=True)


class RedisClient:
    """Commands and scripts, batched over one connection.

    `execute`, `call` and `batch` raise StoreUnavailable when Redis cannot serve; whether the
    command took effect is then unknown, so every script here may be sent again.
    """

    def __init__(self, pool: ConnectionPool, *, timeout_s: float) -> None:
        self._pool = pool
        self._timeout_s = timeout_s
        self._connection: AbstractConnection | None = None
        self._waiting: list[tuple[bytes, asyncio.Future[Any]]] = []
        self._wake = asyncio.Event()
        self._pump: asyncio.Task[None] | None = None
        self._closed = False

    @property
    def pool(self) -> ConnectionPool:
        """The pool behind this client, for what needs a connection of its own (arq)."""
        return self._pool

    def blocking(self) -> BlockingConnection:
        """Return a connection of its own for blocking commands."""
        return BlockingConnection(self._pool, timeout_s=self._timeout_s)

    def submit(self, *args: Arg) -> asyncio.Future[Any]:
        """Put one command into the next batch; the future gets its reply or its exception."""
        if self._closed:
            raise StoreUnavailable
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting.append((_pack(args), future))
        if self._pump is None:
            self._pump = asyncio.create_task(self._run(), name="redis-pump")
        self._wake.set()
        return future

    async def execute(self, *args: Arg) -> Any:
        """Send one command and return its reply; error replies raise."""
        return await self.settle(self.submit(*args))

    async def call(self, script: Script, keys: Sequence[str], args: Sequence[Arg]) -> Any:
        """Run a script, loading it where the server does not know it yet."""
        command = ("EVALSHA", script.sha, len(keys), *keys, *args)
        try:
            return await self.settle(self.submit(*command))
        except NoScriptError:
            load = self.submit("SCRIPT", "LOAD", script.source)
            reply = self.submit(*command)
            await self.settle(load)
            return await self.settle(reply)

    async def settle(self, future: asyncio.Future[Any]) -> Any:
        """Wait for a submitted command; translates what means that Redis cannot serve."""
        try:
            return await future
        except (RedisError, OSError, TimeoutError) as error:
            if unavailable(error):
                raise StoreUnavailable from error
            raise

    async def _run(self) -> None:
        while not self._closed:
            await self._wake.wait()
            while self._waiting:
                batch = self._waiting[:MAX_BATCH]
                del self._waiting[:MAX_BATCH]
                await self._send(batch)
            self._wake.clear()

    async def _send(self, batch: list[tuple[bytes, asyncio.Future[Any]]]) -> None:
        answered = 0
        try:
            async with asyncio.timeout(self._timeout_s):
                connection = await self._connected()
                await connection.send_packed_command(
                    [packed for packed, _ in batch], check_health=False
                )
                for _, future in batch:
                    reply, error = await self._read(connection)
                    answered += 1
                    if future.done():
                        continue
                    if error is not None:
                        future.set_exception(error)
                    else:
                        future.set_result(reply)
        except (RedisError, OSError, TimeoutError) as error:
            await self._drop()
            _fail(batch[answered:], error)
        except asyncio.CancelledError:
            await self._drop()
            _fail(batch[answered:], ConnectionError("the client was closed"))
            raise

    async def _read(self, connection: AbstractConnection) -> tuple[Any, Exception | None]:
        try:
            return await connection.read_response(disable_decoding=True), None
        except ResponseError as error:
            if isinstance(error, ReadOnlyError):
                raise
            return None, error

    async def _connected(self) -> AbstractConnection:
        if self._connection is None:
            connection = _new_connection(self._pool)
            await _connect(connection)
            self._connection = connection
        return self._connection

    async def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await _disconnect(connection)

    async def close(self) -> None:
        """Fail what still waits and close the connection and the pool."""
        self._closed = True
        if self._pump is not None:
            while not self._pump.done():
                self._pump.cancel()
                await asyncio.wait([self._pump], timeout=0.1)
        await self._drop()
        _fail(self._waiting, ConnectionError("the client was closed"))
        self._waiting.clear()
        await self._pool.disconnect()


def _fail(batch: list[tuple[bytes, asyncio.Future[Any]]], error: Exception) -> None:
    for _, future in batch:
        if not future.done():
            future.set_exception(error)
            future.exception()


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
