"""How the host of a URL is spelt, and the hosts that an operator trusts.

Every spelling but one is refused, because what a resolver, a URL library and this code make of the
others differs: that difference is what an attack lives from.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv6Address
from typing import Final, Self

import idna

from openclaw_common.runtime.egress.addresses import Reach, parse, reach
from openclaw_common.runtime.egress.errors import UrlRefused

_LABEL: Final = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)\Z")
_NUMERIC: Final = re.compile(r"(?:[0-9]+|0x[0-9a-f]*)\Z")
_MAX_CHARS: Final = 253
_INSIDE: Final = frozenset(
    {
        "localhost",
        "localdomain",
        "local",
        "internal",
        "intranet",
        "private",
        "corp",
        "home",
        "lan",
        "svc",
        "invalid",
        "onion",
        "alt",
    }
)
"""Top labels that never name a public host: RFC 6761, 6762, 7686 and 9476, ICANN's `internal`, and
what search domains of clusters and offices answer to."""
_INSIDE_SUFFIXES: Final = (".home.arpa", ".in-addr.arpa", ".ip6.arpa")


def normal_host(written: str) -> str:
    """Return the host as it is connected to: lower case, ASCII, without one trailing dot.

    IPv6 addresses come and go without their brackets. Raises UrlRefused for anything that is
    neither a plain host name nor an address in its proper spelling (RFC 3986 §3.2.2): numbers in
    octal, hex or fewer than four parts, percent signs, zone ids.
    """
    if ":" in written:
        return _ipv6(written)
    host = _ascii(written).removesuffix(".")
    labels = host.split(".")
    if len(host) > _MAX_CHARS or not all(map(_LABEL.match, labels)):
        raise UrlRefused("The URL's host is not a valid host name.")
    # WHATWG URL §3.5: such a host is an IPv4 address or nothing.
    if _NUMERIC.match(labels[-1]) and parse(host) is None:
        raise UrlRefused("The URL's host is not a valid address; write it as four numbers.")
    return host


def _ipv6(written: str) -> str:
    address = parse(written)
    if not isinstance(address, IPv6Address) or address.scope_id is not None:
        raise UrlRefused("The URL's host is not a valid IPv6 address.")
    return address.compressed


def _ascii(written: str) -> str:
    if written.isascii():
        return written.lower()
    try:
        return idna.encode(written, uts46=True, transitional=False).decode("ascii").lower()
    except idna.IDNAError:
        raise UrlRefused("The URL's host is not a valid international host name.") from None


def may_be_public(host: str) -> bool:
    """Whether a normal host can be public: a public address, or a name that is not of the inside.

    What a name resolves to is not asked here.
    """
    address = parse(host)
    if address is not None:
        return reach(address) is Reach.PUBLIC
    top = host.rpartition(".")[2]
    return "." in host and top not in _INSIDE and not host.endswith(_INSIDE_SUFFIXES)


@dataclass(frozen=True, slots=True)
class HostPattern:
    """One host of a list: a name, `*.` before a name for all below it, or an address.

    `port` None means any.
    """

    host: str
    port: int | None = None
    below: bool = False

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `host`, `host:port`, `*.host`, `[v6]` or `[v6]:port`; raises ValueError."""
        text = text.strip()
        host, port = _split_port(text)
        below = host.startswith("*.")
        try:
            normal = normal_host(host.removeprefix("*."))
        except UrlRefused:
            raise ValueError(f"{text!r} is no host; write host, host:port or *.host") from None
        return cls(normal, port, below)

    def matches(self, host: str, port: int) -> bool:
        """Whether a normal host and a port are of this pattern."""
        if self.port not in (None, port):
            return False
        return host.endswith("." + self.host) if self.below else host == self.host


def _split_port(text: str) -> tuple[str, int | None]:
    if text.startswith("["):
        host, bracket, rest = text[1:].partition("]")
        port = rest.removeprefix(":")
        if not bracket or (rest and not rest.startswith(":")):
            raise ValueError(f"{text!r} is no host; write [address]:port")
    elif text.count(":") > 1:
        host, port = text, ""
    else:
        host, _, port = text.partition(":")
    if not port:
        return host, None
    if not (port.isascii() and port.isdigit() and 0 < int(port) < 65536):
        raise ValueError(f"{text!r} has no valid port")
    return host, int(port)


def matches_any(patterns: Iterable[HostPattern], host: str, port: int) -> bool:
    """Whether one of the patterns is this host and port's."""
    return any(pattern.matches(host, port) for pattern in patterns)
