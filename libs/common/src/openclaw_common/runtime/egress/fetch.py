"""The guarded fetch, and the guarded POST.

    URL → parsed once → host resolved once, every address checked → connection to those addresses
        → redirect: the same again, from the start → media type → body under a cap

A POST goes the same way, but follows no redirect and takes every status for an answer. Nothing of
ours goes along: no cookies, no credentials, no Referer, no proxy of the environment.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass
from typing import Final, TypeVar

import aiohttp
from yarl import URL

from openclaw_common.runtime.config.egress import Egress as EgressLimits
from openclaw_common.runtime.egress.addressing import (
    AddressPolicy,
    Resolve,
    pinned_connector,
    system_resolve,
)
from openclaw_common.runtime.egress.body import ACCEPT_ENCODING, read_body, require_type
from openclaw_common.runtime.egress.errors import (
    BadStatus,
    EgressError,
    RedirectRefused,
    TimedOut,
    Unanswered,
    Unreachable,
    UrlRefused,
)
from openclaw_common.runtime.egress.hosts import HostPattern, matches_any
from openclaw_common.runtime.egress.response import BoundedResponse
from openclaw_common.runtime.egress.urls import Target, parse_target

USER_AGENT: Final = "OpenClaw-Gateway (+https://openclaw.ai)"
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
Result = TypeVar("Result")

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class FetchRules:
    """What one fetch may take and bring.

    `content_types` are media types, or `text/*` for all of a kind. `hosts` are the only hosts that
    may be asked, redirects included; None for any. `cut` keeps the first `max_bytes` of a longer
    body instead of raising TooLarge. `timeout_s` may only shorten the configured limit.
    """

    content_types: tuple[str, ...]
    max_bytes: int
    max_redirects: int
    timeout_s: float
    hosts: tuple[HostPattern, ...] | None = None
    cut: bool = False


@dataclass(frozen=True, slots=True)
class Fetched:
    """A successful answer: the URL it came from after redirects, and its decoded body."""

    url: str
    media_type: str
    charset: str | None
    body: bytes
    cut: bool


@dataclass(frozen=True, slots=True)
class Posted:
    """What a POST was answered: any status, and as much of the body as was asked for."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Egress:
    """Fetches URLs of strangers; safe to use from many tasks.

    `resolve` looks names up; `tls` verifies https hosts, in place of the
    system's authorities.
    """

    def __init__(
        self,
        limits: EgressLimits,
        *,
        resolve: Resolve = system_resolve,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._limits = limits
        self._policy = AddressPolicy(
            trusted=tuple(map(HostPattern.parse, limits.allow_private_hosts)),
            ports=frozenset(limits.ports),
            resolve=resolve,
        )
        self._tls = tls
        self._slots = asyncio.Semaphore(limits.max_concurrent)

    async def fetch(self, url: str, rules: FetchRules) -> Fetched:
        """Return the answer to a GET of `url`; raises EgressError."""
        try:
            # Outside of the slots too, so that waiting for one is bounded.
            async with asyncio.timeout(min(rules.timeout_s, self._limits.timeout_ms / 1000)):
                async with self._slots:
                    return await self._follow(url, rules)
        except TimeoutError:
            raise TimedOut from None
        except EgressError as refused:
            logger.info("egress_refused", extra={"reason": type(refused).__name__})
            raise

    async def post(
        self,
        url: str,
        body: bytes,
        headers: Mapping[str, str],
        *,
        timeout_s: float,
        max_bytes: int,
    ) -> Posted:
        """Return the answer to one POST, with at most `max_bytes` of its body.

        `timeout_s` may only shorten the configured limit. Raises EgressError, which is Unanswered
        where `body` may have arrived.
        """
        deadline = min(timeout_s, self._limits.timeout_ms / 1000)
        try:
            return await self._post(url, body, headers, deadline, max_bytes)
        except EgressError as refused:
            logger.info("egress_refused", extra={"reason": type(refused).__name__})
            raise

    async def _post(
        self, url: str, body: bytes, headers: Mapping[str, str], timeout_s: float, max_bytes: int
    ) -> Posted:
        target = parse_target(url)
        ends = asyncio.get_running_loop().time() + timeout_s
        await _by(ends, self._slots.acquire())
        try:
            addresses = await _by(ends, self._policy.addresses(target))
            connector = pinned_connector(target, addresses, self._tls)
            async with (
                asyncio.timeout_at(ends),
                self._session(connector) as session,
                session.post(
                    target.url,
                    data=body,
                    headers={"User-Agent": USER_AGENT, "Accept-Encoding": "identity", **headers},
                    allow_redirects=False,
                ) as response,
            ):
                said = await response.content.read(max_bytes)
                return Posted(response.status, response.headers, said)
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError):
            raise Unreachable from None
        except (TimeoutError, aiohttp.ClientError, OSError, ValueError):
            raise Unanswered from None
        finally:
            self._slots.release()

    async def _follow(self, url: str, rules: FetchRules) -> Fetched:
        target = parse_target(url)
        for _ in range(rules.max_redirects + 1):
            answer = await self._request(target, rules)
            if isinstance(answer, Fetched):
                return answer
            target = _redirected(target, answer)
        raise RedirectRefused(f"The host redirects more than {rules.max_redirects} times.")

    async def _request(self, target: Target, rules: FetchRules) -> Fetched | str:
        """Return the answer, or where it redirects to."""
        if rules.hosts is not None and not matches_any(rules.hosts, target.host, target.port):
            raise UrlRefused("This host is not one of those that may be fetched from.")
        addresses = await self._policy.addresses(target)
        try:
            async with (
                self._session(pinned_connector(target, addresses, self._tls)) as session,
                session.get(target.url, headers=_headers(rules), allow_redirects=False) as response,
            ):
                return await self._answer(target, response, rules)
        except TimeoutError:
            raise TimedOut from None
        except (aiohttp.ClientError, OSError, ValueError):
            raise Unreachable from None

    def _session(self, connector: aiohttp.TCPConnector) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            response_class=BoundedResponse,
            auto_decompress=False,
            trust_env=False,
            timeout=aiohttp.ClientTimeout(
                total=None,
                connect=self._limits.connect_timeout_ms / 1000,
                sock_read=self._limits.read_timeout_ms / 1000,
            ),
        )

    async def _answer(
        self, target: Target, response: aiohttp.ClientResponse, rules: FetchRules
    ) -> Fetched | str:
        if response.status in _REDIRECTS:
            return response.headers.get("Location", "")
        if not 200 <= response.status < 300:
            raise BadStatus(response.status)
        media_type = require_type(response.headers.get("Content-Type", ""), rules.content_types)
        body, cut = await read_body(
            response.content.iter_any(),
            response.headers.get("Content-Encoding", ""),
            max_bytes=rules.max_bytes,
            cut=rules.cut,
        )
        return Fetched(str(target.url), media_type, response.charset, body, cut)


async def _by(ends: float, result: Awaitable[Result]) -> Result:
    try:
        async with asyncio.timeout_at(ends):
            return await result
    except TimeoutError:
        raise TimedOut from None


def _headers(rules: FetchRules) -> dict[str, str]:
    return {
        "User-Agent": USER_AGENT,
        "Accept": ", ".join(rules.content_types),
        "Accept-Encoding": ACCEPT_ENCODING,
    }


def _redirected(target: Target, location: str) -> Target:
    if not location:
        raise RedirectRefused("The host redirects without saying where to.")
    try:
        joined = str(target.url.join(URL(location)))
    except ValueError:
        raise RedirectRefused("The host redirects to something that is no URL.") from None
    following = parse_target(joined)
    if (target.scheme, following.scheme) == ("https", "http"):
        raise RedirectRefused("The host redirects from https to http.")
    return following
