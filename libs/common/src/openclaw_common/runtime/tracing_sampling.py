"""Which traces are recorded: `OTEL_TRACES_SAMPLER` and `OTEL_TRACES_SAMPLER_ARG`.

Source: OpenTelemetry specification, General SDK configuration; the ratio is taken of the last
8 bytes of the trace id, as TraceIdRatioBased does it everywhere, so that all processes agree.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

from openclaw_common.runtime.config.errors import ConfigError

Sampler = Callable[[bytes, bool | None], bool]
"""Whether a trace is recorded, by its id and whether the parent is (None: there is none)."""

_ALL: Final = 1 << 64


class SamplerError(ConfigError):
    """The environment names no sampler that exists; the text says which do."""


def always(trace_id: bytes, parent: bool | None) -> bool:
    """Record what is new, and what the parent's process records."""
    return True if parent is None else parent


def sampler_of(environ: Mapping[str, str]) -> Sampler:
    """Return the sampler that the environment names. Raises SamplerError."""
    name = (environ.get("OTEL_TRACES_SAMPLER") or "parentbased_always_on").strip().lower()
    base = name.removeprefix("parentbased_")
    if base not in ("always_on", "always_off", "traceidratio"):
        raise SamplerError(
            f"OTEL_TRACES_SAMPLER={name!r} is unknown; use always_on, always_off or traceidratio, "
            "or one of them behind parentbased_"
        )
    if name == "parentbased_always_on":
        return always
    ratio = {"always_on": 1.0, "always_off": 0.0}.get(base)
    if ratio is None:
        ratio = _ratio(environ.get("OTEL_TRACES_SAMPLER_ARG") or "1")
    return partial(_sample, round(ratio * _ALL), base != name)


def _ratio(text: str) -> float:
    try:
        ratio = float(text)
    except ValueError:
        ratio = -1.0
    if not 0 <= ratio <= 1:
        raise SamplerError(f"OTEL_TRACES_SAMPLER_ARG={text!r} is no number from 0 to 1")
    return ratio


def _sample(bound: int, parent_based: bool, trace_id: bytes, parent: bool | None) -> bool:
    if parent_based and parent is not None:
        return parent
    return int.from_bytes(trace_id[8:], "big") < bound
