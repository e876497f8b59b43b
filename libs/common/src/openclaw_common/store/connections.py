"""Connections to Redis: how one is made from a URL, when it is fit for use, and the blocking kind.

Measured traps this module answers (reliability.md §1.3, §3.11): no `socket_timeout` on a
connection, because Python 3.11 then swallows cancellations, so every round trip has a time limit of
its own; under uvloop, writing to a connection that the peer has reset raises RuntimeError; a
Sentinel whose host is gone must not use up the time that the others need.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Mapping
from typing import Any, Final, cast

import hiredis
from redis.asyncio import Redis
from redis.asyncio.connection import AbstractConnection, ConnectionPool
from redis.asyncio.sentinel import MasterNotFoundError, SentinelConnectionPool
from redis.exceptions import OutOfMemoryError, ReadOnlyError, RedisError, ResponseError

from openclaw_common.contracts.errors import StoreUnavailable
from openclaw_common.runtime.config.redis_url import RedisAddress, parse_redis_url

Arg = str | bytes | int | float

KEEPALIVE_OPTIONS: Final = {4: 15, 5: 5, 6: 3}
"""TCP_KEEPIDLE, TCP_KEEPINTVL and TCP_KEEPCNT of Linux: a dead idle peer is noticed after 30 s."""
TCP_USER_TIMEOUT: Final = 18
"""Linux: how long sent bytes may stay unacknowledged, ms; for arq's own connections, which have no
time limit on a round trip."""

_UNAVAILABLE_PREFIXES: Final = (
    "LOADING",
    "MASTERDOWN",
    "CLUSTERDOWN",
    "NOREPLICAS",
    "MISCONF",
    "BUSY ",
    "UNBLOCKED",
    "OOM",
)


def unavailable(error: Exception) -> bool:
    """Whether an error means that the server cannot serve now, rather than a faulty command."""
    if isinstance(error, (ReadOnlyError, OutOfMemoryError)):
        return True
    if isinstance(error, ResponseError):
        return str(error).startswith(_UNAVAILABLE_PREFIXES)
    return isinstance(error, (RedisError, OSError, TimeoutError))


def pack(args: tuple[Arg, ...]) -> bytes:
    """Return one command as the bytes to send."""
    # hiredis annotates its argument as a tuple of one.
    return cast(bytes, hiredis.pack_command(cast(Any, args)))


def create_pool(url: str, *, timeout_s: float, client_name: str) -> ConnectionPool:
    """Return a pool for a redis, rediss, unix or Sentinel URL (runtime.config.redis_url).

    A TLS server must show a certificate for the host name of the URL; `ssl_check_hostname=false`
    in the query lifts that.
    """
    address = parse_redis_url(url)
    options: dict[str, Any] = {"socket_connect_timeout": timeout_s, "client_name": client_name}
    if address.unix_path is None:
        options |= {
            "socket_keepalive": True,
            "socket_keepalive_options": _socket_options(timeout_s),
        }
    if address.tls:
        options["ssl_check_hostname"] = _checks_hostname(address.options)
    if address.master is None:
        return ConnectionPool.from_url(url, **options)
    return _sentinel_pool(address, timeout_s, options)


def _checks_hostname(options: Mapping[str, str]) -> bool:
    # Without a certificate there is no name to check, and Python refuses to be asked.
    if options.get("ssl_cert_reqs") == "none":
        return False
    return options.get("ssl_check_hostname", "true").lower() not in ("0", "f", "false", "n", "no")


def _socket_options(timeout_s: float) -> dict[int, int]:
    if not hasattr(socket, "TCP_USER_TIMEOUT"):
        return {}
    return {**KEEPALIVE_OPTIONS, TCP_USER_TIMEOUT: round(2000 * timeout_s)}


def _sentinel_pool(
    address: RedisAddress, timeout_s: float, options: dict[str, Any]
) -> ConnectionPool:
    given = dict(address.options)
    credentials = {
        "username": given.pop("sentinel_username", None),
        "password": given.pop("sentinel_password", None),
    }
    tls: dict[str, Any] = dict(given)
    if address.tls:
        tls["ssl_check_hostname"] = options["ssl_check_hostname"]
    pool = SentinelConnectionPool(  # type: ignore[no-untyped-call]
        address.master,
        Sentinels(
            address.hosts,
            timeout_s=timeout_s,
            options={**credentials, **tls, "ssl": address.tls},
        ),
        ssl=address.tls,
        db=address.database,
        username=address.username,
        password=address.password,
        **{**options, **tls},
    )
    return cast(ConnectionPool, pool)


class Sentinels:
    """Asks the Sentinels for the master's address, one after another.

    Each gets an equal share of `timeout_s`, so that one whose host is gone leaves time for the
    others and for the master itself; the one that answered is asked first from then on. Stands in
    for redis-py's Sentinel class, whose requests have no time limit.
    """

    def __init__(
        self, hosts: tuple[tuple[str, int], ...], *, timeout_s: float, options: dict[str, Any]
    ) -> None:
        self._hosts = list(hosts)
        self._share_s = timeout_s / (len(hosts) + 1)
        self._options = options

    async def discover_master(self, name: str) -> tuple[str, int]:
        """Return host and port of the master `name`; raises MasterNotFoundError."""
        for host in list(self._hosts):
            try:
                async with asyncio.timeout(self._share_s), self._client(host) as sentinel:
                    found = await sentinel.sentinel_get_master_addr_by_name(name)
            except (RedisError, OSError, TimeoutError):
                continue
            if found:
                self._hosts.remove(host)
                self._hosts.insert(0, host)
                return found[0], found[1]
        raise MasterNotFoundError(f"no Sentinel knows a master named {name!r}")

    def _client(self, host: tuple[str, int]) -> Any:
        return Redis(host=host[0], port=host[1], decode_responses=True, **self._options)


def new_connection(pool: ConnectionPool) -> AbstractConnection:
    """Return an unconnected connection of the pool's kind, outside the pool."""
    connection = pool.make_connection()  # type: ignore[no-untyped-call]
    return cast(AbstractConnection, connection)


async def connect(connection: AbstractConnection) -> None:
    """Connect, authenticate and choose the database."""
    await connection.connect()  # type: ignore[no-untyped-call]


async def disconnect(connection: AbstractConnection) -> None:
    """Close without waiting for the peer."""
    with contextlib.suppress(RedisError, OSError, TimeoutError):
        await connection.disconnect(nowait=True)


def broken(connection: AbstractConnection) -> bool:
    """Whether the peer has closed or reset the connection, as far as this side has heard."""
    reader, writer = connection._reader, connection._writer
    if reader is None or writer is None:
        return True
    return writer.is_closing() or reader.at_eof() or reader.exception() is not None


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
                connection = await self._connected()
                await connection.send_packed_command(pack(args), check_health=False)
                reply = await connection.read_response(disable_decoding=True)
            done = True
            return reply
        except (RedisError, OSError, TimeoutError) as error:
            if unavailable(error):
                raise StoreUnavailable from error
            raise
        finally:
            if not done:
                await self.close()

    async def _connected(self) -> AbstractConnection:
        if self._connection is not None and broken(self._connection):
            await self.close()
        if self._connection is None:
            self._connection = new_connection(self._pool)
            await connect(self._connection)
        return self._connection

    async def close(self) -> None:
        """Drop the connection."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await disconnect(connection)
