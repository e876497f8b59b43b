"""What the environment overrides, and the providers that it defines."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from pydantic import SecretStr

from openclaw_common.runtime.config import ConfigError, LoadedConfig

Load = Callable[..., LoadedConfig]
Problems = Callable[..., list[str]]


def test_variables_win_over_the_file(load: Load) -> None:
    config = load(
        {
            "gateway": {"port": 1, "auth": {"mode": "password", "token": "f", "password": "f"}},
            "redis": {"url": "redis://file"},
        },
        {
            "OPENCLAW_GATEWAY_PORT": "4711",
            "OPENCLAW_GATEWAY_TOKEN": "t",
            "OPENCLAW_GATEWAY_PASSWORD": "p",
            "OPENCLAW_REDIS_URL": "redis://environment",
        },
    ).config
    assert config.gateway.port == 4711
    assert config.gateway.auth.token == SecretStr("t")
    assert config.gateway.auth.password == SecretStr("p")
    assert config.redis.address.hosts == (("environment", 6379),)


def test_an_empty_variable_overrides_nothing(load: Load) -> None:
    config = load({"gateway": {"port": 1}}, {"OPENCLAW_GATEWAY_PORT": ""}).config
    assert config.gateway.port == 1
    assert not config.redis.configured


@pytest.mark.parametrize(
    ("name", "value", "complaint"),
    [
        (
            "OPENCLAW_GATEWAY_PORT",
            "http",
            "OPENCLAW_GATEWAY_PORT (gateway.port): expected a whole number, got a text",
        ),
        (
            "OPENCLAW_GATEWAY_PORT",
            "65536",
            "OPENCLAW_GATEWAY_PORT (gateway.port): expected at most 65535, got 65536",
        ),
        (
            "OPENCLAW_REDIS_URL",
            "http://:secret@x",
            "OPENCLAW_REDIS_URL (redis.url): must start with one of redis://",
        ),
    ],
)
def test_a_wrong_variable_is_named(
    name: str, value: str, complaint: str, problems: Problems
) -> None:
    (found,) = problems(None, {name: value})
    assert found.startswith(complaint)


@pytest.mark.parametrize(
    ("auth", "environ", "mode"),
    [
        ({}, {}, "token"),
        ({"token": "t"}, {}, "token"),
        ({"password": "p"}, {}, "password"),
        ({"token": "", "password": "p"}, {}, "password"),
        ({"token": None, "password": "p"}, {}, "password"),
        ({}, {"OPENCLAW_GATEWAY_PASSWORD": "p"}, "password"),
        ({"mode": "none", "token": "t", "password": "p"}, {}, "none"),
    ],
)
def test_the_auth_mode_follows_from_what_is_set(
    auth: dict[str, Any], environ: dict[str, str], mode: str, load: Load
) -> None:
    assert load({"gateway": {"auth": auth}}, environ).config.gateway.auth.mode == mode


@pytest.mark.parametrize(
    ("environ", "provider", "api", "base_url", "model"),
    [
        (
            {"OPENAI_API_KEY": "k"},
            "openai",
            "openai-completions",
            "https://api.openai.com/v1",
            "openai/gpt-5.4-mini",
        ),
        (
            {"OPENAI_API_KEY": "k", "OPENAI_BASE_URL": "http://l/v1", "OPENAI_MODEL": "m/n"},
            "openai",
            "openai-completions",
            "http://l/v1",
            "openai/m/n",
        ),
        (
            {"ANTHROPIC_API_KEY": "k"},
            "anthropic",
            "anthropic-messages",
            "https://api.anthropic.com",
            "anthropic/claude-sonnet-4-6",
        ),
        (
            {"ANTHROPIC_API_KEY": "k", "ANTHROPIC_MODEL": "m", "ANTHROPIC_BASE_URL": "http://l"},
            "anthropic",
            "anthropic-messages",
            "http://l",
            "anthropic/m",
        ),
    ],
)
def test_a_key_in_the_environment_defines_a_provider_and_its_model(
    environ: dict[str, str], provider: str, api: str, base_url: str, model: str, load: Load
) -> None:
    config = load(None, environ).config
    (name,) = config.models.providers
    found = config.models.providers[name]
    assert (name, found.api, found.base_url) == (provider, api, base_url)
    assert found.api_key == SecretStr("k")
    assert config.agents.entries["main"].model.primary == model


def test_with_both_keys_both_providers_exist_and_openai_is_the_default(load: Load) -> None:
    config = load(None, {"OPENAI_API_KEY": "a", "ANTHROPIC_API_KEY": "b"}).config
    assert set(config.models.providers) == {"openai", "anthropic"}
    assert config.agents.entries["main"].model.primary == "openai/gpt-5.4-mini"


def test_a_configured_provider_is_not_added_to(load: Load) -> None:
    local = {"baseUrl": "http://l", "models": [{"id": "a"}, {"id": "b"}]}
    config = load({"models": {"providers": {"local": local}}}, {"OPENAI_API_KEY": "k"}).config
    assert set(config.models.providers) == {"local"}
    assert config.agents.entries["main"].model.primary == "local/a"


def test_an_agents_own_model_stays(load: Load) -> None:
    agents = {"defaults": {"model": "openai/other"}}
    config = load({"agents": agents}, {"OPENAI_API_KEY": "k"}).config
    assert config.agents.entries["main"].model.primary == "openai/other"


def test_a_well_known_provider_needs_no_entry(load: Load) -> None:
    loaded = load(
        {"agents": {"defaults": {"model": {"primary": "groq/x", "fallbacks": ["ollama/y"]}}}},
        {"GROQ_API_KEY": "k"},
    )
    providers = loaded.config.models.providers
    assert providers["groq"].base_url == "https://api.groq.com/openai/v1"
    assert providers["groq"].api_key == SecretStr("k")
    assert providers["ollama"].api_key is None
    assert loaded.warnings == ()


def test_a_well_known_provider_without_its_key_warns(
    warnings: Callable[..., list[str]],
) -> None:
    assert warnings({"agents": {"defaults": {"model": "groq/x"}}}) == [
        "models.providers.groq: has no apiKey and GROQ_API_KEY is not set, so its requests will be"
        " refused"
    ]


def test_the_entry_of_a_well_known_provider_may_be_short(load: Load) -> None:
    providers = {"anthropic": {}, "openai": {"api": "openai-responses"}}
    environ = {"ANTHROPIC_API_KEY": "a", "OPENAI_API_KEY": "b"}
    found = load({"models": {"providers": providers}}, environ).config.models.providers
    anthropic, openai = found["anthropic"], found["openai"]
    assert (anthropic.api, anthropic.base_url) == (
        "anthropic-messages",
        "https://api.anthropic.com",
    )
    assert anthropic.api_key == SecretStr("a")
    assert (openai.api, openai.api_key) == ("openai-responses", SecretStr("b"))


def test_a_key_of_the_environment_goes_to_its_own_address_only(load: Load) -> None:
    providers = {"openai": {"baseUrl": "http://elsewhere/v1"}}
    content = {"models": {"providers": providers}, "agents": {"defaults": {"model": "openai/x"}}}
    loaded = load(content, {"OPENAI_API_KEY": "k"})
    assert loaded.config.models.providers["openai"].api_key is None
    assert loaded.warnings == ()


def test_cells_come_from_the_environment_apart_by_spaces(load: Load) -> None:
    environ = {
        "OPENCLAW_REDIS_URLS": "redis://a:1/0\nredis+sentinel://b:2,c:3/main",
        "OPENCLAW_SERVE_CELLS": "0 1",
    }
    redis = load(None, environ).config.redis
    assert [url.get_secret_value() for url in redis.cells] == environ["OPENCLAW_REDIS_URLS"].split()
    assert redis.serve_cells == (0, 1)
    assert redis.configured


@pytest.mark.parametrize(
    ("section", "why"),
    [
        ({"urls": ["redis://a", "redis://b"], "foundingCells": 3}, "foundingCells"),
        ({"urls": ["redis://a"], "cellsInUse": 2}, "cellsInUse"),
        ({"urls": ["redis://a"], "serveCells": [1]}, "serveCells"),
        (
            {"urls": ["redis://a", "redis://b"], "foundingCells": 2, "cellsInUse": 1},
            "foundingCells",
        ),
        ({"urls": ["http://a"]}, "must start with one of redis://"),
    ],
)
def test_cells_that_there_are_not_are_told(load: Load, section: object, why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        load({"redis": section})
