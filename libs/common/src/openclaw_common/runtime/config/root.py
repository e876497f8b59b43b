"""The whole configuration."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from openclaw_common.runtime.config.agents import Agents
from openclaw_common.runtime.config.base import Section
from openclaw_common.runtime.config.gateway import Gateway
from openclaw_common.runtime.config.limits import Ingress, Redis, Runs, Worker
from openclaw_common.runtime.config.models import Models


class Config(Section):
    """The configuration of one gateway; `Config()` is what no file at all gives."""

    gateway: Gateway = Gateway()
    agents: Agents = Field(default_factory=Agents)
    models: Models = Models()
    redis: Redis = Redis()
    runs: Runs = Runs()
    worker: Worker = Worker()
    ingress: Ingress = Ingress()
    hooks: dict[str, Any] = Field(default={}, repr=False)
