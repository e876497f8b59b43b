"""What a request about a session names."""

from __future__ import annotations

from dataclasses import dataclass

from aiohttp import web

from openclaw_common.contracts.errors import InvalidRequest, NotFound
from openclaw_common.queue.accounts import current_account
from openclaw_common.runtime.config import normalise_agent_id
from openclaw_common.store.session_steps import Lane
from openclaw_common.store.sessions import Session
from openclaw_ingress.app_keys import CONFIG, STORE
from openclaw_ingress.tenancy import own_session


@dataclass(frozen=True, slots=True)
class KnownSession:
    """A session: its key, its record (None before its first run has ended), its open runs."""

    key: str
    record: Session | None
    lane: Lane


def session_key_of(request: web.Request) -> str:
    """Return the stored key that the path names.

    One without `agent:<id>:` is of `?agent_id=`, else of the default agent. Raises
    InvalidRequest, AgentNotAllowed.
    """
    agents = request.app[CONFIG].agents
    asked = request.query.get("agent_id")
    agent_id = normalise_agent_id(asked) if asked else agents.default_id
    if agent_id is None:
        raise InvalidRequest("`agent_id` is no agent's id.", param="agent_id")
    key = own_session(agent_id, request.match_info["key"], "key")
    current_account().check_session(key)
    return key


async def known_session(app: web.Application, key: str) -> KnownSession | None:
    """Return the session of a key, None where nothing is known of it. Raises StoreUnavailable."""
    store = app[STORE]
    record, lane = await store.sessions.get(key), await store.session_steps.lane(key)
    if record is None and not lane.run_ids and not await store.session_steps.has_runs(key):
        return None
    return KnownSession(key, record, lane)


async def find_session(request: web.Request) -> KnownSession:
    """Return the session that the path names. Raises NotFound, InvalidRequest."""
    found = await known_session(request.app, session_key_of(request))
    if found is None:
        raise no_such_session()
    return found


def no_such_session() -> NotFound:
    """Return the error for a session that is not known."""
    return NotFound("There is no such session.", code="session_not_found")
