"""Every step of a redirect is checked like the first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from openclaw_common.runtime.egress.errors import (
    AddressRefused,
    EgressError,
    RedirectRefused,
    UrlRefused,
)
from openclaw_common.runtime.egress.fetch import Egress
from openclaw_common.runtime.egress.hosts import HostPattern
from tests.integration.egress.conftest import PUBLIC_HOST, TEXT, Names, Site

Page = Callable[[str], str]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirects_on_public_hosts_are_followed(
    egress: Egress, public: Site, page: Page, status: int
) -> None:
    public.redirect("/a", "/b?c=d#e", status)
    public.text("/b", "here")
    fetched = await egress.fetch(page("/a"), TEXT)
    assert (fetched.body, fetched.url) == (b"here", page("/b?c=d"))


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "127.0.0.1.",
        "[::ffff:127.0.0.1]",
        "[::1]",
        "0.0.0.0",
        "inside.example",
        "unknown.example",
    ],
)
@pytest.mark.parametrize("hops", [1, 3])
async def test_a_chain_that_ends_inside_is_refused(
    egress: Egress, public: Site, inside: Site, page: Page, names: Names, host: str, hops: int
) -> None:
    names.answers["inside.example"] = [["127.0.0.1"]]
    inside.text("/secret", "secret")
    for hop in range(hops):
        public.redirect(f"/{hop}", f"/{hop + 1}")
    public.redirect(f"/{hops - 1}", f"http://{host}:{inside.port}/secret")
    with pytest.raises(EgressError, match=r"^This host has no public address\.$"):
        await egress.fetch(page("/0"), TEXT)
    assert inside.asked == []


@pytest.mark.parametrize("address", ["2130706433", "0x7f000001", "127.1", "0177.0.0.1"])
async def test_a_redirect_to_a_number_is_refused(
    egress: Egress, public: Site, inside: Site, page: Page, address: str
) -> None:
    public.redirect("/a", f"http://{address}:{inside.port}/")
    with pytest.raises(UrlRefused):
        await egress.fetch(page("/a"), TEXT)
    assert inside.asked == []


@pytest.mark.parametrize(
    "location",
    [
        "http://169.254.169.254/latest/meta-data/",
        "//169.254.169.254/latest/meta-data/",
        "http://metadata.google.internal/",
    ],
)
async def test_a_redirect_to_a_metadata_service_is_refused(
    egress: Egress, public: Site, page: Page, location: str
) -> None:
    public.redirect("/a", location.replace(".254/", f".254:{public.port}/"))
    with pytest.raises((AddressRefused, UrlRefused)):
        await egress.fetch(page("/a"), TEXT)


@pytest.mark.parametrize(
    "location",
    [
        "file:///etc/passwd",
        "gopher://127.0.0.1:6379/_FLUSHALL",
        "http://user:password@public.example/",
        "http://public.example:6379/",
        "data:text/plain,x",
        "http://[::1",
    ],
)
async def test_a_redirect_to_what_no_url_may_be_is_refused(
    egress: Egress, public: Site, page: Page, location: str
) -> None:
    public.redirect("/a", location)
    with pytest.raises((UrlRefused, RedirectRefused)):
        await egress.fetch(page("/a"), TEXT)
    assert len(public.asked) == 1


async def test_a_redirect_without_a_target_is_refused(
    egress: Egress, public: Site, page: Page
) -> None:
    public.redirect("/a", "")
    with pytest.raises(RedirectRefused, match="without saying where"):
        await egress.fetch(page("/a"), TEXT)


async def test_a_loop_ends_at_the_limit(egress: Egress, public: Site, page: Page) -> None:
    public.redirect("/a", "/a")
    with pytest.raises(RedirectRefused, match="more than 3 times"):
        await egress.fetch(page("/a"), TEXT)
    assert len(public.asked) == 4


async def test_a_list_of_hosts_holds_for_redirects_too(
    egress: Egress, public: Site, page: Page, names: Names
) -> None:
    names.answers["other.example"] = names.answers[PUBLIC_HOST]
    public.redirect("/a", f"http://other.example:{public.port}/b")
    public.text("/b", "here")
    rules = replace(TEXT, hosts=(HostPattern.parse(PUBLIC_HOST),))
    with pytest.raises(UrlRefused, match="not one of those"):
        await egress.fetch(page("/a"), rules)
    assert (await egress.fetch(page("/b"), rules)).body == b"here"
