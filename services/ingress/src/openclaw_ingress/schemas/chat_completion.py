"""A chat-completions request, body and headers, as the run that it asks for (contract §1.1)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from openclaw_common.contracts.errors import InvalidRequest
from openclaw_common.contracts.ids import agent_of
from openclaw_common.contracts.multitask import MultitaskRule
from openclaw_common.contracts.run import RunRequest
from openclaw_common.runtime.config import Config
from openclaw_common.runtime.egress.hosts import HostPattern
from openclaw_ingress.agents import DEFAULT_MODEL, choose_agent, choose_backend_model
from openclaw_ingress.json_body import parse_object
from openclaw_ingress.multitask import asked_strategy, multitask_rule
from openclaw_ingress.schemas import js
from openclaw_ingress.schemas.images import parse_images
from openclaw_ingress.schemas.messages import parse_messages
from openclaw_ingress.schemas.sampling import parse_sampling, parse_thinking
from openclaw_ingress.schemas.tools import parse_tools
from openclaw_ingress.session_keys import choose_session

DEFAULT_CHANNEL: Final = "webchat"
_CHANNEL: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}\Z")


@dataclass(frozen=True, slots=True)
class RoutingHeaders:
    """The request headers that choose agent, session and backend model; empty where not sent."""

    agent: str = ""
    session_key: str = ""
    backend_model: str = ""
    message_channel: str = ""

    @classmethod
    def read(cls, headers: Mapping[str, str]) -> RoutingHeaders:
        """Take them from a request's headers; raises InvalidRequest for one that is not UTF-8."""
        return cls(
            agent=_header(headers, "x-openclaw-agent-id") or _header(headers, "x-openclaw-agent"),
            session_key=_header(headers, "x-openclaw-session-key"),
            backend_model=_header(headers, "x-openclaw-model"),
            message_channel=_header(headers, "x-openclaw-message-channel"),
        )


@dataclass(frozen=True, slots=True)
class ChatCompletionRequest:
    """A validated request: the run, and what stands for it in an idempotency record.

    `fingerprint` is the SHA-256 of what an `Idempotency-Key` stands for: body, agent, backend model
    and chosen session (run-api.md §4.6); empty unless it was asked for. `rule` says what is done
    while the session is busy.
    """

    run: RunRequest
    fingerprint: str = ""
    rule: MultitaskRule = field(default_factory=MultitaskRule)


def parse_chat_completion(
    raw: bytes, headers: RoutingHeaders, config: Config, *, fingerprint: bool = False
) -> ChatCompletionRequest:
    """Return the validated request, or raise InvalidRequest with the first fault's text.

    `fingerprint` asks for the fingerprint. Pure and, for a large body, slow: fit for a thread.
    """
    body = parse_object(raw, max_depth=config.ingress.json_max_depth)
    model = _model(body, config)
    stream = _boolean(body, "stream")
    include_usage = _include_usage(body)
    user = _string(body, "user")
    sampling, thinking = parse_sampling(body), parse_thinking(body)
    agent = choose_agent(
        config, model, agent_header=headers.agent, session_agent=agent_of(headers.session_key)
    )
    session = choose_session(agent.id, user, headers.session_key)
    override = choose_backend_model(config, agent, model, model_header=headers.backend_model)
    conversation = parse_messages(body.get("messages"))
    tools, tool_choice = parse_tools(body)
    images = parse_images(
        conversation.image_urls,
        config.gateway.http.endpoints.chat_completions.images,
        tuple(map(HostPattern.parse, config.egress.allow_private_hosts)),
        conversation.image_details,
    )
    run = RunRequest(
        agent_id=agent.id,
        session_key=session.key,
        source="chat",
        model=model,
        message=conversation.message,
        history=conversation.history,
        system=conversation.system,
        images=images,
        tools=tools,
        tool_choice=tool_choice,
        sampling=sampling,
        model_override=override,
        ephemeral=session.ephemeral,
        stream=stream,
        include_usage=stream and include_usage,
        message_channel=message_channel(headers.message_channel),
        thinking=thinking,
    )
    rule = MultitaskRule()
    if not run.ephemeral:
        rule = multitask_rule(config, agent, run.message_channel, asked_strategy(body))
    return ChatCompletionRequest(run, _fingerprint(body, run) if fingerprint else "", rule)


def _header(headers: Mapping[str, str], name: str) -> str:
    value = headers.get(name, "").strip()
    try:
        value.encode()
    except UnicodeEncodeError:
        raise InvalidRequest(f"`{name}` is not valid UTF-8.") from None
    return value


def _model(body: dict[str, Any], config: Config) -> str:
    model = _string(body, "model")
    if model:
        return model
    if config.gateway.http.compat == "seed":
        raise InvalidRequest("Missing `model`.", param="model")
    return DEFAULT_MODEL


def _string(body: dict[str, Any], field: str) -> str:
    value = body.get(field)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise js.wrong_type(field, "string", value)
    return value.strip()


def _boolean(body: dict[str, Any], field: str, path: str | None = None) -> bool:
    value = body.get(field)
    if value is None or isinstance(value, bool):
        return value is True
    raise js.wrong_type(path or field, "boolean", value)


def _include_usage(body: dict[str, Any]) -> bool:
    options = body.get("stream_options")
    if options is None:
        return False
    if not isinstance(options, dict):
        raise js.wrong_type("stream_options", "object", options)
    return _boolean(options, "include_usage", "stream_options.include_usage")


def message_channel(header: str) -> str:
    """Return the synthetic channel that a header names, else the default one."""
    channel = header.lower()
    return channel if _CHANNEL.match(channel) else DEFAULT_CHANNEL


def _fingerprint(body: dict[str, Any], run: RunRequest) -> str:
    # A session made for this request alone has a random key, which no repetition can have.
    session = "" if run.ephemeral else run.session_key
    digest = hashlib.sha256(orjson.dumps([run.agent_id, session, run.model_override]))
    digest.update(orjson.dumps(body, option=orjson.OPT_SORT_KEYS))
    return digest.hexdigest()
