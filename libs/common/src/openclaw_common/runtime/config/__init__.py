"""OpenClaw's configuration: its file format and key names, as frozen pydantic models.

Belongs here: sections, reading them from files, and the only reading of the environment outside
the composition roots. May not live here: anything that acts on a setting.
"""

from openclaw_common.runtime.config.agents import Agent, normalise_agent_id
from openclaw_common.runtime.config.errors import ConfigError
from openclaw_common.runtime.config.gateway import Gateway, RateLimit
from openclaw_common.runtime.config.limits import Ingress, Redis, Runs, Worker
from openclaw_common.runtime.config.loader import LoadedConfig, load_config
from openclaw_common.runtime.config.models import Model, Provider
from openclaw_common.runtime.config.redis_url import RedisAddress, parse_redis_url
from openclaw_common.runtime.config.root import Config

__all__ = [
    "Agent",
    "Config",
    "ConfigError",
    "Gateway",
    "Ingress",
    "LoadedConfig",
    "Model",
    "Provider",
    "RateLimit",
    "Redis",
    "RedisAddress",
    "Runs",
    "Worker",
    "load_config",
    "normalise_agent_id",
    "parse_redis_url",
]
