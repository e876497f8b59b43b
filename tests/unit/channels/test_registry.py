"""Channels by id, and their accounts."""

from __future__ import annotations

from importlib.metadata import EntryPoint
from typing import Any

import pytest
from pydantic import SecretStr

from openclaw_channels import registry
from openclaw_channels.base import ChannelError
from openclaw_channels.registry import BUILT_IN, ChannelLoadError, accounts_of, load_channels
from openclaw_channels.telegram import PLUGIN
from openclaw_common.contracts.delivery import DEFAULT_ACCOUNT
from openclaw_common.runtime.config.channel_secrets import VARIABLES
from openclaw_common.runtime.config.channels import Channel


def section(**settings: Any) -> Channel:
    return Channel.model_validate(settings)


def names(**settings: Any) -> dict[str, str]:
    accounts = accounts_of(PLUGIN, section(**settings))
    return {name: account.account_id for name, account in accounts.items()}


def test_all_built_in_channels_are_there() -> None:
    assert set(load_channels()) == set(BUILT_IN)


def test_the_configuration_fills_in_the_variables_that_the_channels_name() -> None:
    for name, plugin in load_channels().items():
        assert plugin.environ.items() <= VARIABLES.get(name, {}).items()


def test_a_package_adds_a_channel_or_replaces_a_built_in_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    own = EntryPoint("own", "openclaw_channels.telegram:PLUGIN", registry.GROUP)
    monkeypatch.setattr(registry, "entry_points", lambda group: [own])
    assert load_channels(built_in=()) == {"telegram": PLUGIN}

    monkeypatch.setattr(registry, "entry_points", lambda group: [own, own])
    with pytest.raises(ChannelLoadError, match="remove one of them"):
        load_channels()


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("openclaw_channels.nowhere:PLUGIN", "cannot be loaded"),
        ("openclaw_channels.telegram:OTHER", "cannot be loaded"),
        ("openclaw_channels.registry:GROUP", "no ChannelPlugin"),
    ],
)
def test_an_entry_point_that_gives_no_channel_is_told(
    monkeypatch: pytest.MonkeyPatch, value: str, said: str
) -> None:
    broken = [EntryPoint("own", value, registry.GROUP)]
    monkeypatch.setattr(registry, "entry_points", lambda group: broken)
    with pytest.raises(ChannelLoadError, match=said):
        load_channels()


def test_an_account_has_from_the_section_what_it_leaves_out() -> None:
    accounts = accounts_of(
        PLUGIN,
        section(
            botToken="shared",
            textChunkLimit=500,
            mediaMaxMb=7,
            accounts={"work": {"botToken": "own", "mediaMaxMb": 9}},
        ),
    )

    settings = accounts["work"].settings
    assert settings["botToken"] == SecretStr("own")
    assert (settings["textChunkLimit"], settings["mediaMaxMb"]) == (500, 9)
    assert "accounts" not in settings


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"botToken": "t"}, {"default": "default"}),
        ({"botToken": "t", "defaultAccount": "me"}, {"me": "me", "default": "me"}),
        ({"enabled": False, "botToken": "t"}, {}),
        ({"accounts": {"a": {}}}, {"a": "a", "default": "a"}),
        ({"accounts": {"a": {}, "b": {}}}, {"a": "a", "b": "b"}),
        (
            {"accounts": {"a": {}, "b": {}}, "defaultAccount": "b"},
            {"a": "a", "b": "b", "default": "b"},
        ),
        (
            {"accounts": {"a": {}, "b": {"enabled": False}}, "botToken": "t"},
            {"a": "a", "default": "default"},
        ),
        ({"accounts": {"a": {}, "default": {}}}, {"a": "a", "default": "default"}),
    ],
)
def test_default_leads_to_the_account_for_who_names_none(
    settings: dict[str, Any], expected: dict[str, str]
) -> None:
    assert names(**settings) == expected


def test_a_default_account_that_there_is_not_is_an_error() -> None:
    with pytest.raises(ChannelError, match="there are only a"):
        names(accounts={"a": {}}, defaultAccount="b")


def test_a_variable_holds_for_the_section_itself() -> None:
    accounts = accounts_of(PLUGIN, section(), {"TELEGRAM_BOT_TOKEN": "t"})
    assert accounts[DEFAULT_ACCOUNT].settings == {"botToken": SecretStr("t")}
