"""`egress`: what may be fetched on a stranger's word. Ours; OpenClaw has no such section."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

from openclaw_common.runtime.config.base import Bounded, Port, Positive, Words
from openclaw_common.runtime.egress.hosts import HostPattern


def _hosts(hosts: tuple[str, ...]) -> tuple[str, ...]:
    for host in hosts:
        try:
            HostPattern.parse(host)
        except ValueError as error:
            raise PydanticCustomError("host", "{reason}", {"reason": str(error)}) from None
    return hosts


Hosts = Annotated[Words, AfterValidator(_hosts)]
"""Hosts as HostPattern reads them."""


class Egress(Bounded):
    """Requests to URLs that a model, a user or a hook chose."""

    bounds = (("connect_timeout_ms", "timeout_ms", 1), ("read_timeout_ms", "timeout_ms", 1))

    allow_private_hosts: Hosts = ()
    """Hosts that may have a private address: `host`, `host:port`, `*.host` or `[address]`."""
    ports: tuple[Port, ...] = (80, 443, 8080, 8443)
    """Ports that may be connected to; `allowPrivateHosts` may name others."""
    timeout_ms: Positive = 30_000
    """How long one fetch may take with all its redirects, in milliseconds."""
    connect_timeout_ms: Positive = 5000
    """How long making one connection may take, in milliseconds."""
    read_timeout_ms: Positive = 10_000
    """How long a host may stay silent within an answer, in milliseconds."""
    max_concurrent: Positive = 64
    """Fetches that one process makes at the same time; one more waits."""
