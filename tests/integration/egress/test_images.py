"""An image that a client names by URL is fetched by us, and reaches the model as data."""

from __future__ import annotations

import struct
import zlib
from base64 import b64decode, b64encode
from collections.abc import Callable
from typing import Any

import pytest
from aiohttp import web

from openclaw_agent_worker.image_urls import ImageUrls
from openclaw_common.contracts.errors import InvalidRequest
from openclaw_common.contracts.run import Image
from openclaw_common.runtime.config.http import Images as ImageLimits
from openclaw_common.runtime.egress.fetch import Egress
from tests.integration.egress.conftest import PUBLIC_HOST, Site

Page = Callable[[str], str]


def png(extra: bytes = b"") -> bytes:
    """Return a PNG of one pixel."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
    pixel = chunk(b"IDAT", zlib.compress(b"\0\0"))
    return b"\x89PNG\r\n\x1a\n" + header + pixel + chunk(b"IEND", b"") + extra


PNG = png()


def serve(public: Site, path: str, body: bytes, content_type: str = "image/png") -> None:
    @public(path)
    async def image(request: web.Request) -> web.Response:
        return web.Response(body=body, headers={"Content-Type": content_type})


async def load(egress: Egress, *urls: str, **limits: Any) -> tuple[Image, ...]:
    images = [Image("image/*", url=url) for url in urls]
    return await ImageUrls(egress, ImageLimits(allow_url=True, **limits)).loaded(images)


async def refused(egress: Egress, *urls: str, **limits: Any) -> None:
    with pytest.raises(InvalidRequest) as error:
        await load(egress, *urls, **limits)
    assert error.value.body.status == 400
    assert error.value.body.message == "Invalid image_url content in `messages`."


@pytest.mark.parametrize("content_type", ["image/png", "image/jpeg", "application/octet-stream"])
async def test_its_bytes_say_what_it_is(
    egress: Egress, public: Site, page: Page, content_type: str
) -> None:
    serve(public, "/a", PNG, content_type)
    (image,) = await load(egress, page("/a"))
    assert (image.mime, image.url) == ("image/png", None)
    assert b64decode(image.data or "") == PNG


async def test_images_keep_their_order_and_data_stays_as_it_is(
    egress: Egress, public: Site, page: Page
) -> None:
    serve(public, "/a", PNG)
    given = Image("image/gif", data=b64encode(b"GIF89a").decode())
    limits = ImageLimits(allow_url=True)
    loaded = await ImageUrls(egress, limits).loaded(
        [given, Image("image/*", url=page("/a")), given]
    )
    assert [image.mime for image in loaded] == ["image/gif", "image/png", "image/gif"]
    assert loaded[0] == loaded[2] == given


async def test_redirects_are_followed_as_far_as_configured(
    egress: Egress, public: Site, page: Page
) -> None:
    serve(public, "/b", PNG)
    public.redirect("/a", "/b")
    assert (await load(egress, page("/a"), max_redirects=1))[0].mime == "image/png"
    await refused(egress, page("/a"), max_redirects=0)


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"<html>", "text/html"),
        (b"<svg/>", "image/svg+xml"),
        (b"plain", "application/octet-stream"),
        (b"", "image/png"),
        (b"%PDF-1.7", "application/octet-stream"),
    ],
)
async def test_what_is_no_allowed_image_is_refused(
    egress: Egress, public: Site, page: Page, body: bytes, content_type: str
) -> None:
    serve(public, "/a", body, content_type)
    await refused(egress, page("/a"))


async def test_the_bytes_must_be_of_an_allowed_kind_too(
    egress: Egress, public: Site, page: Page
) -> None:
    serve(public, "/a", PNG, "image/jpeg")
    await refused(egress, page("/a"), allowed_mimes=("image/jpeg",))


async def test_one_that_is_too_large_is_refused(egress: Egress, public: Site, page: Page) -> None:
    serve(public, "/a", png(bytes(1000)))
    await refused(egress, page("/a"), max_bytes=1000)


async def test_all_together_have_a_limit(egress: Egress, public: Site, page: Page) -> None:
    serve(public, "/a", PNG)
    size = len(PNG)
    together = {"max_bytes": size, "max_total_bytes": 2 * size}
    assert len(await load(egress, page("/a"), page("/a"), **together)) == 2
    await refused(egress, page("/a"), page("/a"), page("/a"), **together)


async def test_data_counts_towards_the_limit_of_all(
    egress: Egress, public: Site, page: Page
) -> None:
    serve(public, "/a", PNG)
    given = Image("image/png", data=b64encode(PNG).decode())
    limits = ImageLimits(allow_url=True, max_bytes=len(PNG), max_total_bytes=2 * len(PNG) - 1)
    with pytest.raises(InvalidRequest):
        await ImageUrls(egress, limits).loaded([Image("image/*", url=page("/a")), given])


async def test_only_listed_hosts_are_asked(egress: Egress, public: Site, page: Page) -> None:
    serve(public, "/a", PNG)
    assert await load(egress, page("/a"), url_allowlist=(PUBLIC_HOST,))
    await refused(egress, page("/a"), url_allowlist=("cdn.example", f"*.{PUBLIC_HOST}"))


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:{port}/secret",
        "http://localhost:{port}/secret",
        "http://[::ffff:127.0.0.1]:{port}/secret",
        "http://2130706433:{port}/secret",
        "http://inside.example:{port}/secret",
    ],
)
async def test_a_place_inside_is_refused(egress: Egress, inside: Site, url: str) -> None:
    serve(inside, "/secret", PNG)
    await refused(egress, url.format(port=inside.port))
    assert inside.asked == []


async def test_a_redirect_inside_is_refused(
    egress: Egress, public: Site, inside: Site, page: Page
) -> None:
    serve(inside, "/secret", PNG)
    public.redirect("/a", f"http://127.0.0.1:{inside.port}/secret")
    await refused(egress, page("/a"))
    assert inside.asked == []


async def test_without_leave_nothing_is_fetched(egress: Egress, public: Site, page: Page) -> None:
    serve(public, "/a", PNG)
    with pytest.raises(InvalidRequest):
        await ImageUrls(egress, ImageLimits()).loaded([Image("image/*", url=page("/a"))])
    assert public.asked == []
