"""A channel of somebody else's package is found by its entry point and passes the suite."""

from __future__ import annotations

import logging
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, ClassVar

import orjson
import pytest
from aiohttp import web

from openclaw_channels.base import Bucket, ChannelPlugin, Part, RateLimited, Receipt
from openclaw_channels.conformance import ChannelConformance, Trial
from openclaw_channels.registry import load_channels
from openclaw_common.contracts.delivery import Destination
from tests.fakes.channels.platform import FakePlatform, Fault, FaultKind, Offer, json_response
from tests.integration.channels.trials import account, arranged, channel_context

PACKAGE = Path(__file__).parent / "third_party"
TOKEN = "pager-token"
METADATA = "Metadata-Version: 2.1\nName: openclaw-channel-pager\nVersion: 1.0\n"
ENTRY_POINTS = "[openclaw.channels]\npager = openclaw_channel_pager:PLUGIN\n"


class FakePager(FakePlatform):
    """The pager company."""

    idempotent: ClassVar[bool] = False

    def add_routes(self, router: web.UrlDispatcher) -> None:
        """Add the one endpoint."""
        router.add_post("/", self._page)

    def refusal(self, fault: Fault) -> web.Response:
        """Answer with a status."""
        statuses = {FaultKind.RATE_LIMIT: 429, FaultKind.SERVER_ERROR: fault.status}
        headers = {"Retry-After": str(fault.retry_after_s)}
        return web.Response(
            status=statuses.get(fault.kind, int(fault.code or 404)), headers=headers
        )

    async def _page(self, request: web.Request) -> web.StreamResponse:
        body: dict[str, Any] = orjson.loads(await request.read())
        offer = Offer(body["to"], None, body["text"], raw=body)
        return await self.settle(request, offer, lambda taken: json_response({"id": taken.number}))


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Install the package, as pip would lay it out."""
    shutil.copytree(PACKAGE, tmp_path, dirs_exist_ok=True)
    info = tmp_path / "openclaw_channel_pager-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(METADATA)
    (info / "entry_points.txt").write_text(ENTRY_POINTS)
    monkeypatch.syspath_prepend(str(tmp_path))


@pytest.fixture
def plugin(installed: None) -> ChannelPlugin:
    return load_channels()["pager"]


@pytest.fixture
async def trial(plugin: ChannelPlugin) -> AsyncIterator[Trial]:
    """Return a trial of the package against the pager company."""
    async with FakePager() as pager, channel_context() as context:
        yield Trial(
            plugin=plugin,
            account=account("pager", url=pager.base_url, token=TOKEN),
            context=context,
            destination=Destination("pager", "pager:1"),
            other=Destination("pager", "2"),
            targets={"1": ("1", None), "pager:12": ("12", None)},
            malformed=["telegram:1", "one", "pager:"],
            limit=160,
            length=len,
            secrets=[TOKEN],
            arrange=lambda failure: arranged(pager, failure, Fault.permanent("401")),
        )


class TestPager(ChannelConformance):
    """The suite, with the fixture of this file."""


async def _leaks(self: Any, destination: Destination, part: Part, *, send_key: str) -> Receipt:
    raise RateLimited(f"{TOKEN} is used up", retry_after_s=1)


async def _never_fails(
    self: Any, destination: Destination, part: Part, *, send_key: str
) -> Receipt:
    return Receipt("1")


async def _always(self: Any, destination: Destination, part: Part) -> bool:
    return True


async def _logs(self: Any, destination: Destination, part: Part, *, send_key: str) -> Receipt:
    logging.getLogger("pager").debug("sending with %s", TOKEN)
    return Receipt("1")


@pytest.mark.parametrize(
    ("attribute", "broken", "test"),
    [
        ("send", _leaks, "test_secrets_are_in_no_error"),
        ("send", _logs, "test_secrets_are_in_no_log_line"),
        ("send", _never_fails, "test_each_failure_is_told_apart"),
        ("parts", lambda self, message: [Part(message.text)], "test_parts_are_within_the_limit"),
        ("parts", lambda self, message: [Part(" ")], "test_parts_are_within_the_limit"),
        ("parts", lambda self, message: [Part(str(id(self)))], "test_equal_messages_give_equal"),
        ("buckets", lambda self, destination: [], "test_buckets_are_sane"),
        ("buckets", lambda self, destination: [Bucket("all", 1)], "test_buckets_are_sane"),
        ("__repr__", lambda self: f"Pager({TOKEN})", "test_secrets_are_in_no_repr"),
        ("repeats_safely", _always, "test_a_known_send_key_is_not_sent_twice"),
    ],
)
async def test_the_suite_finds_what_is_wrong(
    trial: Trial, monkeypatch: pytest.MonkeyPatch, attribute: str, broken: object, test: str
) -> None:
    monkeypatch.setattr(type(trial.channel()), attribute, broken)
    suite = ChannelConformance()
    (found,) = [getattr(suite, name) for name in dir(suite) if name.startswith(test)]
    with pytest.raises(AssertionError):
        await found(trial)
