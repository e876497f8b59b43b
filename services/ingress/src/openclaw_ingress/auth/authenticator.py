"""Turns a request into a Caller or refuses it, by an API key or one of the four auth modes.

The modes are contract §0.3's; a key is accepted beside the credential of any of them.
"""

from __future__ import annotations

from typing import Final

from aiohttp import web

from openclaw_common.contracts.api_key import may_be_secret
from openclaw_common.contracts.errors import GatewayError, Unauthorized
from openclaw_common.runtime.config import Gateway
from openclaw_ingress.app_keys import Caller
from openclaw_ingress.auth.api_keys import KeyHolders
from openclaw_ingress.auth.client_address import ClientAddress, ClientAddresses
from openclaw_ingress.auth.failure_limiter import FailureLimiter
from openclaw_ingress.auth.key_scopes import operator_scopes
from openclaw_ingress.auth.scopes import ALL_SCOPES, SCOPES_HEADER, narrowed
from openclaw_ingress.auth.shared_secret import SharedSecret, bearer
from openclaw_ingress.auth.trusted_proxy import vouched_user
from openclaw_ingress.errors import ProxyAttributionRequired

OWNER: Final = Caller(identity=None, is_owner=True, scopes=ALL_SCOPES)


class Authenticator:
    """Decides by the key, else by `gateway.auth.mode`; it keeps no state of its own."""

    def __init__(
        self,
        gateway: Gateway,
        addresses: ClientAddresses,
        limiter: FailureLimiter,
        keys: KeyHolders,
    ) -> None:
        auth = gateway.auth
        secret = auth.password if auth.mode == "password" else auth.token
        self._mode = auth.mode
        self._secret = SharedSecret(secret.get_secret_value() if secret else None)
        self._trusted_proxy = auth.trusted_proxy
        self._addresses = addresses
        self._limiter = limiter
        self._keys = keys

    async def authenticate(self, request: web.Request) -> Caller:
        """Return who asks. Raises, in this order: ProxyAttributionRequired (403), TooManyFailures
        (429), Unauthorized (401); StoreUnavailable (503) when nobody can tell about locks.
        """
        address = self._addresses.of(request)
        if not address.attributable:
            raise ProxyAttributionRequired
        presented = bearer(request) or ""
        if may_be_secret(presented) and not self._secret.matches(presented):
            return await self._by_key(presented, address)
        if self._mode in ("token", "password"):
            return await self._by_secret(request, address)
        return self._by_identity(request, address)

    async def may_see_details(self, request: web.Request, *, store_answers: bool) -> bool:
        """Whether a probe may be told more: a program on this host, or an authenticated caller.

        With Redis away the limiter cannot be asked and a correct credential is enough.
        """
        address = self._addresses.of(request)
        if address.local_direct:
            return True
        if self._mode == "none" or not address.attributable:
            return False
        if self._mode == "trusted-proxy":
            return vouched_user(self._trusted_proxy, address, request.headers) is not None
        presented = bearer(request)
        if presented is None:
            return False
        if not store_answers:
            return self._secret.matches(presented)
        try:
            await self._by_secret(request, address)
        except GatewayError:
            return False
        return True

    async def _by_secret(self, request: web.Request, address: ClientAddress) -> Caller:
        await self._limiter.check(address)
        presented = bearer(request)
        if presented is None:
            raise Unauthorized
        if not self._secret.matches(presented):
            await self._limiter.failed(address)
            raise Unauthorized
        await self._limiter.succeeded(address)
        return OWNER

    async def _by_key(self, presented: str, address: ClientAddress) -> Caller:
        await self._limiter.check(address)
        key = await self._keys.find(presented)
        if key is None:
            await self._limiter.failed(address)
            raise Unauthorized
        await self._limiter.succeeded(address)
        scopes = operator_scopes(key.scopes, tenant=key.tenant)
        return Caller(identity=None, is_owner=False, scopes=scopes, key=key)

    def _by_identity(self, request: web.Request, address: ClientAddress) -> Caller:
        identity = None
        if self._mode == "trusted-proxy":
            identity = vouched_user(self._trusted_proxy, address, request.headers)
            if identity is None:
                raise Unauthorized
        scopes = narrowed(request.headers.get(SCOPES_HEADER))
        return Caller(identity=identity, is_owner=False, scopes=scopes)
