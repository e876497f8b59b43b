"""What every process begins with: its settings, and the store, traced for as long as it lives."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from openclaw_common.runtime.config import Config, LoadedConfig, load_config
from openclaw_common.runtime.known_secrets import secrets_in
from openclaw_common.runtime.logs import configure_logs
from openclaw_common.runtime.otlp_environ import passed_by
from openclaw_common.runtime.tracing import Tracer
from openclaw_common.store.cell_store import connect
from openclaw_common.store.store import Store
from openclaw_common.store.traces_setup import check_telemetry, tracing


@dataclass(frozen=True, slots=True)
class Process:
    """One process, as its connections and its telemetry name it.

    `role` is for example `ingress`, `instance` its own name in the fleet. `environ` says where
    metrics and traces are sent, and may hold credentials of accounts; spans go to `relay` instead
    where a supervisor reads them.
    """

    config: Config
    environ: Mapping[str, str]
    role: str
    instance: str
    relay: socket.socket | None = None


def load_settings(
    environ: Mapping[str, str], path: Path | None, *, require_auth: bool = True
) -> LoadedConfig:
    """Return the configuration, with warnings for telemetry too, and set up the log after it.

    Raises ConfigError, LogSettingError.
    """
    loaded = load_config(environ, path, require_auth=require_auth)
    configure_logs(
        level=environ.get("OPENCLAW_LOG_LEVEL", "info"),
        form=environ.get("OPENCLAW_LOG_FORMAT", "human"),
        secrets=secrets_in(loaded.config, environ),
    )
    check_telemetry(loaded.config.tracing, environ)
    return replace(loaded, warnings=(*loaded.warnings, *passed_by(environ)))


@asynccontextmanager
async def at_store(process: Process) -> AsyncIterator[tuple[Store, Tracer | None]]:
    """Have the store of a process, and its tracer, None where nothing is traced.

    The store is there for the last spans too. Raises ConfigError.
    """
    config = process.config
    store = await connect(config.redis, config.runs, config.deliveries, role=process.role)
    try:
        async with tracing(
            config.tracing,
            process.environ,
            store,
            role=process.role,
            instance=process.instance,
            secrets=secrets_in(config, process.environ),
            relay=process.relay,
        ) as tracer:
            yield store, tracer
    finally:
        await store.close()
