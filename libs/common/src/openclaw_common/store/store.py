"""The store of one process: one connection to Redis, and every structure behind it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

from redis.exceptions import ResponseError

from openclaw_common.runtime.config.limits import Redis as RedisConfig
from openclaw_common.runtime.config.limits import Runs as RunsConfig
from openclaw_common.store.admission import Admission, Bounds
from openclaw_common.store.client import RedisClient
from openclaw_common.store.connections import create_pool
from openclaw_common.store.dead_letters import DeadLetters
from openclaw_common.store.jobs import JobScripts, Retention
from openclaw_common.store.keys import RUN, Keys
from openclaw_common.store.lease_steps import ClaimLimits, Leases
from openclaw_common.store.limits import AuthLimits
from openclaw_common.store.provider_bench import ProviderBench
from openclaw_common.store.run_stream import RunStreams
from openclaw_common.store.runs import Runs
from openclaw_common.store.sessions import SessionLimits, Sessions


@dataclass(frozen=True, slots=True)
class Durability:
    """What the server was found to promise for a write that it has answered.

    `mode` is `always`, `everysec` or `no` with the append-only file on, `off` without it,
    `unknown` where CONFIG is not allowed. `noeviction` is False where memory pressure may delete
    keys, None where that is unknown.
    """

    mode: str
    noeviction: bool | None

    @property
    def strict(self) -> bool:
        """Whether an acknowledged write survives kill -9 of the server and memory pressure."""
        return self.mode == "always" and self.noeviction is True


@dataclass(frozen=True, slots=True)
class Store:
    """Everything the services want of Redis. Made by `connect`, ended by `close`.

    Every call raises contracts.errors.StoreUnavailable when Redis cannot be reached in time, and
    works again when Redis is back; nothing needs to reconnect by hand.
    """

    client: RedisClient
    keys: Keys
    scripts: JobScripts
    admission: Admission
    leases: Leases
    runs: Runs
    streams: RunStreams
    sessions: Sessions
    limits: AuthLimits
    dead_letters: DeadLetters
    provider_bench: ProviderBench

    @classmethod
    async def connect(cls, redis: RedisConfig, runs: RunsConfig, *, role: str) -> Self:
        """Return a store; Redis need not be up yet. `role` names the connection in CLIENT LIST."""
        timeout_s = redis.timeout_ms / 1000
        pool = create_pool(
            redis.url.get_secret_value(), timeout_s=timeout_s, client_name=f"openclaw-{role}"
        )
        client = RedisClient(pool, timeout_s=timeout_s)
        keys = Keys()
        scripts = JobScripts(
            client,
            keys,
            RUN,
            Retention(
                record_ms=runs.retention_seconds * 1000,
                stream_ms=runs.stream_retention_seconds * 1000,
                idempotency_ms=runs.idempotency_seconds * 1000,
                dead_letter_ms=runs.dead_letter_retention_seconds * 1000,
            ),
        )
        return cls(
            client=client,
            keys=keys,
            scripts=scripts,
            admission=Admission(
                scripts,
                replace(scripts, client=RedisClient(pool, timeout_s=timeout_s)),
                Bounds(
                    max_open=runs.max_queued,
                    max_lane=runs.max_queued_per_session,
                    queue_timeout_ms=runs.queue_timeout_seconds * 1000,
                ),
            ),
            leases=Leases(
                scripts,
                ClaimLimits(runs.lease_ms, runs.max_crashes, runs.quarantine_after_crashes),
                SessionLimits(runs.transcript_max_messages, runs.session_retention_seconds * 1000),
            ),
            runs=Runs(scripts, round(runs.disconnect_grace_seconds * 1000)),
            streams=RunStreams(client, keys, RUN),
            sessions=Sessions(client, keys),
            limits=AuthLimits(client, keys),
            dead_letters=DeadLetters(scripts),
            provider_bench=ProviderBench(client, keys),
        )

    async def ping(self) -> None:
        """Return when Redis answers. Raises StoreUnavailable."""
        await self.client.execute("PING")

    async def durability(self) -> Durability:
        """Ask the server what it promises. Raises StoreUnavailable."""
        try:
            flat = await self.client.execute(
                "CONFIG", "GET", "appendonly", "appendfsync", "maxmemory-policy"
            )
        except ResponseError:
            return Durability("unknown", None)
        found = {
            name.decode(): value.decode() for name, value in zip(flat[::2], flat[1::2], strict=True)
        }
        mode = found.get("appendfsync", "unknown") if found.get("appendonly") == "yes" else "off"
        policy = found.get("maxmemory-policy")
        return Durability(mode if found else "unknown", policy == "noeviction" if policy else None)

    async def close(self) -> None:
        """Close the connections."""
        await self.admission.bulk.client.close()
        await self.client.close()
