"""What OpenTelemetry's variables say of what is sent, and where to; what of them is passed by.

Source: https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/ and
https://opentelemetry.io/docs/specs/otel/protocol/exporter/
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, Literal
from urllib.parse import unquote

from openclaw_common.runtime.config.errors import ConfigError

Signal = Literal["traces", "metrics"]

PROTOCOL: Final = "http/protobuf"
"""The only one that is spoken."""
INTERVAL_MS: Final = 60_000
"""Between two exports of metrics, where nothing else is said."""
_INTERVAL: Final = "OTEL_METRIC_EXPORT_INTERVAL"
DELAY_MS: Final = 5000
"""How long an ended span waits for others that are exported with it, where nothing else is said."""
_DELAY: Final = "OTEL_BSP_SCHEDULE_DELAY"
_SIGNALS: Final[tuple[Signal, ...]] = ("traces", "metrics")
_NOT_HERE: Final = frozenset({"console", "logging", "zipkin", "jaeger", "prometheus"})
"""Exporters of OpenTelemetry that send nothing to a collector over OTLP."""


class OtlpSettingError(ConfigError):
    """The environment asks for something that is not there; the text says for what."""


def endpoint_of(signal: Signal, environ: Mapping[str, str]) -> str | None:
    """Return the URL that a signal is posted to, None for nowhere. Raises OtlpSettingError."""
    if environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return None
    if "otlp" not in _exporters(signal, environ):
        return None
    own = environ.get(f"OTEL_EXPORTER_OTLP_{signal.upper()}_ENDPOINT", "").strip()
    base = environ.get("OTEL_EXPORTER_OTLP_ENDPOINT", "").strip()
    if not own and not base:
        return None
    for name in (f"OTEL_EXPORTER_OTLP_{signal.upper()}_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"):
        if protocol := environ.get(name, "").strip():
            if protocol.lower() != PROTOCOL:
                raise OtlpSettingError(
                    f"{name}={protocol!r} is not spoken; use {PROTOCOL}, which collectors take on "
                    "port 4318"
                )
            break
    return own or f"{base.rstrip('/')}/v1/{signal}"


def resource_of(environ: Mapping[str, str], own: Mapping[str, str]) -> dict[str, str]:
    """Return the attributes of a process's resource: its `own`, unless the environment says else.

    `OTEL_SERVICE_NAME` stands above a `service.name` in `OTEL_RESOURCE_ATTRIBUTES`.
    """
    found = {"service.namespace": "openclaw", **own}
    for pair in environ.get("OTEL_RESOURCE_ATTRIBUTES", "").split(","):
        name, given, value = pair.partition("=")
        if given and name.strip():
            found[name.strip()] = unquote(value.strip())
    if service := environ.get("OTEL_SERVICE_NAME", "").strip():
        found["service.name"] = service
    return found


def export_interval_s(environ: Mapping[str, str]) -> float:
    """Return the seconds between two exports of metrics; what is no number counts not."""
    return (_milliseconds(_INTERVAL, environ) or INTERVAL_MS) / 1000


def export_delay_s(environ: Mapping[str, str]) -> float:
    """Return the seconds that an ended span waits for others; what is no number counts not."""
    return (_milliseconds(_DELAY, environ) or DELAY_MS) / 1000


def passed_by(environ: Mapping[str, str]) -> Iterator[str]:
    """Yield a warning for each setting of an export that has no effect here."""
    if environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return
    for signal in _SIGNALS:
        for named in _named(signal, environ):
            # The side port is there for Prometheus, whatever is sent elsewhere.
            if named in ("otlp", "none") or (signal, named) == ("metrics", "prometheus"):
                continue
            yield (
                f"{_variable(signal)} names {named!r}, and there is no such exporter here; "
                "use otlp or none"
            )
    for name, what, default in ((_INTERVAL, "metrics", INTERVAL_MS), (_DELAY, "spans", DELAY_MS)):
        if (given := environ.get(name, "").strip()) and not _milliseconds(name, environ):
            yield (
                f"{name}={given!r} is no whole number of milliseconds above 0; {what} are sent "
                f"every {default}"
            )


def _milliseconds(name: str, environ: Mapping[str, str]) -> int | None:
    text = environ.get(name, "").strip()
    return int(text) if text.isdecimal() else None


def _exporters(signal: Signal, environ: Mapping[str, str]) -> frozenset[str]:
    """Return the exporters that are wanted; a name that OpenTelemetry does not know counts not."""
    known = frozenset(_named(signal, environ)) & (_NOT_HERE | {"otlp", "none"})
    return known or frozenset({"otlp"})


def _named(signal: Signal, environ: Mapping[str, str]) -> list[str]:
    # Set and empty is as if not set, and case does not count.
    listed = environ.get(_variable(signal), "").lower().split(",")
    return [name for item in listed if (name := item.strip())]


def _variable(signal: Signal) -> str:
    return f"OTEL_{signal.upper()}_EXPORTER"
