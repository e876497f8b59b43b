"""Image URLs of hosts that the operator trusts by name."""

from __future__ import annotations

import pytest

from openclaw_common.contracts.errors import InvalidRequest
from openclaw_common.contracts.run import Image
from openclaw_common.runtime.config.http import Images
from openclaw_common.runtime.egress.hosts import HostPattern
from openclaw_ingress.schemas.images import ANY_IMAGE, parse_images

TRUSTED = (HostPattern.parse("media.corp:8080"), HostPattern.parse("10.0.0.5"))
LIMITS = Images(allow_url=True)


@pytest.mark.parametrize("url", ["http://media.corp:8080/a.png", "http://10.0.0.5/a.png"])
def test_a_trusted_private_host_passes(url: str) -> None:
    assert parse_images([url], LIMITS, TRUSTED) == (Image(ANY_IMAGE, url=url),)


@pytest.mark.parametrize("url", ["http://media.corp/a.png", "http://10.0.0.6/a.png"])
def test_another_port_or_host_does_not(url: str) -> None:
    with pytest.raises(InvalidRequest):
        parse_images([url], LIMITS, TRUSTED)


def test_trust_does_not_stand_in_for_the_allowlist() -> None:
    limits = Images(allow_url=True, url_allowlist=("cdn.example.org",))
    with pytest.raises(InvalidRequest):
        parse_images(["http://10.0.0.5/a.png"], limits, TRUSTED)
