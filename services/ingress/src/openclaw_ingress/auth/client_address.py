"""Which client a request comes from: the socket's peer, or what a trusted proxy says.

Only addresses in `gateway.trustedProxies` are believed. `X-Forwarded-For` is read from the right,
skipping trusted proxies, so that what the client itself wrote into it is never reached.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NamedTuple

from aiohttp import web
from multidict import CIMultiDictProxy

PEERS_REMEMBERED: Final = 4096
"""Peers whose address is not parsed again."""

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
IPNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True)
class ClientAddress:
    """`peer` is the socket's other end, `client` the one it speaks for; both normalised text.

    `trusted` tells that the peer is a trusted proxy, `forwarded` that the request carries headers
    of a proxy, `loopback` that the peer is this host.
    """

    peer: str
    client: str
    trusted: bool
    forwarded: bool
    loopback: bool

    @property
    def attributable(self) -> bool:
        """Whether `client` can be relied on."""
        return self.trusted or not self.forwarded

    @property
    def local_direct(self) -> bool:
        """Whether the client is a program on this host, with no proxy between."""
        return self.loopback and not self.forwarded


class _Peer(NamedTuple):
    text: str
    trusted: bool
    loopback: bool


class ClientAddresses:
    """Finds them; raises ValueError for a trusted proxy that is no address and no network."""

    def __init__(self, trusted_proxies: Iterable[str], *, real_ip_fallback: bool) -> None:
        self._trusted = tuple(_network(text) for text in trusted_proxies)
        self._real_ip_fallback = real_ip_fallback
        # Parsing addresses is the dearest step of a request, and peers come back.
        self._known = lru_cache(maxsize=PEERS_REMEMBERED)(self._classify)

    def trusts(self, address: str) -> bool:
        """Whether a normalised address is a trusted proxy."""
        return self._known(address).trusted

    def of(self, request: web.BaseRequest) -> ClientAddress:
        """Return the address of `request`'s client."""
        peer = self._known(request.remote or "")
        client = self._behind(request.headers) if peer.trusted else None
        return ClientAddress(
            peer=peer.text,
            client=client or peer.text,
            trusted=peer.trusted,
            forwarded=_forwarded(request.headers),
            loopback=peer.loopback,
        )

    def _classify(self, peer: str) -> _Peer:
        parsed = parse_address(peer)
        if parsed is None:
            # No IP at all is a socket in this host's file system.
            return _Peer("local", trusted=False, loopback=True)
        return _Peer(str(parsed), self._is_trusted(parsed), parsed.is_loopback)

    def _behind(self, headers: CIMultiDictProxy[str]) -> str | None:
        chain = ",".join(headers.getall("X-Forwarded-For", ()))
        if chain.strip():
            return self._nearest_stranger(reversed(chain.split(",")))
        if self._real_ip_fallback:
            parsed = parse_address(headers.get("X-Real-IP", ""))
            return str(parsed) if parsed else None
        return None

    def _nearest_stranger(self, hops: Iterator[str]) -> str | None:
        nearest = None
        for hop in hops:
            parsed = parse_address(hop)
            if parsed is None:
                break
            nearest = str(parsed)
            if not self._is_trusted(parsed):
                break
        return nearest

    def _is_trusted(self, address: IPAddress) -> bool:
        return any(address in network for network in self._trusted)


def parse_address(text: str) -> IPAddress | None:
    """Return the IP address in `text`, which may have brackets, a port or a zone, or None.

    IPv4-mapped IPv6 becomes IPv4, so that one client has one address.
    """
    text = text.strip().strip('"')
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        parsed = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = parsed.ipv4_mapped if isinstance(parsed, ipaddress.IPv6Address) else None
    return mapped or parsed


def _network(text: str) -> IPNetwork:
    address = parse_address(text)
    return ipaddress.ip_network(address if address is not None else text, strict=False)


def _forwarded(headers: CIMultiDictProxy[str]) -> bool:
    if "Forwarded" in headers or "X-Real-IP" in headers:
        return True
    return any(name[:12].lower() == "x-forwarded-" for name in headers)
