"""Redis URLs: which are understood, and what one says.

- `redis://[user:password@]host[:port][/database]`, `rediss://…` for TLS
- `unix://[user:password@]/path[?db=database]`
- `redis+sentinel://[user:password@]host[:port],host[:port]…/master-name[/database]`, and
  `rediss+sentinel://…` for TLS

Schemes and options of the first two are those of redis-py
(https://redis.readthedocs.io/en/stable/connections.html).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

REDIS_PORT: Final = 6379
SENTINEL_PORT: Final = 26379
_SENTINEL_OPTIONS: Final = frozenset({"sentinel_username", "sentinel_password"})
_TLS_OPTIONS: Final = frozenset(
    {"ssl_cert_reqs", "ssl_ca_certs", "ssl_certfile", "ssl_keyfile", "ssl_check_hostname"}
)
_OPTIONS: Final = {
    "redis": frozenset({"db"}),
    "rediss": _TLS_OPTIONS | {"db"},
    "unix": frozenset({"db"}),
    "redis+sentinel": _SENTINEL_OPTIONS,
    "rediss+sentinel": _SENTINEL_OPTIONS | _TLS_OPTIONS,
}


@dataclass(frozen=True, slots=True)
class RedisAddress:
    """What a Redis URL says; either `hosts` or `unix_path` is given.

    With `master` the hosts are Sentinels that know the master of that name. `options` are the
    query's TLS options and the Sentinels' own credentials, as text.
    """

    hosts: tuple[tuple[str, int], ...] = ()
    unix_path: str | None = None
    master: str | None = None
    database: int = 0
    tls: bool = False
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    options: dict[str, str] = field(default_factory=dict, repr=False)


def parse_redis_url(url: str) -> RedisAddress:
    """Return what `url` says; raises ValueError with what is wrong, never with the URL itself."""
    try:
        parts = urlsplit(url)
    except ValueError:
        raise ValueError("is not a URL") from None
    if parts.scheme not in _OPTIONS:
        raise ValueError("must start with one of " + ", ".join(f"{name}://" for name in _OPTIONS))
    sentinel = parts.scheme.endswith("+sentinel")
    options = _options(parts.query, _OPTIONS[parts.scheme])
    username, password, location = _credentials(parts.netloc)
    tls = parts.scheme.startswith("rediss")
    if parts.scheme == "unix":
        return _unix(parts, username, password, location, options)
    if sentinel:
        master, database = _master(parts.path)
        hosts = tuple(_host(part, SENTINEL_PORT) for part in location.split(","))
    else:
        master, database = None, _database(parts.path.strip("/") or options.pop("db", "0"))
        hosts = (_host(location, REDIS_PORT),)
    return RedisAddress(hosts, None, master, database, tls, username, password, options)


def _unix(
    parts: SplitResult,
    username: str | None,
    password: str | None,
    location: str,
    options: dict[str, str],
) -> RedisAddress:
    path = unquote(location + parts.path)
    if not path.startswith("/"):
        raise ValueError("needs an absolute path after unix://, for example unix:///run/redis.sock")
    return RedisAddress(
        unix_path=path,
        database=_database(options.pop("db", "0")),
        username=username,
        password=password,
        options=options,
    )


def _options(query: str, known: frozenset[str]) -> dict[str, str]:
    options = dict(parse_qsl(query, keep_blank_values=True))
    unknown = sorted(options.keys() - known)
    if unknown:
        raise ValueError(
            f"has the unknown option {unknown[0]}; known are {', '.join(sorted(known))}"
            " (time limits are redis.timeoutMs)"
        )
    return options


def _credentials(netloc: str) -> tuple[str | None, str | None, str]:
    userinfo, at, location = netloc.rpartition("@")
    if not at:
        return None, None, location
    username, _, password = userinfo.partition(":")
    return unquote(username) or None, unquote(password) or None, location


def _host(text: str, default_port: int) -> tuple[str, int]:
    try:
        parts = urlsplit(f"//{text}")
        host, port = parts.hostname, parts.port
    except ValueError:
        raise ValueError("has a port that is no number from 1 to 65535") from None
    if not host or port == 0:
        raise ValueError("names no host" if not host else "has the port 0")
    return host, port or default_port


def _master(path: str) -> tuple[str, int]:
    master, _, database = path.strip("/").partition("/")
    if not master:
        raise ValueError("needs the master's name: redis+sentinel://host:port,host:port/name/0")
    return unquote(master), _database(database or "0")


def _database(text: str) -> int:
    if not text.isascii() or not text.isdigit():
        raise ValueError("has a database that is no number")
    return int(text)
