"""Which agent answers a request, and with which backend model (contract §1.1, §2 rows 9, 15)."""

from __future__ import annotations

import re
from typing import Final

from openclaw_common.contracts.errors import InvalidRequest
from openclaw_common.runtime.config import Agent, Config, normalise_agent_id

DEFAULT_MODEL: Final = "openclaw"
_DEFAULT_FORMS: Final = frozenset({"openclaw", "openclaw/default"})
_AGENT_FORM: Final = re.compile(r"(?:openclaw[:/]|agent:)(.*)\Z", re.IGNORECASE | re.DOTALL)
_DEFAULT_ALIAS: Final = "default"
_BACKEND_MODEL: Final = re.compile(r"[^\s/]+/\S+\Z")
_MAX_BACKEND_MODEL_CHARS: Final = 256


def choose_agent(
    config: Config, model: str, *, agent_header: str = "", session_agent: str | None = None
) -> Agent:
    """Return who answers: the agent header's, else the one that `model` names, else the default.

    The default is the agent whose session the client chose (`session_agent`), if it is configured,
    else the configured default. A `model` of no OpenClaw form means the default; with `strictModel`
    and under `compat: current` it is refused. Raises InvalidRequest.
    """
    http = config.gateway.http
    if not is_openclaw_form(model) and (
        http.endpoints.chat_completions.strict_model or http.compat == "current"
    ):
        raise _invalid_model()
    if agent_header:
        return _known(config, agent_header)
    form = _AGENT_FORM.match(model)
    if form is None or model.lower() in _DEFAULT_FORMS:
        return config.agents.entries.get(session_agent or "") or _default(config)
    if normalise_agent_id(form[1]) is None:
        raise _invalid_model()
    return _known(config, form[1])


def require_openclaw_form(model: str) -> None:
    """Raise InvalidRequest for a `model` that names no agent."""
    if not is_openclaw_form(model):
        raise _invalid_model()


def choose_backend_model(
    config: Config, agent: Agent, model: str, *, model_header: str = ""
) -> str | None:
    """Return the backend `provider/model` that replaces the agent's own, or None.

    That is the model header's, or else a `model` of no OpenClaw form that names an allowed one.
    Raises InvalidRequest for a header that names none or one that is not allowed.
    """
    if not model_header:
        foreign = not is_openclaw_form(model)
        return model if foreign and is_allowed_model(config, agent, model) else None
    if not _is_backend_model(model_header):
        raise InvalidRequest("Invalid `x-openclaw-model`.")
    if not is_allowed_model(config, agent, model_header):
        raise InvalidRequest(f"Model '{model_header}' is not allowed for agent '{agent.id}'.")
    return model_header


def is_allowed_model(config: Config, agent: Agent, model: str) -> bool:
    """Whether `provider/model` may replace the agent's model.

    Its own models always may; others when it allows them and their provider is configured.
    """
    if not _is_backend_model(model):
        return False
    if model == agent.model.primary or model in agent.model.fallbacks:
        return True
    return agent.allows(model) and model.partition("/")[0] in config.models.providers


def is_openclaw_form(model: str) -> bool:
    """Whether `model` names an agent, or the default one, and not a backend's model."""
    return model.lower() in _DEFAULT_FORMS or _AGENT_FORM.match(model) is not None


def _is_backend_model(model: str) -> bool:
    return len(model) <= _MAX_BACKEND_MODEL_CHARS and _BACKEND_MODEL.match(model) is not None


def _known(config: Config, agent_id: str) -> Agent:
    found = config.agents.entries.get(normalise_agent_id(agent_id) or "")
    if found is not None:
        return found
    if agent_id.lower() == _DEFAULT_ALIAS:
        return _default(config)
    raise InvalidRequest(f"Unknown agent '{agent_id}'.")


def _default(config: Config) -> Agent:
    return config.agents.entries[config.agents.default_id]


def _invalid_model() -> InvalidRequest:
    return InvalidRequest("Invalid `model`. Use `openclaw` or `openclaw/<agentId>`.", param="model")
