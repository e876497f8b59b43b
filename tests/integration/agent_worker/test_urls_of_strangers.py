"""What a run does with URLs that a client or its model names."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from openclaw_common.contracts.run import Image, RunStatus
from tests.integration.agent_worker.conftest import SESSION, Bench
from tests.integration.agent_worker.step_provider import Step, StepProvider

PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture
async def site() -> AsyncIterator[TestServer]:
    """A server of the inside that the configuration trusts by name."""

    async def image(request: web.Request) -> web.Response:
        return web.Response(body=PNG, content_type="image/png")

    async def page(request: web.Request) -> web.Response:
        return web.Response(text="<h1>Tea</h1><p>Hot.</p>", content_type="text/html")

    app = web.Application()
    app.router.add_get("/image", image)
    app.router.add_get("/page", page)
    async with TestServer(app, host="127.0.0.1") as server:
        yield server


@pytest.fixture
async def provider() -> AsyncIterator[StepProvider]:
    async with StepProvider() as provider:
        yield provider


@pytest.fixture
def sections(provider: StepProvider, site: TestServer) -> dict[str, Any]:
    return {
        "agents": {"defaults": {"model": "own/m"}},
        "models": {"providers": {"own": {"baseUrl": provider.base_url}}},
        "tools": {"profile": "full"},
        "egress": {"allowPrivateHosts": [f"127.0.0.1:{site.port}"]},
        "gateway": {
            "http": {"endpoints": {"chatCompletions": {"images": {"allowUrl": True}}}},
        },
    }


async def test_an_image_by_url_reaches_the_provider_as_data(
    bench: Bench, provider: StepProvider, site: TestServer
) -> None:
    provider.steps = [Step("A dot.")]
    url = str(site.make_url("/image"))
    record, _ = await bench.run("What is it?", images=(Image("image/*", url=url),))
    assert record.status is RunStatus.COMPLETED
    sent = orjson.dumps(provider.requests[0]).decode()
    assert f"data:image/png;base64,{b64encode(PNG).decode()}" in sent
    assert url not in sent


@pytest.mark.parametrize("host", ["localhost", "169.254.169.254", "[::1]", "10.0.0.1"])
async def test_an_image_of_the_inside_fails_the_run_as_a_bad_request(
    bench: Bench, provider: StepProvider, host: str
) -> None:
    record, events = await bench.run("Look", images=(Image("image/*", url=f"http://{host}/a"),))
    assert record.status is RunStatus.FAILED
    assert record.error is not None
    assert (record.error.status, record.error.type) == (400, "invalid_request_error")
    assert record.error.message == "Invalid image_url content in `messages`."
    assert events[-1].type == "run.failed"
    assert provider.requests == []


async def test_an_image_does_not_outlive_its_turn_in_the_transcript(
    bench: Bench, provider: StepProvider, site: TestServer
) -> None:
    provider.steps = [Step("A dot."), Step("You are welcome.")]
    image = Image("image/*", url=str(site.make_url("/image")))
    await bench.run("What is it?", session_key=SESSION, ephemeral=False, images=(image,))
    await bench.run("Thanks", session_key=SESSION, ephemeral=False)
    later = orjson.dumps(provider.requests[1]).decode()
    assert "[image: image/png]" in later
    assert b64encode(PNG).decode() not in later


async def test_the_model_reads_a_page_that_it_asked_for(
    bench: Bench, provider: StepProvider, site: TestServer
) -> None:
    arguments = orjson.dumps({"url": str(site.make_url("/page"))}).decode()
    provider.steps = [Step("", (("web_fetch", arguments),)), Step("It is hot.")]
    record, _ = await bench.run("Read it")
    (result,) = provider.results(1)
    assert "# Tea\nHot." in result
    assert result.startswith("SECURITY NOTICE")
    assert record.result is not None
    assert record.result.output == "It is hot."


async def test_the_model_is_told_that_a_place_inside_is_closed(
    bench: Bench, provider: StepProvider
) -> None:
    arguments = orjson.dumps({"url": "http://169.254.169.254/latest/meta-data/"}).decode()
    provider.steps = [Step("", (("web_fetch", arguments),)), Step("I could not.")]
    await bench.run("Read it")
    (result,) = provider.results(1)
    assert result == "Error: The page was not fetched: This host has no public address."
