"""Nothing of the corpus gets as far as a connection."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from pathlib import Path

import pytest

from openclaw_common.runtime.config.egress import Egress as EgressLimits
from openclaw_common.runtime.egress import errors, fetch
from openclaw_common.runtime.egress.fetch import Egress, FetchRules

CORPUS = Path(__file__).parent / "data" / "hostile_urls.txt"
ANYTHING = FetchRules(("text/*",), max_bytes=1000, max_redirects=0, timeout_s=5)
PUBLIC = "93.184.215.14"
RESOLVES_TO = {
    "public.example": [PUBLIC],
    "mixed.example": [PUBLIC, "10.0.0.1"],
    "mapped.example": ["::ffff:127.0.0.1"],
    "linklocal6.example": ["fe80::1"],
    "nat64.example": ["64:ff9b::7f00:1"],
    "scoped.example": ["fe80::1%eth0"],
    "unspecified.example": ["0.0.0.0"],
}


def corpus() -> list[tuple[str, str]]:
    lines = CORPUS.read_text(encoding="ascii").splitlines()
    rows = [line.split("\t") for line in lines if line and not line.startswith("#")]
    return [(kind, url.encode().decode("unicode_escape")) for kind, url in rows]


async def like_the_system(host: str, port: int) -> Sequence[str]:
    """What getaddrinfo makes of numbers; names that nobody knows are the loopback."""
    try:
        found = socket.getaddrinfo(host, port, flags=socket.AI_NUMERICHOST)
    except OSError:
        return RESOLVES_TO.get(host, ["127.0.0.1"])
    return [str(sockaddr[0]) for *_, sockaddr in found]


def test_the_corpus_is_large_and_has_no_row_twice() -> None:
    urls = [url for _, url in corpus()]
    assert len(urls) == len(set(urls)) >= 150


@pytest.mark.parametrize(("kind", "url"), corpus())
async def test_it_is_refused_before_any_connection(
    kind: str, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[object] = []
    monkeypatch.setattr(fetch, "pinned_connector", lambda *arguments: opened.append(arguments))
    egress = Egress(EgressLimits(), resolve=like_the_system)
    with pytest.raises(getattr(errors, kind)) as refused:
        await egress.fetch(url, ANYTHING)
    assert opened == []
    assert "127.0.0.1" not in str(refused.value)


@pytest.mark.parametrize("url", [url for _, url in corpus()])
async def test_a_public_page_that_redirects_there_leads_nowhere_else(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some rows are paths to a redirect, and stay on the host that was checked."""
    followed: list[fetch.Target] = []

    async def redirecting(self: Egress, target: fetch.Target, rules: FetchRules) -> str:
        await self._policy.addresses(target)
        followed.append(target)
        return url

    monkeypatch.setattr(Egress, "_request", redirecting)
    rules = FetchRules(("text/*",), max_bytes=1000, max_redirects=1, timeout_s=5)
    with pytest.raises(errors.EgressError):
        await Egress(EgressLimits(), resolve=like_the_system).fetch(
            "http://public.example/start", rules
        )
    assert {(target.host, target.port) for target in followed} == {("public.example", 80)}
