"""`health`: the side port of a process, for probes and for Prometheus."""

from __future__ import annotations

from openclaw_common.runtime.config.base import Port, Section


class Health(Section):
    """Where a process answers `/livez`, `/readyz`, `/startupz` and `/metrics`, without a key."""

    host: str = "0.0.0.0"
    """Address to listen on; kubelet and Prometheus come from another one than 127.0.0.1."""
    port: Port = 0
    """TCP port; 0 for no side port."""
