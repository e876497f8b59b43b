"""`/openapi.json` and `/docs`, as they are served, and the API held against its document."""

from __future__ import annotations

import asyncio
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from openclaw_common.runtime.config import Config
from tests.integration.ingress_base.running import make_config, running
from tests.integration.ingress_docs.fuzzed import fuzzed, schemathesis

EXTERNAL = {"src", "srcset", "data", "action", "style", "background", "poster"}

SHORT = ("--phases", "fuzzing", "--max-examples", "4")


class Links(HTMLParser):
    """The attributes and elements of a page that could load or run something."""

    def __init__(self) -> None:
        super().__init__()
        self.elements: set[str] = set()
        self.anchors: set[str] = set()
        self.hrefs: list[str] = []
        self.loading: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.add(tag)
        for name, value in attrs:
            if name == "href":
                self.hrefs.append(value or "")
            elif name == "id":
                self.anchors.add(value or "")
            elif name in EXTERNAL or name.startswith("on"):
                self.loading.append(name)


@pytest.fixture
def config(valkey_url: str) -> Config:
    return make_config(valkey_url)


async def test_the_document_is_served_without_a_key(config: Config) -> None:
    async with running(config) as ingress:
        response, document = await ingress.ask("/openapi.json")
    assert (response.status, response.content_type) == (200, "application/json")
    assert document["openapi"] == "3.1.1"
    assert "/v1/runs" in document["paths"]
    assert "/v1/responses" not in document["paths"]


async def test_the_page_lists_every_operation_and_schema(config: Config) -> None:
    async with running(config) as ingress:
        _, document = await ingress.ask("/openapi.json")
        response, page = await ingress.ask("/docs")
    assert (response.status, response.content_type) == (200, "text/html")
    links = Links()
    links.feed(page)
    operations = [each for path in document["paths"].values() for each in path.values()]
    wanted = {each["operationId"] for each in operations} | set(document["components"]["schemas"])
    assert wanted <= links.anchors
    assert {href[1:] for href in links.hrefs if href.startswith("#")} <= links.anchors


async def test_the_page_loads_and_runs_nothing(config: Config) -> None:
    async with running(config) as ingress:
        response, page = await ingress.ask("/docs")
    policy = response.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    links = Links()
    links.feed(page)
    assert links.elements.isdisjoint({"script", "link", "img", "iframe", "object", "embed", "form"})
    assert links.loading == []
    assert [href for href in links.hrefs if not re.match(r"#|/openapi\.json\Z", href)] == []


async def test_turned_off_both_are_unknown_paths(valkey_url: str) -> None:
    http: dict[str, Any] = {"http": {"docs": False}}
    async with running(make_config(valkey_url, gateway=http)) as ingress:
        answers = [await ingress.ask(path) for path in ("/openapi.json", "/docs")]
    assert [response.status for response, _ in answers] == [404, 404]


async def test_generated_requests_find_nothing_that_the_document_does_not_say(
    valkey_url: str, tmp_path: Path
) -> None:
    async with asyncio.timeout(100), fuzzed(valkey_url) as gateway:
        status, report = await schemathesis(gateway, *SHORT, "--seed", "1", folder=tmp_path)
    assert status == 0, report
