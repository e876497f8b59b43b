"""A responses request, body and headers, as the run that it asks for (contract §1.4)."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from openclaw_common.contracts.errors import InvalidRequest
from openclaw_common.contracts.ids import RESPONSE_SESSIONS, agent_of
from openclaw_common.contracts.multitask import MultitaskRule
from openclaw_common.contracts.run import ClientTool, Document, Image, RunRequest, Sampling
from openclaw_common.runtime.config import Agent, Config
from openclaw_common.runtime.egress.hosts import HostPattern
from openclaw_ingress.agents import choose_agent, choose_backend_model
from openclaw_ingress.multitask import asked_strategy, multitask_rule
from openclaw_ingress.schemas import fields, js
from openclaw_ingress.schemas.chat_completion import RoutingHeaders, message_channel
from openclaw_ingress.schemas.images import parse_images
from openclaw_ingress.schemas.response_echo import echo_of
from openclaw_ingress.schemas.response_files import parse_files
from openclaw_ingress.schemas.response_input import ResponseInput, parse_input
from openclaw_ingress.schemas.response_media import ImagePart, media_fault
from openclaw_ingress.schemas.response_options import (
    check_options,
    response_format,
    sampling_of,
)
from openclaw_ingress.schemas.tools import parse_tools
from openclaw_ingress.session_keys import SessionChoice, choose_session

SOURCE: Final = "responses"


@dataclass(frozen=True, slots=True)
class PreviousResponse:
    """The agent and session of the response that a request continues."""

    agent_id: str
    session_key: str


@dataclass(frozen=True, slots=True)
class ResponseRequest:
    """A validated request.

    `echo` is what a response says of its request, `items` its input items without their ids. A
    response without `store` cannot be asked for later. `fingerprint` is the SHA-256 of what an
    `Idempotency-Key` stands for, empty unless it was asked for. `rule` says what is done while the
    session is busy.
    """

    run: RunRequest
    background: bool
    store: bool
    echo: dict[str, Any]
    items: list[dict[str, Any]]
    fingerprint: str = ""
    rule: MultitaskRule = field(default_factory=MultitaskRule)


def previous_response_not_found(response_id: str) -> InvalidRequest:
    """Return the complaint about a `previous_response_id` that is not known (any more)."""
    return InvalidRequest(
        f"Previous response with id '{response_id}' not found. It was never stored, was deleted, "
        "or is kept no longer; send the whole conversation as `input` instead.",
        param="previous_response_id",
        code="previous_response_not_found",
    )


def parse_response(
    body: dict[str, Any],
    headers: RoutingHeaders,
    config: Config,
    *,
    previous: PreviousResponse | None = None,
    fingerprint: bool = False,
) -> ResponseRequest:
    """Return the validated request, or raise InvalidRequest with the first fault's text.

    `previous` is what the body's `previous_response_id` names, None where that is not known. Pure
    and, for a large body, slow: fit for a thread.
    """
    model = fields.required_string(body, "model").strip()
    if not model:
        raise InvalidRequest("Missing `model`.", param="model")
    check_options(body)
    background = fields.flag(body, "background", default=False)
    store = fields.flag(body, "store", default=True)
    if background and not store:
        raise InvalidRequest(
            "`background` needs `store`: a response that is not stored cannot be polled.",
            param="store",
        )
    agent = _agent(body, model, headers, config, previous)
    session = _session(body, agent, headers, previous)
    override = choose_backend_model(config, agent, model, model_header=headers.backend_model)
    tools, tool_choice = _tools(body)
    given = parse_input(body.get("input"))
    images, documents = _media(given, config)
    reasoning = fields.record(body, "reasoning") or {}
    stream = fields.flag(body, "stream", default=False)
    run = RunRequest(
        agent_id=agent.id,
        session_key=session.key,
        source=SOURCE,
        model=model,
        message=given.message,
        history=given.history,
        system=_system(body, given),
        images=images,
        documents=documents,
        tools=tools,
        tool_choice=tool_choice,
        sampling=_sampling(body),
        thinking=reasoning.get("effort"),
        model_override=override,
        # Without its transcript, a response could not be continued.
        ephemeral=session.ephemeral and not store,
        stream=stream,
        message_channel=message_channel(headers.message_channel),
    )
    return ResponseRequest(
        run,
        background,
        store,
        echo_of(body, background=background, store=store),
        given.items if store else [],
        _fingerprint(body, run, session) if fingerprint else "",
        _rule(body, run, session, config, agent),
    )


def _rule(
    body: dict[str, Any], run: RunRequest, session: SessionChoice, config: Config, agent: Agent
) -> MultitaskRule:
    asked = asked_strategy(body)
    # Nobody else knows a session that is made for this request.
    if session.ephemeral:
        return MultitaskRule()
    return multitask_rule(config, agent, run.message_channel, asked)


def _agent(
    body: dict[str, Any],
    model: str,
    headers: RoutingHeaders,
    config: Config,
    previous: PreviousResponse | None,
) -> Agent:
    before = previous.agent_id if previous else agent_of(headers.session_key)
    agent = choose_agent(config, model, agent_header=headers.agent, session_agent=before)
    wanted = js.trimmed(body.get("previous_response_id"))
    if wanted and (previous is None or previous.agent_id != agent.id):
        raise previous_response_not_found(wanted)
    return agent


def _session(
    body: dict[str, Any],
    agent: Agent,
    headers: RoutingHeaders,
    previous: PreviousResponse | None,
) -> SessionChoice:
    user = js.trimmed(body.get("user"))
    chosen = choose_session(agent.id, user, headers.session_key, prefix=RESPONSE_SESSIONS)
    if previous is None:
        return chosen
    if headers.session_key and chosen.key != previous.session_key:
        raise previous_response_not_found(js.trimmed(body.get("previous_response_id")))
    return SessionChoice(previous.session_key, ephemeral=False)


def _system(body: dict[str, Any], given: ResponseInput) -> str | None:
    instructions = js.trimmed(body.get("instructions"))
    return "\n\n".join(text for text in (instructions, *given.system) if text) or None


def _sampling(body: dict[str, Any]) -> Sampling:
    return sampling_of(body, response_format(body))


def _tools(body: dict[str, Any]) -> tuple[tuple[ClientTool, ...], str]:
    """Read the tools as those of chat completions, in which only the nesting differs."""
    tools, choice = body.get("tools"), body.get("tool_choice")
    if tools is not None and not isinstance(tools, list):
        raise js.wrong_type("tools", "array", tools)
    nested = [_nested_tool(tool) for tool in tools or ()]
    if isinstance(choice, dict) and "function" not in choice and "name" in choice:
        choice = {"type": choice.get("type"), "function": {"name": choice["name"]}}
    try:
        return parse_tools({"tools": nested, "tool_choice": choice})
    except InvalidRequest as fault:
        raise InvalidRequest("invalid tool configuration", param=fault.body.param) from None


def _nested_tool(tool: Any) -> Any:
    if not isinstance(tool, dict):
        return tool
    return {"type": tool.get("type"), "function": tool}


def _media(given: ResponseInput, config: Config) -> tuple[tuple[Image, ...], tuple[Document, ...]]:
    limits = config.gateway.http.endpoints.responses
    if given.url_parts > limits.max_url_parts:
        raise media_fault("input")
    trusted = tuple(map(HostPattern.parse, config.egress.allow_private_hosts))
    images = _images(given.images, config, trusted)
    return images, parse_files(given.files, limits.files, trusted)


def _images(
    parts: Sequence[ImagePart], config: Config, trusted: Sequence[HostPattern]
) -> tuple[Image, ...]:
    limits = config.gateway.http.endpoints.responses.images
    try:
        return parse_images(
            [part.url for part in parts], limits, trusted, [part.detail for part in parts]
        )
    except InvalidRequest:
        raise media_fault(parts[0].path if len(parts) == 1 else "input") from None


def _fingerprint(body: dict[str, Any], run: RunRequest, session: SessionChoice) -> str:
    # A session made for this request alone has a random key, which no repetition can have.
    key = "" if session.ephemeral else session.key
    digest = hashlib.sha256(orjson.dumps([run.agent_id, key, run.model_override]))
    digest.update(orjson.dumps(body, option=orjson.OPT_SORT_KEYS))
    return digest.hexdigest()
