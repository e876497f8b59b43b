"""`egress` and the other lists of hosts are checked at start."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from openclaw_common.runtime.config import LoadedConfig

Load = Callable[..., LoadedConfig]


def test_trusted_hosts_and_ports_are_read(load: Load) -> None:
    egress = load(
        {"egress": {"allowPrivateHosts": ["search.corp:8080", "*.wiki.corp"], "ports": [443]}}
    ).config.egress
    assert egress.allow_private_hosts == ("search.corp:8080", "*.wiki.corp")
    assert egress.ports == (443,)


@pytest.mark.parametrize("host", ["http://search.corp", "10.0.0.0/8", "127.1", "search.corp:0"])
def test_what_is_no_host_is_told_with_its_place(
    problems: Callable[..., list[str]], host: str
) -> None:
    (told,) = problems({"egress": {"allowPrivateHosts": [host]}})
    assert told.startswith("egress.allowPrivateHosts: ")
    assert host in told


def test_the_hosts_of_images_are_checked_too(problems: Callable[..., list[str]]) -> None:
    images = {"allowUrl": True, "urlAllowlist": ["https://cdn.example.org"]}
    (told,) = problems(
        {"gateway": {"http": {"endpoints": {"chatCompletions": {"images": images}}}}}
    )
    assert told.startswith("gateway.http.endpoints.chatCompletions.images.urlAllowlist: ")


@pytest.mark.parametrize(
    ("settings", "place"),
    [
        ({"ports": [70000]}, "egress.ports[0]"),
        ({"timeoutMs": 0}, "egress.timeoutMs"),
        ({"timeoutMs": 1000, "readTimeoutMs": 2000}, "egress.readTimeoutMs"),
    ],
)
def test_limits_out_of_range_are_told(
    problems: Callable[..., list[str]], settings: dict[str, Any], place: str
) -> None:
    (told,) = problems({"egress": settings})
    assert told.startswith(f"{place}: ")


def test_a_short_limit_bounds_the_limits_within_it(load: Load) -> None:
    egress = load({"egress": {"timeoutMs": 1000}}).config.egress
    assert (egress.connect_timeout_ms, egress.read_timeout_ms) == (1000, 1000)
