"""The answer to `/status`."""

from __future__ import annotations

from openclaw_common.contracts.run import RunStatus
from openclaw_common.inbound.routing import Route
from openclaw_common.runtime.config import Config
from openclaw_common.store.store import Store


async def status_text(config: Config, store: Store, route: Route) -> str:
    """Return what is known of the session of a chat. Raises StoreUnavailable."""
    session = await store.sessions.get(route.chat_session)
    lane = await store.session_steps.lane(route.chat_session)
    agent = config.agents.entries.get(route.agent_id)
    model = (session.model if session else None) or (agent.model.primary if agent else None)
    running = lane.status is RunStatus.IN_PROGRESS
    waiting = len(lane.run_ids) - running
    return "\n".join(
        (
            f"Agent: {route.agent_id}",
            f"Model: {model or 'none'}",
            f"Session: {route.chat_session}",
            f"Messages in this conversation: {session.messages if session else 0}",
            f"Working: {'yes' if running else 'no'}, waiting: {waiting}",
        )
    )
