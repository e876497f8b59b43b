"""A URL is taken apart in one way, or refused."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from yarl import URL

from openclaw_common.runtime.egress.addresses import Reach, parse, reach
from openclaw_common.runtime.egress.errors import UrlRefused
from openclaw_common.runtime.egress.hosts import HostPattern, matches_any, normal_host
from openclaw_common.runtime.egress.urls import MAX_CHARS, parse_target

V4 = st.integers(0, 2**32 - 1)
NEAR_URLS = st.text(st.sampled_from("htps:/\\@.#?%[]0x17aA-\uff11\u3002 \t"), max_size=40)


def spellings(address: int) -> list[str]:
    """Return spellings that inet_aton takes and that are not the proper one."""
    a, b, c, d = address.to_bytes(4, "big")
    return [
        str(address),
        hex(address),
        f"0{address:o}",
        f"{a}.{address & 0xFFFFFF}",
        f"{a}.{b}.{address & 0xFFFF}",
        f"0x{a:x}.{b}.{c}.{d}",
        f"0{a:o}.{b}.{c}.{d}",
        f"{a}.{b}.{c}.0x{d:x}",
    ]


@pytest.mark.parametrize(
    ("text", "connected"),
    [
        ("http://example.com", ("http", "example.com", 80, "http://example.com/")),
        (
            "HTTPS://Example.COM./a?b=c#d",
            ("https", "example.com", 443, "https://example.com/a?b=c"),
        ),
        ("http://example.com?q", ("http", "example.com", 80, "http://example.com/?q")),
        ("http://example.com:8080/x", ("http", "example.com", 8080, "http://example.com:8080/x")),
        ("https://bücher.example/ü", ("https", "xn--bcher-kva.example", 443, None)),
        ("http://8.8.8.8/", ("http", "8.8.8.8", 80, "http://8.8.8.8/")),
        ("http://[2606:4700::1111]:8443/", ("http", "2606:4700::1111", 8443, None)),
        ("http://a_b.example/", ("http", "a_b.example", 80, None)),
    ],
)
def test_proper_urls_are_taken(text: str, connected: tuple[str, str, int, str | None]) -> None:
    target = parse_target(text)
    assert (target.scheme, target.host, target.port) == connected[:3]
    assert connected[3] in (None, str(target.url))


def test_a_long_url_is_refused() -> None:
    with pytest.raises(UrlRefused, match=f"longer than {MAX_CHARS}"):
        parse_target("http://example.com/" + "a" * MAX_CHARS)


@given(st.one_of(NEAR_URLS, NEAR_URLS.map("http://{}".format), st.text().map("http://{}/".format)))
@example("http://[::1%25lo]/")
def test_whatever_is_taken_means_the_same_to_every_parser(text: str) -> None:
    try:
        target = parse_target(text)
    except UrlRefused:
        return
    sent = str(target.url)
    split = urlsplit(sent)
    assert (split.hostname, split.username) == (target.host, None)
    assert (URL(sent).raw_host, URL(sent).port) == (target.host, target.port)
    assert split.fragment == ""


@given(V4, st.integers(0, 7))
def test_a_number_in_another_spelling_is_no_host(address: int, spelling: int) -> None:
    with pytest.raises(UrlRefused):
        normal_host(spellings(address)[spelling])


@given(V4)
def test_fullwidth_digits_are_the_address_they_show(address: int) -> None:
    text = ".".join(map(str, address.to_bytes(4, "big")))
    wide = "".join(chr(ord(c) + 0xFEE0) for c in text)
    assert normal_host(wide) == text


@given(st.text(min_size=1, max_size=30))
def test_a_normal_host_is_ascii_and_stays_as_it_is(text: str) -> None:
    try:
        host = normal_host(text)
    except UrlRefused:
        return
    assert host.isascii()
    assert normal_host(host) == host
    address = parse(host)
    assert address is None or reach(address) in Reach


@pytest.mark.parametrize(
    ("pattern", "host", "port", "expected"),
    [
        ("search.corp", "search.corp", 80, True),
        ("search.corp", "a.search.corp", 80, False),
        ("search.corp:8080", "search.corp", 80, False),
        ("Search.Corp.:8080", "search.corp", 8080, True),
        ("*.corp", "search.corp", 80, True),
        ("*.corp", "corp", 80, False),
        ("*.corp", "evilcorp", 80, False),
        ("10.0.0.5", "10.0.0.5", 443, True),
        ("::1", "::1", 443, True),
        ("[::1]:9000", "::1", 9000, True),
        ("[0:0:0:0:0:0:0:1]", "::1", 9000, True),
    ],
)
def test_a_pattern_matches_hosts(pattern: str, host: str, port: int, expected: bool) -> None:
    assert matches_any([HostPattern.parse(pattern)], host, port) is expected


@pytest.mark.parametrize(
    "text", ["", "*", "http://a", "a b", "a:0", "a:x", "[::1", "[::1]x", "127.1"]
)
def test_a_pattern_that_is_no_host_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"host|port"):
        HostPattern.parse(text)
