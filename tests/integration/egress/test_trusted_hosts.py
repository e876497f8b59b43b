"""A private host that the operator named is reached, and nothing beside it."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from openclaw_common.runtime.config.egress import Egress as EgressLimits
from openclaw_common.runtime.egress.errors import AddressRefused, EgressError, UrlRefused
from openclaw_common.runtime.egress.fetch import Egress
from tests.integration.egress.conftest import TEXT, Names, Site


def trusting(names: Names, *hosts: str) -> Egress:
    return Egress(EgressLimits(allow_private_hosts=hosts), resolve=names)


async def test_it_is_reached_by_name_and_by_address(inside: Site, names: Names) -> None:
    names.answers["search"] = [["127.0.0.1"]]
    inside.text("/", "found")
    for host in ("search", "127.0.0.1"):
        egress = trusting(names, f"{host}:{inside.port}")
        assert (await egress.fetch(f"http://{host}:{inside.port}/", TEXT)).body == b"found"


async def test_names_are_looked_up_as_the_system_does(inside: Site) -> None:
    inside.text("/", "found")
    egress = Egress(EgressLimits(allow_private_hosts=(f"localhost:{inside.port}",)))
    assert (await egress.fetch(f"http://localhost:{inside.port}/", TEXT)).body == b"found"


async def test_another_name_of_the_same_address_stays_closed(inside: Site, names: Names) -> None:
    names.answers["search.example"] = [["127.0.0.1"]]
    egress = trusting(names, f"127.0.0.1:{inside.port}")
    with pytest.raises(EgressError):
        await egress.fetch(f"http://search.example:{inside.port}/", TEXT)
    assert inside.asked == []


async def test_another_port_stays_closed(inside: Site, names: Names) -> None:
    egress = trusting(names, "127.0.0.1:9", "127.0.0.2")
    with pytest.raises(UrlRefused, match="Port"):
        await egress.fetch(f"http://127.0.0.1:{inside.port}/", TEXT)


@pytest.mark.parametrize("address", ["169.254.169.254", "fd00:ec2::254", "0.0.0.0", "fe80::1"])
async def test_metadata_and_link_local_addresses_stay_closed(names: Names, address: str) -> None:
    names.answers["search.corp"] = [[address]]
    with pytest.raises(AddressRefused):
        await trusting(names, "search.corp").fetch("http://search.corp/", TEXT)


@pytest.mark.parametrize("host", ["http://search", "127.1", "10.0.0.0/8", "a b", "search:0"])
def test_what_is_no_host_is_refused_at_start(host: str) -> None:
    with pytest.raises(ValidationError, match=r"host|port"):
        EgressLimits.model_validate({"allowPrivateHosts": [host]})
