"""Mode `trusted-proxy`: a proxy has authenticated the user and names it in a header."""

from __future__ import annotations

from multidict import CIMultiDictProxy

from openclaw_common.runtime.config.gateway import TrustedProxy
from openclaw_ingress.auth.client_address import ClientAddress


def vouched_user(
    settings: TrustedProxy, address: ClientAddress, headers: CIMultiDictProxy[str]
) -> str | None:
    """Return the user that the proxy at the socket's other end vouches for, or None."""
    if not address.trusted or (address.loopback and not settings.allow_loopback):
        return None
    if not all(headers.get(name, "").strip() for name in settings.required_headers):
        return None
    user = headers.get(settings.user_header, "").strip() if settings.user_header else ""
    if not user or (settings.allow_users and user not in settings.allow_users):
        return None
    return user
