"""Which Redis URLs are understood."""

from __future__ import annotations

import pytest

from openclaw_common.runtime.config import RedisAddress, parse_redis_url


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("redis://redis", RedisAddress((("redis", 6379),))),
        ("redis://redis:7000/3", RedisAddress((("redis", 7000),), database=3)),
        ("redis://redis?db=2", RedisAddress((("redis", 6379),), database=2)),
        ("redis://[::1]:7000", RedisAddress((("::1", 7000),))),
        (
            "rediss://u%40x:p%2Fw@redis",
            RedisAddress((("redis", 6379),), tls=True, username="u@x", password="p/w"),
        ),
        ("redis://:pw@redis", RedisAddress((("redis", 6379),), password="pw")),
        (
            "rediss://redis?ssl_ca_certs=/ca.pem",
            RedisAddress((("redis", 6379),), tls=True, options={"ssl_ca_certs": "/ca.pem"}),
        ),
        ("unix:///run/redis.sock", RedisAddress(unix_path="/run/redis.sock")),
        (
            "unix://:pw@/run/redis.sock?db=1",
            RedisAddress(unix_path="/run/redis.sock", database=1, password="pw"),
        ),
        (
            "redis+sentinel://a:1,b,[::1]:3/main",
            RedisAddress((("a", 1), ("b", 26379), ("::1", 3)), master="main"),
        ),
        (
            "rediss+sentinel://u:p@a/main/4?sentinel_password=s",
            RedisAddress(
                (("a", 26379),),
                master="main",
                database=4,
                tls=True,
                username="u",
                password="p",
                options={"sentinel_password": "s"},
            ),
        ),
        (
            "rediss+sentinel://a/main?ssl_ca_certs=/ca.crt&ssl_certfile=/tls.crt",
            RedisAddress(
                (("a", 26379),),
                master="main",
                tls=True,
                options={"ssl_ca_certs": "/ca.crt", "ssl_certfile": "/tls.crt"},
            ),
        ),
    ],
)
def test_a_url_says_where_redis_is(url: str, address: RedisAddress) -> None:
    assert parse_redis_url(url) == address


@pytest.mark.parametrize(
    ("url", "complaint"),
    [
        ("", "must start with one of redis://, rediss://, unix://"),
        ("localhost:6379", "must start with one of"),
        ("http://geheim@x", "must start with one of"),
        ("redis://[geheim", "is not a URL"),
        ("redis://", "names no host"),
        ("redis://:geheim@:6379", "names no host"),
        ("redis://x:geheim", "has a port that is no number from 1 to 65535"),
        ("redis://x:70000", "has a port that is no number from 1 to 65535"),
        ("redis://x:0", "has the port 0"),
        ("redis://x/geheim", "has a database that is no number"),
        ("redis://x/-1", "has a database that is no number"),
        ("redis://x?socket_timeout=1", "has the unknown option socket_timeout; known are db"),
        ("redis://x?ssl_ca_certs=/x", "has the unknown option ssl_ca_certs"),
        ("unix://run/redis.sock", "needs an absolute path after unix://"),
        ("redis+sentinel://a:1,b:2", "needs the master's name"),
        ("redis+sentinel://a:1,,b:2/main", "names no host"),
        ("redis+sentinel://a/main/geheim", "has a database that is no number"),
    ],
)
def test_a_url_that_is_not_understood_is_told_without_quoting_it(url: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=r".") as refused:
        parse_redis_url(url)
    assert complaint in str(refused.value)
    assert "geheim" not in str(refused.value)


def test_an_address_shows_no_password() -> None:
    assert "pw" not in repr(parse_redis_url("redis+sentinel://:pw@a/m?sentinel_password=pw"))
