"""From the body of `POST /v1/runs` to the run that it asks for."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import orjson

from openclaw_common.contracts.errors import InvalidRequest
from openclaw_common.contracts.ids import agent_of
from openclaw_common.contracts.multitask import MultitaskRule
from openclaw_common.contracts.run import DeliveryPlan, RunRequest
from openclaw_common.runtime.config import Agent, Config
from openclaw_common.runtime.egress.hosts import HostPattern
from openclaw_ingress.agents import DEFAULT_MODEL, choose_agent, is_allowed_model, is_openclaw_form
from openclaw_ingress.destinations import Destinations
from openclaw_ingress.hook_actions import DeliveryWish
from openclaw_ingress.json_body import parse_object
from openclaw_ingress.multitask import multitask_rule
from openclaw_ingress.schemas.images import parse_images
from openclaw_ingress.schemas.messages import parse_messages
from openclaw_ingress.schemas.run_create import DeliveryTarget, RunCreate, read_run_create
from openclaw_ingress.schemas.sampling import parse_sampling
from openclaw_ingress.schemas.tools import parse_tools
from openclaw_ingress.session_keys import SessionChoice, named_session

SOURCE = "api"


@dataclass(frozen=True, slots=True)
class RunCreation:
    """A run that may be accepted; `fingerprint` is what an idempotency key stands for."""

    run: RunRequest
    rule: MultitaskRule
    fingerprint: str
    metadata: Mapping[str, str] = field(default_factory=dict)


def parse_run_create(raw: bytes, config: Config, destinations: Destinations) -> RunCreation:
    """Return the run of a body, or raise InvalidRequest with the first fault's text.

    Pure but for the channels that `destinations` may load, and for a large body slow.
    """
    body = parse_object(raw, max_depth=config.ingress.json_max_depth)
    asked = read_run_create(body)
    agent, override = _agent(config, asked)
    session = _session(agent, asked.session_key)
    conversation = parse_messages(_messages(asked))
    tools, tool_choice = parse_tools(body)
    images = parse_images(
        conversation.image_urls,
        config.gateway.http.endpoints.chat_completions.images,
        tuple(map(HostPattern.parse, config.egress.allow_private_hosts)),
    )
    system = "\n\n".join(text for text in (asked.instructions, conversation.system) if text)
    run = RunRequest(
        agent_id=agent.id,
        session_key=session.key,
        source=SOURCE,
        model=asked.model or DEFAULT_MODEL,
        message=conversation.message,
        history=conversation.history,
        system=system or None,
        images=images,
        tools=tools,
        tool_choice=tool_choice,
        sampling=parse_sampling(body),
        model_override=override,
        ephemeral=session.ephemeral,
        stream=asked.stream is True,
        timeout_s=asked.timeout_seconds,
        thinking=asked.thinking,
        delivery=_delivery(asked.delivery, destinations),
    )
    rule = multitask_rule(config, agent, run.message_channel, asked.multitask_strategy)
    return RunCreation(run, rule, _fingerprint(body, run), asked.metadata or {})


def _agent(config: Config, asked: RunCreate) -> tuple[Agent, str | None]:
    model = asked.model or DEFAULT_MODEL
    named = is_openclaw_form(model)
    agent = choose_agent(
        config,
        model if named else DEFAULT_MODEL,
        agent_header=asked.agent_id or "",
        session_agent=agent_of(asked.session_key or ""),
    )
    if named:
        return agent, None
    if not is_allowed_model(config, agent, model):
        raise InvalidRequest(
            f"Model '{model}' is not allowed for agent '{agent.id}'.", param="model"
        )
    return agent, model


def _session(agent: Agent, key: str | None) -> SessionChoice:
    if key is None:
        return SessionChoice(f"agent:{agent.id}:api:{uuid.uuid4()}", ephemeral=True)
    return SessionChoice(named_session(agent.id, key, "session_key"), ephemeral=False)


def _messages(asked: RunCreate) -> list[dict[str, Any]]:
    if (asked.input is None) == (asked.messages is None):
        raise InvalidRequest("Give `input` or `messages`.", param="input")
    if isinstance(asked.input, str):
        return [{"role": "user", "content": asked.input}]
    return asked.input if asked.input is not None else asked.messages or []


def _delivery(target: DeliveryTarget | None, destinations: Destinations) -> DeliveryPlan | None:
    if target is None:
        return None
    wish = DeliveryWish(True, target.channel.lower(), target.to, target.account_id)
    plan = destinations.plan(wish)
    return replace(plan, thread_id=target.thread_id or plan.thread_id, reply_to=target.reply_to)


def _fingerprint(body: dict[str, Any], run: RunRequest) -> str:
    session = "" if run.ephemeral else run.session_key
    digest = hashlib.sha256(orjson.dumps([run.agent_id, session, run.model_override]))
    digest.update(orjson.dumps(body, option=orjson.OPT_SORT_KEYS))
    return digest.hexdigest()
