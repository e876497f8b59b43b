"""https hosts prove their name, though they are connected to by a pinned address."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from openclaw_common.runtime.config.egress import Egress as EgressLimits
from openclaw_common.runtime.egress.errors import RedirectRefused, Unreachable
from openclaw_common.runtime.egress.fetch import Egress
from tests.integration.egress.certificates import contexts
from tests.integration.egress.conftest import PUBLIC_ADDRESS, PUBLIC_HOST, TEXT, Names, Site


@pytest.fixture
def tls(tmp_path: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """The contexts of a server called PUBLIC_HOST and of a client who trusts it."""
    return contexts(tmp_path, PUBLIC_HOST)


@pytest.fixture
async def secure(
    public: Site, names: Names, tls: tuple[ssl.SSLContext, ssl.SSLContext]
) -> AsyncIterator[int]:
    """The port of an https server with `/` and, at `/down`, a redirect to http."""

    async def page(request: web.Request) -> web.Response:
        return web.Response(text="secure")

    async def down(request: web.Request) -> web.Response:
        location = f"http://{PUBLIC_HOST}:{public.port}/"
        return web.Response(status=302, headers={"Location": location})

    names.answers["other.example"] = [[PUBLIC_ADDRESS]]
    app = web.Application()
    app.router.add_get("/", page)
    app.router.add_get("/down", down)
    server = TestServer(app, host=PUBLIC_ADDRESS, scheme="https")
    await server.start_server(ssl=tls[0])
    yield server.port or 0
    await server.close()


@pytest.fixture
def egress(
    secure: int, public: Site, names: Names, tls: tuple[ssl.SSLContext, ssl.SSLContext]
) -> Egress:
    """An egress that trusts the authority of the server."""
    return Egress(EgressLimits(ports=(secure, public.port)), resolve=names, tls=tls[1])


async def test_a_host_with_the_right_certificate_is_read(egress: Egress, secure: int) -> None:
    assert (await egress.fetch(f"https://{PUBLIC_HOST}:{secure}/", TEXT)).body == b"secure"


async def test_a_certificate_of_another_name_is_refused(egress: Egress, secure: int) -> None:
    with pytest.raises(Unreachable):
        await egress.fetch(f"https://other.example:{secure}/", TEXT)


async def test_an_unknown_authority_is_refused(secure: int, names: Names) -> None:
    egress = Egress(EgressLimits(ports=(secure,)), resolve=names)
    with pytest.raises(Unreachable):
        await egress.fetch(f"https://{PUBLIC_HOST}:{secure}/", TEXT)


async def test_a_redirect_from_https_to_http_is_refused(
    egress: Egress, public: Site, secure: int
) -> None:
    with pytest.raises(RedirectRefused, match="from https to http"):
        await egress.fetch(f"https://{PUBLIC_HOST}:{secure}/down", TEXT)
    assert public.asked == []


async def test_a_redirect_from_http_to_https_is_followed(
    egress: Egress, public: Site, secure: int
) -> None:
    public.redirect("/", f"https://{PUBLIC_HOST}:{secure}/")
    assert (await egress.fetch(f"http://{PUBLIC_HOST}:{public.port}/", TEXT)).body == b"secure"
