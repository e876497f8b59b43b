"""From a host to the addresses that may be connected to, and a connection to nothing else.

A host is resolved once a request; every address it has is checked, and the connector is given
those very addresses. A second look-up, which is what DNS rebinding needs, does not happen. The
socket's own factory checks once more what is really connected to.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from aiohttp import AddrInfoType, TCPConnector
from aiohttp.abc import AbstractResolver, ResolveResult

from openclaw_common.runtime.egress.addresses import Address, Reach, parse, reach
from openclaw_common.runtime.egress.errors import AddressRefused, HostUnresolved, UrlRefused
from openclaw_common.runtime.egress.hosts import HostPattern, matches_any, may_be_public
from openclaw_common.runtime.egress.urls import Target

MAX_ADDRESSES: Final = 16
"""Addresses of one host that are tried."""


class Resolve(Protocol):
    """Looks a host name up."""

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        """Return the addresses of a host as text; raises OSError when it has none."""
        ...


async def system_resolve(host: str, port: int) -> Sequence[str]:
    """Look a host name up as the system does (getaddrinfo)."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    return [str(sockaddr[0]) for *_, sockaddr in found]


@dataclass(frozen=True, slots=True)
class AddressPolicy:
    """Which hosts, ports and addresses are open to strangers."""

    trusted: tuple[HostPattern, ...]
    ports: frozenset[int]
    resolve: Resolve

    async def addresses(self, target: Target) -> tuple[Address, ...]:
        """Return the checked addresses of a target.

        One that is not allowed refuses the host, even if others are public: a name that has both
        is no accident. Raises UrlRefused for the port, AddressRefused and HostUnresolved.
        """
        trusted = matches_any(self.trusted, target.host, target.port)
        if not trusted and target.port not in self.ports:
            raise UrlRefused(f"Port {target.port} may not be fetched from.")
        if not trusted and not may_be_public(target.host):
            raise AddressRefused
        found = await self._found(target)
        allowed = (Reach.PUBLIC, Reach.PRIVATE) if trusted else (Reach.PUBLIC,)
        if any(reach(address) not in allowed for address in found):
            raise AddressRefused
        return found

    async def _found(self, target: Target) -> tuple[Address, ...]:
        literal = parse(target.host)
        if literal is not None:
            return (literal,)
        try:
            texts = await self.resolve(target.host, target.port)
        except (OSError, UnicodeError):
            raise HostUnresolved from None
        addresses = tuple(dict.fromkeys(map(parse, texts)))
        if not addresses:
            raise HostUnresolved
        known = tuple(address for address in addresses if address is not None)
        if len(known) != len(addresses):
            raise AddressRefused
        return known[:MAX_ADDRESSES]


def pinned_connector(
    target: Target, addresses: Sequence[Address], tls: ssl.SSLContext | None
) -> TCPConnector:
    """Return a connector that can reach the target at these addresses and nothing else.

    Without `tls` https hosts are verified as the system does.
    """
    pinned = frozenset(addresses)

    def open_socket(addr_info: AddrInfoType) -> socket.socket:
        family, kind, protocol, _, sockaddr = addr_info
        if parse(str(sockaddr[0])) not in pinned:
            raise AddressRefused
        return socket.socket(family, kind, protocol)

    return TCPConnector(
        resolver=_Pinned(target.host, addresses),
        use_dns_cache=False,
        ssl=tls or True,
        force_close=True,
        limit=1,
        socket_factory=open_socket,
    )


class _Pinned(AbstractResolver):
    """Answers for one host with addresses that are already known."""

    def __init__(self, host: str, addresses: Sequence[Address]) -> None:
        self._host = host
        self._addresses = addresses

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        if host != self._host:
            raise OSError(f"{host} was not checked")
        return [
            ResolveResult(
                hostname=host,
                host=str(address),
                port=port,
                family=socket.AF_INET if address.version == 4 else socket.AF_INET6,
                proto=socket.IPPROTO_TCP,
                flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
            )
            for address in self._addresses
        ]

    async def close(self) -> None:
        """Nothing is held open."""
