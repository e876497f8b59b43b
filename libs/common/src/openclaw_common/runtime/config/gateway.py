"""`gateway`: where the ingress listens and whom it lets in (contract §0.1, §0.3, §0.4)."""

from __future__ import annotations

import ipaddress
import socket
from typing import Any, Final, Literal

from pydantic import SecretStr, model_validator
from pydantic_core import PydanticCustomError

from openclaw_common.runtime.config import openclaw_keys
from openclaw_common.runtime.config.base import Flag, Port, Positive, Section, Words
from openclaw_common.runtime.config.http import Http
from openclaw_common.runtime.config.tools import InvokePolicy

AuthMode = Literal["token", "password", "none", "trusted-proxy"]
Bind = Literal["loopback", "lan", "auto", "tailnet", "custom"]

_LOOPBACK: Final = "127.0.0.1"
_EVERYWHERE: Final = "0.0.0.0"
_TAILNET: Final = ipaddress.ip_network("100.64.0.0/10")
_TAILNET_RESOLVER: Final = ("100.100.100.100", 53)


class RateLimit(Section):
    """The limiter of failed authentications, per client address and shared by all replicas."""

    max_attempts: Positive = 10
    """Wrong credentials within the window before the address is locked out."""
    window_ms: Positive = 60_000
    """Length of the sliding window, in milliseconds."""
    lockout_ms: Positive = 300_000
    """Length of a lockout, in milliseconds."""
    exempt_loopback: Flag = True
    """Whether loopback is delayed instead of locked out."""


class TrustedProxy(Section):
    """Auth mode `trusted-proxy`: a proxy has authenticated the user and names it in a header."""

    accepted_keys = openclaw_keys.TRUSTED_PROXY

    user_header: str | None = None
    """The header that names the user."""
    required_headers: Words = ()
    """Headers that the proxy must have sent too."""
    allow_users: Words = ()
    """Users let in; empty for all."""
    allow_loopback: Flag = False
    """Whether a proxy on the same host may do it."""


class Auth(Section):
    """Who may use the gateway."""

    accepted_keys = openclaw_keys.GATEWAY_AUTH

    mode: AuthMode = "token"
    """If not given: `password` when only a password is set, else `token`."""
    token: SecretStr | None = None
    password: SecretStr | None = None
    rate_limit: RateLimit = RateLimit()
    trusted_proxy: TrustedProxy = TrustedProxy()
    max_api_keys: Positive = 1000
    """Named API keys (`/v1/keys`) that there may be, those revoked in the last 30 days included."""

    @model_validator(mode="before")
    @classmethod
    def _resolve_mode(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        # An empty credential would let everybody in, so it counts as none.
        data = {k: v for k, v in data.items() if k not in ("token", "password") or not _blank(v)}
        if data.get("mode") is not None or "password" not in data:
            return data
        if "token" in data:
            raise PydanticCustomError(
                "auth_mode_missing",
                "a token and a password are both set (a file or the environment may set them);"
                ' set gateway.auth.mode to "token" or "password"',
            )
        return {**data, "mode": "password"}


def _blank(value: Any) -> bool:
    text = value.get_secret_value() if isinstance(value, SecretStr) else value
    return text is None or (isinstance(text, str) and not text.strip())


class Gateway(Section):
    """The listener."""

    accepted_keys = openclaw_keys.GATEWAY

    port: Port = 18789
    """TCP port; 0 lets the system choose one."""
    bind: Bind = "loopback"
    """Which addresses to listen on; `lan` is all of them."""
    custom_bind_host: str | None = None
    """Address to listen on when `bind` is `custom`."""
    auth: Auth = Auth()
    trusted_proxies: Words = ()
    """Addresses or networks whose forwarded headers are believed."""
    allow_real_ip_fallback: Flag = False
    """Whether `X-Real-IP` is read when a trusted proxy sends no `X-Forwarded-For`."""
    http: Http = Http()
    tools: InvokePolicy = InvokePolicy()

    def bind_host(self) -> str:
        """Return the address to listen on.

        `tailnet` is the address of this host in its tailnet, or loopback where there is none.
        """
        if self.bind == "lan":
            return _EVERYWHERE
        if self.bind == "custom" and self.custom_bind_host:
            return self.custom_bind_host
        if self.bind == "tailnet":
            return _tailnet_address() or _LOOPBACK
        return _LOOPBACK


def _tailnet_address() -> str | None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            # Connecting a datagram socket sends nothing: it only asks the kernel for the route.
            probe.connect(_TAILNET_RESOLVER)
        except OSError:
            return None
        address = str(probe.getsockname()[0])
    return address if ipaddress.ip_address(address) in _TAILNET else None
