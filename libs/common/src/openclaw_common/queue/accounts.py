"""On whose account runs are accepted: whose they become, and which limits they count against.

What accepts runs is told by the context, not by an argument: an endpoint that forgot to hand it on
would let a key past its limits, or into another tenant's sessions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import Final

from openclaw_common.contracts.api_key import UNLIMITED, KeyLimits
from openclaw_common.contracts.errors import AgentNotAllowed
from openclaw_common.contracts.ids import agent_of
from openclaw_common.contracts.run import RunRequest
from openclaw_common.contracts.tenants import in_tenant, tenant_of, without_tenant
from openclaw_common.store.accounting import Charge, LimitState


def _ignore(state: LimitState) -> None:
    return None


@dataclass(frozen=True, slots=True)
class Account:
    """Who asks. The default is the gateway itself, which sees everything and has no limits.

    An empty `tenant` is none; with `sees_all` everybody's data is seen all the same. No `agents`
    means all of them. `report` is told how the limits of the key stand.
    """

    key_id: str = ""
    tenant: str = ""
    sees_all: bool = True
    agents: frozenset[str] | None = None
    limits: KeyLimits = UNLIMITED
    report: Callable[[LimitState], None] = _ignore

    def sees(self, tenant: str) -> bool:
        """Whether what belongs to `tenant` exists for it."""
        return self.sees_all or self.tenant == tenant

    def may_use(self, agent_id: str) -> bool:
        """Whether it may choose an agent."""
        return self.agents is None or agent_id in self.agents

    def check_agent(self, agent_id: str) -> None:
        """Raise AgentNotAllowed for an agent that it may not choose."""
        if not self.may_use(agent_id):
            raise AgentNotAllowed(agent_id)

    def check_session(self, session_key: str) -> None:
        """Raise AgentNotAllowed for a session of an agent that it may not choose."""
        agent_id = agent_of(without_tenant(session_key))
        if agent_id is not None:
            self.check_agent(agent_id)

    def stored(self, name: str) -> str:
        """Return the stored form of a session key or job id that it named."""
        return in_tenant(self.tenant, name)

    def charge(self) -> Charge | None:
        """Return what its runs count against, None without limits."""
        if not self.key_id or self.limits == UNLIMITED:
            return None
        return Charge(self.key_id, self.limits, self.report)

    def own(self, request: RunRequest) -> RunRequest:
        """Return a request in the tenant's sessions; what is in a tenant's already stays there.

        Raises AgentNotAllowed.
        """
        tool, announce = request.tool, request.announce
        self.check_agent(request.agent_id)
        self.check_session(request.session_key)
        self.check_session(tool.session_key if tool else "")
        if not self.tenant or tenant_of(request.session_key):
            return request
        return replace(
            request,
            session_key=self.stored(request.session_key),
            tool=tool
            and replace(
                tool,
                session_key=self.stored(tool.session_key),
                # What a tool does once for a call must not be another tenant's.
                call_id=f"{self.tenant}:{tool.call_id}",
            ),
            announce=announce and replace(announce, session_key=self.stored(announce.session_key)),
        )


GATEWAY: Final = Account()
_CURRENT: Final[ContextVar[Account]] = ContextVar("account", default=GATEWAY)


def current_account() -> Account:
    """Return on whose account the running task acts."""
    return _CURRENT.get()


@contextmanager
def on_account_of(account: Account) -> Iterator[None]:
    """Act on an account inside the block."""
    token = _CURRENT.set(account)
    try:
        yield
    finally:
        _CURRENT.reset(token)
