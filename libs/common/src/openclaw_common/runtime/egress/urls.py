"""A stranger's URL, taken apart once (RFC 3986, http and https only)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from yarl import URL

from openclaw_common.runtime.egress.errors import UrlRefused
from openclaw_common.runtime.egress.hosts import normal_host

MAX_CHARS: Final = 4096
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
# Backslashes are slashes to browsers, and some libraries drop tabs and line ends.
_STRANGE: Final = re.compile(
    r"[\x00-\x20\x7f-\xa0\\\u1680\u180e\u2000-\u200f\u2028-\u202f\u2060"
    r"\u3000\ufeff\ud800-\udfff]"
)
_URL: Final = re.compile(r"(https?)://([^/?#]*)([^#]*)", re.IGNORECASE)
_AUTHORITY: Final = re.compile(
    r"(?:\[([0-9A-Fa-f.]*:[0-9A-Fa-f:.]*)\]|([^\[\]:@]+))(?::([0-9]{1,5}))?\Z"
)


@dataclass(frozen=True, slots=True)
class Target:
    """Where one request goes; `host` is normal (see hosts.normal_host), `url` has no fragment."""

    url: URL
    scheme: str
    host: str
    port: int


def parse_target(text: str) -> Target:
    """Return the target of a URL; raises UrlRefused, with what to do about it."""
    if len(text) > MAX_CHARS:
        raise UrlRefused(f"The URL is longer than {MAX_CHARS} characters.")
    if _STRANGE.search(text):
        raise UrlRefused("The URL has spaces, control characters or backslashes.")
    found = _URL.match(text)
    if found is None:
        raise UrlRefused("The URL must begin with http:// or https://.")
    scheme = found[1].lower()
    if "@" in found[2]:
        raise UrlRefused("The URL must not have a user name or password.")
    authority = _AUTHORITY.match(found[2])
    if authority is None:
        raise UrlRefused("The URL has no valid host and port.")
    host = normal_host(authority[1] or authority[2])
    port = int(authority[3]) if authority[3] else _DEFAULT_PORTS[scheme]
    if not 0 < port < 65536:
        raise UrlRefused("The URL has no valid port.")
    return Target(_url(scheme, host, port, found[3]), scheme, host, port)


def _url(scheme: str, host: str, port: int, rest: str) -> URL:
    shown = f"[{host}]" if ":" in host else host
    suffix = "" if port == _DEFAULT_PORTS[scheme] else f":{port}"
    slash = "" if rest.startswith("/") else "/"
    try:
        url = URL(f"{scheme}://{shown}{suffix}{slash}{rest}")
    except ValueError:
        raise UrlRefused("The URL's path or query is not valid.") from None
    # What is connected to is what was checked, or nothing is.
    if (url.scheme, url.raw_host, url.port, url.user) != (scheme, host, port, None):
        raise UrlRefused("The URL has no valid host and port.")
    return url
