"""A name server that changes its mind changes nothing."""

from __future__ import annotations

import socket
from collections.abc import Callable
from ipaddress import IPv4Address
from typing import Any

import aiohappyeyeballs
import pytest

from openclaw_common.runtime.config.egress import Egress as EgressLimits
from openclaw_common.runtime.egress.addressing import pinned_connector
from openclaw_common.runtime.egress.errors import AddressRefused, Unreachable
from openclaw_common.runtime.egress.fetch import Egress
from openclaw_common.runtime.egress.urls import parse_target
from tests.integration.egress.conftest import PUBLIC_ADDRESS, PUBLIC_HOST, TEXT, Names, Site

Page = Callable[[str], str]


async def test_a_name_is_looked_up_once_a_request_and_connected_to_as_it_was_checked(
    egress: Egress, public: Site, page: Page, names: Names
) -> None:
    names.answers[PUBLIC_HOST] = [[PUBLIC_ADDRESS], ["127.0.0.1"]]
    public.text("/", "public")
    assert (await egress.fetch(page("/"), TEXT)).body == b"public"
    assert names.asked == [PUBLIC_HOST]


async def test_a_name_that_turns_inside_between_two_hops_is_refused(
    egress: Egress, public: Site, inside: Site, page: Page, names: Names
) -> None:
    names.answers[PUBLIC_HOST] = [[PUBLIC_ADDRESS], ["127.0.0.1"]]
    public.redirect("/", f"http://{PUBLIC_HOST}:{inside.port}/secret")
    with pytest.raises(AddressRefused):
        await egress.fetch(page("/"), TEXT)
    assert inside.asked == []


@pytest.mark.parametrize("other", ["127.0.0.1", "10.0.0.1", "::1", "169.254.169.254", "fe80::1%lo"])
async def test_one_address_inside_refuses_the_name(
    egress: Egress, public: Site, page: Page, names: Names, other: str
) -> None:
    names.answers[PUBLIC_HOST] = [[PUBLIC_ADDRESS, other]]
    with pytest.raises(AddressRefused):
        await egress.fetch(page("/"), TEXT)
    assert public.asked == []


async def test_only_checked_addresses_are_given_to_the_connection(
    names: Names, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[str] = []

    async def refuse(addr_infos: Any, **_: Any) -> None:
        tried.extend(sockaddr[0] for *_, sockaddr in addr_infos)
        raise ConnectionRefusedError

    monkeypatch.setattr(aiohappyeyeballs, "start_connection", refuse)
    names.answers["rebinding.example"] = [["93.184.215.14", "2606:4700::1111"], ["127.0.0.1"]]
    with pytest.raises(Unreachable):
        await Egress(EgressLimits(), resolve=names).fetch("https://rebinding.example/", TEXT)
    assert set(tried) == {"93.184.215.14", "2606:4700::1111"}
    assert names.asked == ["rebinding.example"]


@pytest.mark.parametrize("host", ["[::1]", "[0:0:0:0:0:0:0:1]", "search"])
async def test_ipv6_is_connected_to_as_it_was_checked(
    names: Names, monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    tried: list[str] = []

    async def refuse(addr_infos: Any, **_: Any) -> None:
        tried.extend(sockaddr[0] for *_, sockaddr in addr_infos)
        raise ConnectionRefusedError

    monkeypatch.setattr(aiohappyeyeballs, "start_connection", refuse)
    names.answers["search"] = [["::1"]]
    egress = Egress(EgressLimits(allow_private_hosts=("search", "[::1]")), resolve=names)
    with pytest.raises(Unreachable):
        await egress.fetch(f"http://{host}/", TEXT)
    assert tried == ["::1"]


async def test_a_socket_to_any_other_address_is_not_even_opened() -> None:
    target = parse_target("http://public.example/")
    connector = pinned_connector(target, [IPv4Address("93.184.215.14")], None)
    open_socket = connector._socket_factory
    assert open_socket is not None
    with pytest.raises(AddressRefused):
        open_socket((socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", ("127.0.0.1", 80)))
    await connector.close()
