"""What the route table's rows take and answer: one module per family of endpoints.

Belongs here: rows, keyed by method and path. A test holds them and the route table together.
"""

from __future__ import annotations

from openclaw_common.runtime.config import Config
from openclaw_ingress.openapi.model import Operations
from openclaw_ingress.openapi.operations.automation import CRON, hook_operations
from openclaw_ingress.openapi.operations.channels import CHANNELS
from openclaw_ingress.openapi.operations.chat import CHAT
from openclaw_ingress.openapi.operations.deliveries import DELIVERIES
from openclaw_ingress.openapi.operations.keys import KEYS
from openclaw_ingress.openapi.operations.probes import PROBES
from openclaw_ingress.openapi.operations.responses import RESPONSES
from openclaw_ingress.openapi.operations.runs import RUNS
from openclaw_ingress.openapi.operations.sessions import SESSIONS


def operations(config: Config) -> Operations:
    """Return every operation that there may be; the route table says which there are."""
    return {
        **PROBES,
        **CHAT,
        **RESPONSES,
        **RUNS,
        **SESSIONS,
        **DELIVERIES,
        **CRON,
        **KEYS,
        **CHANNELS,
        **hook_operations(config.hooks.path),
    }
