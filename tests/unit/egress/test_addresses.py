"""Which addresses are public, for every address there is."""

from __future__ import annotations

import ipaddress
from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openclaw_common.runtime.egress.addresses import Reach, reach

V4 = st.integers(0, 2**32 - 1).map(IPv4Address)
V6 = st.integers(0, 2**128 - 1).map(IPv6Address)
UNICAST_V6 = st.integers(2**125, 2**126 - 1).map(IPv6Address)
EMBEDDINGS = [
    lambda v4: (0xFFFF << 32) | v4,
    lambda v4: (0xFFFF << 48) | v4,
    lambda v4: v4,
    lambda v4: (0x2002 << 112) | (v4 << 80) | 1,
    lambda v4: (0x2001 << 112) | (v4 ^ 0xFFFFFFFF),
    lambda v4: (0x64FF9B << 96) | v4,
    lambda v4: (0x64FF9B0001 << 80) | v4,
    lambda v4: (0x2606_4700 << 96) | (0x5EFE << 32) | v4,
]


@pytest.mark.parametrize(
    "text",
    [
        "1.1.1.1",
        "8.8.8.8",
        "9.255.255.255",
        "11.0.0.0",
        "100.63.255.255",
        "100.128.0.0",
        "126.255.255.255",
        "128.0.0.0",
        "169.253.255.255",
        "172.15.255.255",
        "172.32.0.0",
        "192.167.255.255",
        "198.17.255.255",
        "198.20.0.0",
        "223.255.255.255",
        "2001:200::1",
        "2606:4700:4700::1111",
        "2a00:1450:4001:82a::200e",
        "3fff:1000::1",
    ],
)
def test_public_addresses_next_to_the_refused_ranges_are_public(text: str) -> None:
    assert reach(ipaddress.ip_address(text)) is Reach.PUBLIC


@given(V4 | V6 | UNICAST_V6)
def test_what_is_public_is_global_unicast_for_the_standard_library_too(
    address: IPv4Address | IPv6Address,
) -> None:
    if reach(address) is Reach.PUBLIC:
        assert address.is_global
        assert not any((address.is_multicast, address.is_reserved, address.is_link_local))


@given(V4, st.sampled_from(EMBEDDINGS))
def test_ipv6_that_holds_an_ipv4_address_is_never_public(v4: IPv4Address, embed: object) -> None:
    assert callable(embed)
    assert reach(IPv6Address(embed(int(v4)))) is not Reach.PUBLIC


@given(V6)
def test_an_address_with_a_zone_is_never_reached(address: IPv6Address) -> None:
    assert reach(IPv6Address(f"{address}%eth0")) is Reach.NEVER


@pytest.mark.parametrize(
    "text",
    [
        "169.254.169.254",
        "100.100.100.200",
        "168.63.129.16",
        "192.0.0.192",
        "fd00:ec2::254",
        "fe80::1",
        "0.0.0.0",
        "::",
        "224.0.0.1",
    ],
)
def test_trust_in_a_host_does_not_open_these(text: str) -> None:
    assert reach(ipaddress.ip_address(text)) is Reach.NEVER


@pytest.mark.parametrize("text", ["127.0.0.1", "10.1.2.3", "100.64.0.1", "::1", "fd12::1"])
def test_trust_in_a_host_opens_private_addresses(text: str) -> None:
    assert reach(ipaddress.ip_address(text)) is Reach.PRIVATE
