"""From `provider/model` and the configuration to a model."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from openclaw_agent_worker.models.openai_completions import max_tokens_field
from openclaw_agent_worker.models.registry import ModelRegistry, ModelUnavailable
from openclaw_common.runtime.config import Config


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


def registry(http: aiohttp.ClientSession, **provider: Any) -> ModelRegistry:
    config = Config.model_validate({"models": {"providers": {"own": provider}}})
    return ModelRegistry(config.models.providers, http)


async def test_the_reference_is_split_at_its_first_slash(http: aiohttp.ClientSession) -> None:
    model = registry(http, baseUrl="http://127.0.0.1/v1/").model("own/org/model:free")
    assert (model.system, model.model_name) == ("own", "org/model:free")


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("gpt", "'gpt' must be written as provider/model"),
        ("/gpt", "must be written as provider/model"),
        ("own/", "must be written as provider/model"),
        ("other/gpt", r"add models\.providers\.other"),
    ],
)
async def test_an_unusable_reference_says_what_to_set(
    http: aiohttp.ClientSession, reference: str, message: str
) -> None:
    with pytest.raises(ModelUnavailable, match=message) as caught:
        registry(http).model(reference)
    assert (caught.value.body.status, caught.value.body.code) == (500, "model_not_configured")


async def test_an_api_that_is_not_spoken_here_fails_only_its_runs(
    http: aiohttp.ClientSession,
) -> None:
    models = registry(http, api="pi-messages")
    with pytest.raises(ModelUnavailable, match=r"models\.providers\.own\.api") as caught:
        models.model("own/claude")
    assert caught.value.body.code == "provider_api_not_supported"


async def test_credentials_do_not_show_in_a_models_repr(http: aiohttp.ClientSession) -> None:
    models = registry(http, apiKey="sk-very-secret", headers={"X-Key": "also-secret"})
    shown = repr(models.model("own/m")) + repr(vars(models.model("own/m")))
    assert "secret" not in shown


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://api.openai.com/v1/chat/completions", "max_completion_tokens"),
        ("https://x.openai.azure.com/v1/chat/completions", "max_completion_tokens"),
        ("http://127.0.0.1:8080/v1/chat/completions", "max_tokens"),
        ("https://notapi.openai.com.example.org/v1", "max_tokens"),
    ],
)
def test_the_token_limit_has_the_name_that_the_host_knows(url: str, name: str) -> None:
    assert max_tokens_field(url) == name
