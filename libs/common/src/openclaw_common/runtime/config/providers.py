"""Model providers that need no configuration, and the models that agents name.

OpenClaw knows many providers by name; those here speak an API over a public base URL and take a key
from a well-known variable, so that a file that only names `openai/…` works unchanged.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from pydantic import SecretStr

from openclaw_common.runtime.config.agents import ANY_MODEL, Agent, Agents, ModelChoice
from openclaw_common.runtime.config.models import Provider
from openclaw_common.runtime.config.root import Config


@dataclass(frozen=True, slots=True)
class KnownProvider:
    """Where a provider is, what it speaks, and the variable that holds its key."""

    base_url: str
    key: str | None
    api: Literal["openai-completions", "anthropic-messages"] = "openai-completions"


@dataclass(frozen=True, slots=True)
class DefaultProvider:
    """A provider that is defined when nothing is configured and its key is in the environment."""

    name: str
    model: str


KNOWN: Final[Mapping[str, KnownProvider]] = {
    "openai": KnownProvider("https://api.openai.com/v1", "OPENAI_API_KEY"),
    "anthropic": KnownProvider(
        "https://api.anthropic.com", "ANTHROPIC_API_KEY", "anthropic-messages"
    ),
    "cerebras": KnownProvider("https://api.cerebras.ai/v1", "CEREBRAS_API_KEY"),
    "deepseek": KnownProvider("https://api.deepseek.com/v1", "DEEPSEEK_API_KEY"),
    "groq": KnownProvider("https://api.groq.com/openai/v1", "GROQ_API_KEY"),
    "minimax": KnownProvider(
        "https://api.minimax.io/anthropic", "MINIMAX_API_KEY", "anthropic-messages"
    ),
    "mistral": KnownProvider("https://api.mistral.ai/v1", "MISTRAL_API_KEY"),
    "moonshot": KnownProvider("https://api.moonshot.ai/v1", "MOONSHOT_API_KEY"),
    "openrouter": KnownProvider("https://openrouter.ai/api/v1", "OPENROUTER_API_KEY"),
    "together": KnownProvider("https://api.together.xyz/v1", "TOGETHER_API_KEY"),
    "xai": KnownProvider("https://api.x.ai/v1", "XAI_API_KEY"),
    "zai": KnownProvider("https://api.z.ai/api/paas/v4", "ZAI_API_KEY"),
    "lmstudio": KnownProvider("http://127.0.0.1:1234/v1", None),
    "ollama": KnownProvider("http://127.0.0.1:11434/v1", None),
    "vllm": KnownProvider("http://127.0.0.1:8000/v1", None),
}
DEFAULTS: Final = (
    DefaultProvider("openai", "gpt-5.4-mini"),
    DefaultProvider("anthropic", "claude-sonnet-4-6"),
)


def complete(config: Config, variables: Mapping[str, str]) -> tuple[Config, list[str]]:
    """Return `config` with the providers and models that follow from it, and warnings.

    `<NAME>_BASE_URL` and `<NAME>_MODEL` beside `<NAME>_API_KEY` override where a default provider
    is and which model it gives to agents that name none.
    """
    providers = dict(config.models.providers)
    default_model = _first_model(providers)
    if not providers:
        present = [d for d in DEFAULTS if variables.get(KNOWN[d.name].key or "")]
        providers = {default.name: _known(default.name, variables) for default in present}
        names = (f"{d.name}/{variables.get(f'{d.name.upper()}_MODEL') or d.model}" for d in present)
        default_model = next(names, None)
    agents = _resolve_models(config.agents, providers, default_model)
    for name in _named_providers(agents):
        if name in KNOWN and name not in providers:
            providers[name] = _known(name, variables)
    providers = {name: _filled(name, given, variables) for name, given in providers.items()}
    models = config.models.model_copy(update={"providers": providers})
    completed = config.model_copy(update={"agents": agents, "models": models})
    return completed, list(_without_key(providers, _named_providers(agents)))


def _first_model(providers: Mapping[str, Provider]) -> str | None:
    models = (f"{name}/{m.id}" for name, provider in providers.items() for m in provider.models)
    return next(models, None)


def _without_key(providers: Mapping[str, Provider], named: list[str]) -> Iterator[str]:
    for name in named:
        known, provider = KNOWN.get(name), providers.get(name)
        if known is None or known.key is None or provider is None or provider.api_key is not None:
            continue
        if provider.base_url == known.base_url:
            yield (
                f"models.providers.{name}: has no apiKey and {known.key} is not set, so its"
                " requests will be refused"
            )


def _known(name: str, variables: Mapping[str, str]) -> Provider:
    known = KNOWN[name]
    key = variables.get(known.key) if known.key else None
    return Provider(
        base_url=variables.get(f"{name.upper()}_BASE_URL") or known.base_url,
        api=known.api,
        api_key=SecretStr(key) if key else None,
    )


def _filled(name: str, provider: Provider, variables: Mapping[str, str]) -> Provider:
    """Fill in what a well-known provider's entry leaves out.

    Its key goes only to its own address: an entry that points elsewhere brings its own.
    """
    if name not in KNOWN:
        return provider
    known = _known(name, variables)
    given = provider.model_fields_set
    if provider.base_url is not None and provider.base_url.rstrip("/") != known.base_url:
        return provider
    update = {
        field: getattr(known, field)
        for field in ("base_url", "api", "api_key")
        if field not in given or getattr(provider, field) is None
    }
    return provider.model_copy(update=update)


def _named_providers(agents: Agents) -> list[str]:
    named = [
        model.partition("/")[0]
        for agent in agents.entries.values()
        for model in (agent.model.primary, *agent.model.fallbacks)
        if model
    ]
    embedding = [agent.memory_search.provider for agent in agents.entries.values()]
    return list(dict.fromkeys([*named, *filter(None, embedding)]))


def _resolve_models(
    agents: Agents, providers: Mapping[str, Provider], default_model: str | None
) -> Agents:
    entries = {
        agent_id: _resolve_agent(agent, providers, default_model)
        for agent_id, agent in agents.entries.items()
    }
    return agents.model_copy(update={"entries": entries})


def qualified_model(agent: Agent, providers: Mapping[str, Provider], model: str) -> str:
    """Return `provider/model` for an alias or for the id of one provider's model, else `model`."""
    aliases = {entry.alias.lower(): name for name, entry in agent.models.items() if entry.alias}
    if "/" in model and model.lower() not in aliases:
        return model
    found = aliases.get(model.lower())
    having = [n for n, p in providers.items() if any(m.id == model for m in p.models)]
    return found or (f"{having[0]}/{model}" if len(having) == 1 else model)


def _resolve_agent(
    agent: Agent, providers: Mapping[str, Provider], default_model: str | None
) -> Agent:
    def qualified(model: str) -> str:
        return qualified_model(agent, providers, model)

    primary = agent.model.primary or default_model
    choice = ModelChoice(
        primary=qualified(primary) if primary else None,
        fallbacks=tuple(map(qualified, agent.model.fallbacks)),
    )
    rules = agent.model_policy.allow if agent.model_policy.allow is not None else agent.models
    allowed = tuple(map(qualified, rules))
    if allowed and ANY_MODEL not in allowed:
        own = (model for model in (choice.primary, *choice.fallbacks) if model)
        allowed = tuple(dict.fromkeys((*allowed, *own)))
    compaction = agent.compaction
    if compaction.model:
        compaction = compaction.model_copy(update={"model": qualified(compaction.model)})
    return agent.model_copy(
        update={
            "model": choice,
            "allowed_models": allowed or (ANY_MODEL,),
            "compaction": compaction,
        }
    )
