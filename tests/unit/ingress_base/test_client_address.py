"""Which client a chain of proxies speaks for."""

from __future__ import annotations

import pytest
from aiohttp.test_utils import make_mocked_request

from openclaw_ingress.auth.client_address import ClientAddress, ClientAddresses, parse_address

PROXIES = ("10.0.0.0/8", "192.0.2.1", "2001:db8::/32")


def resolve(peer: str, headers: dict[str, str], *, real_ip: bool = False) -> ClientAddress:
    request = make_mocked_request("GET", "/", headers=headers).clone(remote=peer)
    return ClientAddresses(PROXIES, real_ip_fallback=real_ip).of(request)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("192.0.2.7", "192.0.2.7"),
        (" 192.0.2.7:4711 ", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("[2001:db8::7]:443", "2001:db8::7"),
        ('"[2001:db8::7]"', "2001:db8::7"),
        ("2001:DB8:0::7", "2001:db8::7"),
        ("fe80::1%eth0", "fe80::1"),
        ("", None),
        ("unknown", None),
        ("192.0.2.256", None),
        ("10.0.0.0/8", None),
    ],
)
def test_an_address_has_one_form_however_it_is_written(text: str, expected: str | None) -> None:
    parsed = parse_address(text)
    assert (str(parsed) if parsed else None) == expected


@pytest.mark.parametrize(
    ("peer", "forwarded_for", "client"),
    [
        ("203.0.113.1", "198.51.100.1", "203.0.113.1"),
        ("10.1.2.3", "198.51.100.1", "198.51.100.1"),
        ("::ffff:10.1.2.3", "198.51.100.1", "198.51.100.1"),
        ("2001:db8::9", "198.51.100.1", "198.51.100.1"),
        ("10.1.2.3", "1.1.1.1, 198.51.100.1", "198.51.100.1"),
        ("10.1.2.3", "1.1.1.1, 198.51.100.1, 192.0.2.1, 10.9.9.9", "198.51.100.1"),
        ("10.1.2.3", "10.0.0.7, 10.0.0.8", "10.0.0.7"),
        ("10.1.2.3", "1.1.1.1, rubbish, 10.0.0.8", "10.0.0.8"),
        ("10.1.2.3", "rubbish", "10.1.2.3"),
        ("10.1.2.3", " ", "10.1.2.3"),
    ],
)
def test_the_nearest_address_that_is_no_trusted_proxy_is_the_client(
    peer: str, forwarded_for: str, client: str
) -> None:
    assert resolve(peer, {"X-Forwarded-For": forwarded_for}).client == client


@pytest.mark.parametrize(
    ("value", "allowed", "client"),
    [
        ("198.51.100.1", True, "198.51.100.1"),
        ("198.51.100.1", False, "10.1.2.3"),
        ("rubbish", True, "10.1.2.3"),
    ],
)
def test_x_real_ip_counts_only_where_it_is_allowed(value: str, allowed: bool, client: str) -> None:
    assert resolve("10.1.2.3", {"X-Real-IP": value}, real_ip=allowed).client == client


@pytest.mark.parametrize(
    ("peer", "headers", "attributable", "local"),
    [
        ("127.0.0.1", {}, True, True),
        ("::1", {}, True, True),
        ("127.0.0.1", {"Forwarded": "for=1.2.3.4"}, False, False),
        ("203.0.113.1", {}, True, False),
        ("203.0.113.1", {"x-FORWARDED-host": "a"}, False, False),
        ("10.1.2.3", {"X-Forwarded-For": "127.0.0.1"}, True, False),
        ("", {}, True, True),
    ],
)
def test_only_a_direct_local_program_is_local(
    peer: str, headers: dict[str, str], attributable: bool, local: bool
) -> None:
    address = resolve(peer, headers)
    assert (address.attributable, address.local_direct) == (attributable, local)


def test_a_trusted_proxy_that_is_no_network_is_refused() -> None:
    with pytest.raises(ValueError, match="not-an-address"):
        ClientAddresses(["not-an-address"], real_ip_fallback=False)
