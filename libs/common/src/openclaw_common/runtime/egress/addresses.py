"""Which addresses a stranger's URL may lead to.

Explicit ranges, because what `ipaddress` calls global depends on the Python release. Sources: the
IANA special-purpose registries of IPv4 and IPv6 addresses (RFC 6890), and the clouds' documents
for the addresses of their metadata services.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from enum import Enum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Final

Address = IPv4Address | IPv6Address


class Reach(Enum):
    """Who may connect to an address on a stranger's word."""

    PUBLIC = "public"
    """Everybody."""
    PRIVATE = "private"
    """Whoever asks for a host that the operator trusts by name."""
    NEVER = "never"
    """Nobody: metadata services, link-local, multicast, and IPv6 that hides another address."""


def _v4(*networks: str) -> tuple[IPv4Network, ...]:
    return tuple(map(IPv4Network, networks))


def _v6(*networks: str) -> tuple[IPv6Network, ...]:
    return tuple(map(IPv6Network, networks))


_METADATA_V4: Final = _v4(
    "100.100.100.200/32",  # Alibaba
    "168.63.129.16/32",  # Azure's wire server, in public space
    "192.0.0.192/32",  # Oracle
)
_METADATA_V6: Final = _v6("fd00:ec2::/32", "fd20:ce::/32")  # Amazon, Google
_PRIVATE_V4: Final = _v4(
    "10.0.0.0/8",
    "100.64.0.0/10",  # carrier-grade NAT
    "127.0.0.0/8",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "198.18.0.0/15",  # benchmarks; some proxies answer every name from here
)
_NEVER_V4: Final = _v4(
    "0.0.0.0/8",  # "this network": Linux connects 0.0.0.0 to itself
    "169.254.0.0/16",  # link-local, and most metadata services
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.31.196.0/24",
    "192.52.193.0/24",
    "192.88.99.0/24",  # 6to4 relays
    "192.175.48.0/24",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/4",
    "240.0.0.0/4",
)
_PRIVATE_V6: Final = _v6("::1/128", "fc00::/7")
_GLOBAL_V6: Final = IPv6Network("2000::/3")
_NEVER_V6: Final = _v6(
    "2001::/23",  # protocol assignments: Teredo, ORCHID, benchmarks
    "2001:db8::/32",
    "2002::/16",  # 6to4
    "2620:4f:8000::/48",
    "3fff::/20",
)
_ISATAP: Final = frozenset({0x0000_5EFE, 0x0200_5EFE})
"""Upper half of the interface identifier of an address that holds an IPv4 one (RFC 5214 §6.1)."""


def reach(address: Address) -> Reach:
    """Return who may connect to `address`.

    IPv6 that stands for an IPv4 address (mapped, compatible, 6to4, Teredo, NAT64, ISATAP) is never
    connected to, whatever it holds: a translator on the way would be ours, not the stranger's.
    """
    if isinstance(address, IPv4Address):
        return _reach_v4(address)
    return _reach_v6(address)


def _reach_v4(address: IPv4Address) -> Reach:
    if _within(address, _METADATA_V4) or _within(address, _NEVER_V4):
        return Reach.NEVER
    return Reach.PRIVATE if _within(address, _PRIVATE_V4) else Reach.PUBLIC


def _reach_v6(address: IPv6Address) -> Reach:
    if address.scope_id is not None or _within(address, _METADATA_V6):
        return Reach.NEVER
    if _within(address, _PRIVATE_V6):
        return Reach.PRIVATE
    isatap = (int(address) >> 32) & 0xFFFF_FFFF in _ISATAP
    if isatap or address not in _GLOBAL_V6 or _within(address, _NEVER_V6):
        return Reach.NEVER
    return Reach.PUBLIC


def _within(address: Address, networks: Iterable[IPv4Network | IPv6Network]) -> bool:
    return any(address in network for network in networks)


def parse(text: str) -> Address | None:
    """Return the address that `text` is in its one proper spelling, or None."""
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None
