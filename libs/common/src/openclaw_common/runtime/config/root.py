"""The whole configuration."""

from __future__ import annotations

from pydantic import Field

from openclaw_common.runtime.config import checks, openclaw_keys
from openclaw_common.runtime.config.agents import Agents
from openclaw_common.runtime.config.automation import Diagnostics, Secrets
from openclaw_common.runtime.config.base import Section
from openclaw_common.runtime.config.channels import Binding, Channel
from openclaw_common.runtime.config.cron import Cron
from openclaw_common.runtime.config.egress import Egress
from openclaw_common.runtime.config.errors import ConfigError
from openclaw_common.runtime.config.gateway import Gateway
from openclaw_common.runtime.config.health import Health
from openclaw_common.runtime.config.hooks import Hooks
from openclaw_common.runtime.config.inbound import Inbound
from openclaw_common.runtime.config.limits import Deliveries, Ingress, Redis, Runs, Worker
from openclaw_common.runtime.config.mcp import Mcp
from openclaw_common.runtime.config.models import Models
from openclaw_common.runtime.config.session import Messages, Session
from openclaw_common.runtime.config.tools import Tools
from openclaw_common.runtime.config.tracing import Tracing


class Config(Section):
    """The configuration of one gateway; `Config()` is what no file at all gives."""

    accepted_keys = openclaw_keys.ROOT

    gateway: Gateway = Gateway()
    agents: Agents = Field(default_factory=Agents)
    models: Models = Models()
    redis: Redis = Redis()
    runs: Runs = Runs()
    worker: Worker = Worker()
    ingress: Ingress = Ingress()
    deliveries: Deliveries = Deliveries()
    egress: Egress = Egress()
    health: Health = Health()
    inbound: Inbound = Inbound()
    session: Session = Session()
    messages: Messages = Messages()
    hooks: Hooks = Hooks()
    channels: dict[str, Channel] = Field(default_factory=dict)
    """By channel; `defaults` and `modelByChannel` are no channels."""
    bindings: tuple[Binding, ...] = ()
    tools: Tools = Tools()
    mcp: Mcp = Mcp()
    cron: Cron = Cron()
    tracing: Tracing = Tracing()
    diagnostics: Diagnostics = Diagnostics()
    secrets: Secrets = Secrets()

    def check(self, *, require_auth: bool = True) -> None:
        """Raise ConfigError when settings contradict each other.

        `require_auth=False` lets the credential that the auth mode needs be missing, for a process
        that asks for none, or that makes one and checks again.
        """
        found = list(checks.problems(self, require_auth=require_auth))
        if found:
            raise ConfigError("\n".join(found))
