"""What a process makes of the configuration and OpenTelemetry's variables: its tracer.

    ingress, standalone          Tracer ─▶ Pipeline ─▶ OTLP · Redis
    worker, delivery process     Tracer ─▶ Relay ═▶ its supervisor: RelayEnd ─▶ Pipeline ─▶ the same

Nothing is traced where spans would go nowhere, and with `OTEL_SDK_DISABLED=true`.
"""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from functools import partial
from importlib.metadata import version
from typing import TYPE_CHECKING, Final

from openclaw_common.runtime.config.tracing import Tracing
from openclaw_common.runtime.otlp_environ import endpoint_of, export_delay_s, resource_of
from openclaw_common.runtime.tracing_encoding import Origin
from openclaw_common.runtime.tracing_otlp import OtlpOutlet
from openclaw_common.runtime.tracing_pipeline import Outlet, Pipeline
from openclaw_common.runtime.tracing_relay import Relay
from openclaw_common.runtime.tracing_sampling import sampler_of
from openclaw_common.store.store import Store
from openclaw_common.store.traces import StoreOutlet

if TYPE_CHECKING:
    from openclaw_common.runtime.tracing import Tracer

CAPTURE: Final = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"
_CAPTURES: Final = frozenset({"true", "span_only", "span_and_event"})
_DISTRIBUTION: Final = "openclaw-common"


def traces_anything(config: Tracing, environ: Mapping[str, str]) -> bool:
    """Whether spans go anywhere. Raises OtlpSettingError."""
    if environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return False
    return config.store or endpoint_of("traces", environ) is not None


def origin_of(role: str, instance: str, environ: Mapping[str, str]) -> Origin:
    """Return the resource of a process, for example `openclaw-ingress`.

    `OTEL_SERVICE_NAME` and `OTEL_RESOURCE_ATTRIBUTES` say otherwise.
    """
    own = {
        "service.name": f"openclaw-{role}",
        "service.version": version(_DISTRIBUTION),
        "service.instance.id": instance,
    }
    return Origin.of(resource_of(environ, own), version(_DISTRIBUTION))


def check_telemetry(config: Tracing, environ: Mapping[str, str]) -> None:
    """Raise ConfigError for variables that ask for what is not there."""
    endpoint_of("metrics", environ)
    if traces_anything(config, environ):
        sampler_of(environ)


@asynccontextmanager
async def pipeline_of(
    config: Tracing, environ: Mapping[str, str], store: Store, origin: Origin
) -> AsyncIterator[Pipeline]:
    """Have the pipeline of a process that exports, which is flushed at the end."""
    outlets: list[Outlet] = []
    otlp: OtlpOutlet | None = None
    if (endpoint := endpoint_of("traces", environ)) is not None:
        otlp = OtlpOutlet(endpoint)
        await otlp.load()
        outlets.append(
            Outlet("otlp", otlp.send, flush_s=export_delay_s(environ), most=config.max_buffered)
        )
    if config.store:
        keep = StoreOutlet(store.traces, config).send
        outlets.append(
            Outlet("store", keep, flush_s=config.flush_ms / 1000, most=config.max_buffered)
        )
    pipeline = Pipeline(origin, outlets)
    try:
        yield pipeline
    finally:
        await pipeline.close(config.shutdown_ms / 1000)
        if otlp is not None:
            otlp.close()


@asynccontextmanager
async def exporting(
    config: Tracing, environ: Mapping[str, str], store: Store, *, role: str
) -> AsyncIterator[Pipeline | None]:
    """Have the pipeline of a supervisor, whose child makes the spans; None where nothing is traced.

    Raises OtlpSettingError.
    """
    if not traces_anything(config, environ):
        yield None
        return
    async with pipeline_of(config, environ, store, origin_of(role, role, environ)) as pipeline:
        yield pipeline


@asynccontextmanager
async def tracing(
    config: Tracing,
    environ: Mapping[str, str],
    store: Store,
    *,
    role: str,
    instance: str,
    secrets: Iterable[str] = (),
    relay: socket.socket | None = None,
) -> AsyncIterator[Tracer | None]:
    """Have the tracer of a process, None where nothing is traced.

    `relay` is the end of a supervised process. Raises OtlpSettingError, SamplerError.
    """
    if not traces_anything(config, environ):
        yield None
        return
    # Whoever only exports, a supervisor, need not pay for OpenTelemetry's API.
    from openclaw_common.runtime import tracing, tracing_context

    tracing_context.show(tracing.current)
    origin = origin_of(role, instance, environ)
    tracer = partial(
        tracing.Tracer,
        sampler=sampler_of(environ),
        content=environ.get(CAPTURE, "").strip().lower() in _CAPTURES,
        secrets=tuple(secrets),
        max_spans=config.max_spans,
        max_chars=config.max_attribute_chars,
    )
    if relay is None:
        async with pipeline_of(config, environ, store, origin) as pipeline:
            yield tracer(pipeline)
        return
    end = Relay(relay, origin)
    try:
        yield tracer(end)
    finally:
        end.close()
