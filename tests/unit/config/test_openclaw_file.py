"""A configuration written for OpenClaw 2026.9 loads unchanged."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import SecretStr

from openclaw_common.runtime.config import Config, LoadedConfig

FILE = Path(__file__).parent / "data" / "openclaw-2026.9.json5"
ENVIRON = {
    "OPENCLAW_GATEWAY_TOKEN": "gateway-token",
    "OPENCLAW_HOOKS_TOKEN": "hooks-token",
    "OPENAI_API_KEY": "sk-openai",
    "ANTHROPIC_API_KEY": "sk-anthropic",
    "MINIMAX_API_KEY": "sk-minimax",
    "TELEGRAM_BOT_TOKEN": "telegram-token",
    "DISCORD_BOT_TOKEN": "discord-token",
    "SLACK_BOT_TOKEN": "xoxb-2",
}

Load = Callable[..., LoadedConfig]


@pytest.fixture
def loaded(load: Load) -> LoadedConfig:
    """The file, read in the environment of its author."""
    return load(FILE.read_text(encoding="utf-8"), ENVIRON, require_auth=True)


@pytest.fixture
def config(loaded: LoadedConfig) -> Config:
    """What the file says."""
    return loaded.config


def test_nothing_in_it_is_strange(loaded: LoadedConfig) -> None:
    assert loaded.warnings == ()


def test_without_its_environment_only_the_missing_variables_are_told(load: Load) -> None:
    environ = {"OPENCLAW_GATEWAY_TOKEN": "t", "OPENCLAW_HOOKS_TOKEN": "h", "OPENAI_API_KEY": "k"}
    warnings = load(FILE.read_text(encoding="utf-8"), environ).warnings
    told = [line.partition("openclaw.json5: ")[2].partition(":")[0] for line in warnings]
    assert told == [
        "channels.telegram.botToken",
        "channels.discord.token",
        "models.providers.minimax.apiKey",
        "channels.slack.accounts.sales.botToken",
        "models.providers.anthropic",
        "models.providers.minimax",
    ]


def test_the_gateway(config: Config) -> None:
    gateway = config.gateway
    assert (gateway.port, gateway.bind_host()) == (18790, "0.0.0.0")
    assert gateway.auth.token == SecretStr("gateway-token")
    assert gateway.auth.rate_limit.max_attempts == 5
    assert gateway.trusted_proxies == ("10.0.0.0/8", "fd00::/8")
    chat = gateway.http.endpoints.chat_completions
    assert (chat.enabled, chat.images.max_parts, chat.images.allow_url) == (True, 4, True)
    assert gateway.http.security_headers.strict_transport_security == (
        "max-age=31536000; includeSubDomains"
    )


def test_the_agents_and_their_models(config: Config) -> None:
    main, ops = config.agents.entries["main"], config.agents.entries["ops"]
    assert config.agents.default_id == "main"
    assert main.model.primary == "anthropic/claude-opus-4-6"
    assert main.model.fallbacks == ("minimax/MiniMax-M3",)
    assert (ops.model.primary, ops.model.fallbacks) == ("openai/gpt-5.4-mini", ())
    assert (main.timeout_seconds, ops.timeout_seconds) == (600, 1200)
    assert main.allows("my-llamacpp/qwen35")
    assert not main.allows("groq/x")


def test_the_providers(config: Config) -> None:
    providers = config.models.providers
    assert set(providers) == {"openai", "minimax", "my-llamacpp", "anthropic"}
    assert providers["openai"].api_key == SecretStr("sk-openai")
    assert providers["anthropic"].api == "anthropic-messages"
    assert providers["my-llamacpp"].headers == {"X-Proxy-Region": SecretStr("us-west")}
    model = providers["openai"].models[0]
    assert (model.context_window, model.max_tokens, model.input) == (
        400_000,
        128_000,
        ("text", "image"),
    )


def test_hooks_channels_and_the_rest(config: Config) -> None:
    assert config.hooks.path == "/hooks"
    assert config.hooks.token == SecretStr("hooks-token")
    assert config.hooks.mappings[0].session_key == "hook:gmail:{{messages[0].id}}"
    telegram = config.channels["telegram"]
    assert telegram.allow_from == ("123456789", "tg:987654321")
    assert (telegram.model_extra or {})["botToken"] == SecretStr("telegram-token")
    sales = config.channels["slack"].accounts["sales"]
    assert sales == {"botToken": SecretStr("xoxb-2")}
    assert config.session.reset_by_type["direct"].idle_minutes == 240
    assert config.messages.queue.by_channel == {"telegram": "followup"}
    assert config.bindings[1].match.peer is not None
    assert config.cron.webhook_token == SecretStr("cron-webhook-token")
    assert config.tools.deny == ("browser", "canvas")


SEED = """
hooks:
  enabled: true
  token: "your-hook-token"
  path: "/hooks"
  maxBodyBytes: 262144
  mappings:
    - path: "github"
      action:
        kind: "agent"
        message: "{{ payload.commits[0].message }}"
        channel: "discord"
        to: "#dev-notifications"
gateway:
  http:
    endpoints:
      chatCompletions: {enabled: true}
"""


def test_the_seeds_snippets_load(load: Load) -> None:
    loaded = load(SEED, name="openclaw.yaml")
    assert loaded.warnings == ()
    assert loaded.config.gateway.http.endpoints.chat_completions.enabled
    assert loaded.config.hooks.mappings[0].to == "#dev-notifications"
