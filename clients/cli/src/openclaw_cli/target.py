"""Which gateway a command talks to, and with which credential."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from openclaw_cli.errors import UNUSABLE, CommandFailed

STATE_FOLDER: Final = ".openclaw"
"""Where a gateway started by `up` keeps its token, and while it runs its URL."""
DEFAULT_PORT: Final = "18789"


@dataclass(frozen=True, slots=True)
class Target:
    """A gateway's base URL without a trailing slash, and the bearer token (None: without)."""

    url: str
    token: str | None = field(repr=False)


def resolve_target(
    url: str | None, token: str | None, environ: Mapping[str, str], folder: Path
) -> Target:
    """Return the gateway that is named, else the one of `folder`, else the usual local one.

    A token that is not named comes from `folder` and goes only to this machine. Raises
    CommandFailed for a URL that is none.
    """
    if url is None:
        port = environ.get("OPENCLAW_GATEWAY_PORT") or DEFAULT_PORT
        url = _kept(folder, "gateway-url") or f"http://127.0.0.1:{port}"
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise CommandFailed(f"{url!r} is no http:// or https:// URL", UNUSABLE)
    if token is None and _is_this_machine(parts.hostname):
        token = _kept(folder, "gateway-token")
    return Target(url.rstrip("/"), token)


def _kept(folder: Path, name: str) -> str | None:
    try:
        return (folder / STATE_FOLDER / name).read_text(encoding="utf-8").strip() or None
    except OSError:
        return None


def _is_this_machine(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
