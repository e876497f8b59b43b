"""The bodies of `/v1/cron`: a job in OpenClaw's field names, and what may be changed of one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from pydantic import ValidationError

from openclaw_common.contracts.delivery import LAST
from openclaw_common.contracts.errors import InvalidRequest
from openclaw_common.contracts.ids import agent_of
from openclaw_common.runtime.config import Config, normalise_agent_id
from openclaw_common.runtime.config.channels import NOT_CHANNELS
from openclaw_common.runtime.config.cron import ANNOUNCE, CronJob
from openclaw_common.runtime.config.explain import explain
from openclaw_common.runtime.config.providers import qualified_model
from openclaw_common.runtime.config.unknown_keys import keep_known
from openclaw_ingress.agents import is_allowed_model
from openclaw_ingress.session_keys import MAX_KEY_CHARS, RESERVED

_ANSWERED: Final = frozenset({"object", "origin"})
"""What answers hold beside a job, so that what was read can be sent back."""


def parse_cron_job(body: Mapping[str, Any], config: Config) -> CronJob:
    """Return the job that a body describes. Raises InvalidRequest, which names the field."""
    given = {key: value for key, value in body.items() if key not in _ANSWERED}
    kept, unknown = keep_known(given, CronJob)
    if unknown:
        raise InvalidRequest(f"{unknown[0].partition(', ignored')[0]}.")
    try:
        job = CronJob.model_validate(kept)
    except ValidationError as error:
        place, _, complaint = next(iter(explain(error, {}, {}))).partition(": ")
        raise InvalidRequest(
            f"`{place}`: {complaint}." if place else f"{complaint}.", param=place or None
        ) from None
    _check_interval(job, config)
    _check_session(job)
    _check_channel(job, config)
    return _with_agent(job, config)


def parse_cron_change(body: Mapping[str, Any]) -> bool:
    """Return the `enabled` that a body sets. Raises InvalidRequest."""
    if body.keys() != {"enabled"} or not isinstance(body["enabled"], bool):
        raise InvalidRequest(
            'The body must be {"enabled": true} or {"enabled": false}; delete the job and make it'
            " again to change anything else.",
            param="enabled",
        )
    return bool(body["enabled"])


def _check_interval(job: CronJob, config: Config) -> None:
    every_ms, least_ms = job.schedule.every_ms, config.cron.min_interval_ms
    if every_ms is not None and every_ms < least_ms:
        raise InvalidRequest(
            f"`schedule.everyMs` must be at least {least_ms}.", param="schedule.everyMs"
        )


def _check_session(job: CronJob) -> None:
    name = job.session_name or ""
    if job.session_key is not None and job.session_key != job.session_key.strip():
        raise InvalidRequest("`sessionKey` must not begin or end with blanks.", param="sessionKey")
    if len(name) > MAX_KEY_CHARS:
        raise InvalidRequest(
            f"`sessionKey` is limited to {MAX_KEY_CHARS} characters.", param="sessionKey"
        )
    while agent_of(name) is not None:
        name = name.split(":", 2)[2].strip()
    if name.lower().startswith(RESERVED):
        raise InvalidRequest(
            "`sessionKey` cannot use reserved internal session namespaces.", param="sessionKey"
        )


def _check_channel(job: CronJob, config: Config) -> None:
    delivery = job.delivery
    named = delivery.mode == ANNOUNCE and delivery.channel != LAST
    if named and (delivery.channel not in config.channels or delivery.channel in NOT_CHANNELS):
        raise InvalidRequest(
            f"Channel '{delivery.channel}' is not configured.", param="delivery.channel"
        )


def _with_agent(job: CronJob, config: Config) -> CronJob:
    wanted = job.agent_id
    agent_id = normalise_agent_id(wanted) if wanted else config.agents.default_id
    agent = config.agents.entries.get(agent_id or "")
    if agent is None:
        raise InvalidRequest(f"Unknown agent '{wanted}'.", param="agentId")
    of_session = agent_of(job.session_name or "")
    if of_session is not None and of_session != agent.id:
        raise InvalidRequest(
            f'agent id "{agent.id}" does not match session agent "{of_session}"', param="agentId"
        )
    model = job.payload.model
    if model is not None:
        model = qualified_model(agent, config.models.providers, model)
        if not is_allowed_model(config, agent, model):
            raise InvalidRequest(
                f"Model '{model}' is not allowed for agent '{agent.id}'.", param="payload.model"
            )
    return job.model_copy(update={"agent_id": agent.id})
