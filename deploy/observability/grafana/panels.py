"""The parts of a dashboard, and the queries that most of them are made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

METRICS: Final = {"type": "prometheus", "uid": "openclaw-metrics"}
TRACES: Final = {"type": "tempo", "uid": "openclaw-traces"}
LOGS: Final = {"type": "loki", "uid": "openclaw-logs"}
WIDTH: Final = 24
HEIGHT: Final = 8


@dataclass(frozen=True, slots=True)
class Panel:
    """One panel; `queries` are PromQL by legend, `width` of 24 columns."""

    title: str
    queries: dict[str, str]
    unit: str = "short"
    width: int = 8
    kind: str = "timeseries"
    text: str = ""


@dataclass(frozen=True, slots=True)
class Dashboard:
    """One file; the rows are titles and their panels."""

    uid: str
    title: str
    rows: Sequence[tuple[str, Sequence[Panel]]]
    variables: Sequence[tuple[str, str]] = ()
    extra: Sequence[dict[str, Any]] = ()


def rate(metric: str, by: str = "", where: str = "") -> str:
    """Return how much of a counter comes a second."""
    return f"sum{f' by ({by})' if by else ''} (rate({metric}{{{where}}}[$__rate_interval]))"


def quantile(metric: str, share: float, by: str = "", where: str = "") -> str:
    """Return a quantile of a histogram in seconds."""
    labels = f"le, {by}" if by else "le"
    rates = f"sum by ({labels}) (rate({metric}_bucket{{{where}}}[$__rate_interval]))"
    return f"histogram_quantile({share}, {rates})"


def spread(metric: str, where: str = "") -> dict[str, str]:
    """Return the median and what one in twenty and one in a hundred exceeds."""
    return {f"p{round(s * 100)}": quantile(metric, s, where=where) for s in (0.5, 0.95, 0.99)}
