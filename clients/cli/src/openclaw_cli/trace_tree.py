"""A trace as a tree of lines: when each span began and how long it took, below what caused it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

SHOWN: Final = (
    "openclaw.attempt",
    "openclaw.queue_wait_ms",
    "openclaw.lane_wait_ms",
    "openclaw.time_to_first_token_ms",
    "gen_ai.usage.input_tokens",
    "gen_ai.usage.output_tokens",
    "http.response.status_code",
    "openclaw.outcome",
    "error.type",
)
"""Attributes that a line shows, in this order, without what stands before the last dot."""
NAME_WIDTH: Final = 48


@dataclass
class _Span:
    """One span and what is below it; times in ns."""

    name: str
    service: str
    start: int
    end: int
    parent: str
    attributes: dict[str, Any]
    failed: bool
    below: list[_Span] = field(default_factory=list)


def trace_lines(otlp: dict[str, Any]) -> Iterator[str]:
    """Yield the lines of OTLP's JSON. A span whose parent is not there stands at the left."""
    spans = dict(_spans(otlp))
    tops: list[_Span] = []
    for span in spans.values():
        above = spans.get(span.parent)
        (above.below if above else tops).append(span)
    tops.sort(key=lambda span: span.start)
    begin = tops[0].start if tops else 0
    for top in tops:
        yield from _lines(top, begin, "", "")


def _spans(otlp: dict[str, Any]) -> Iterator[tuple[str, _Span]]:
    for part in otlp["resourceSpans"]:
        service = _values(part["resource"]["attributes"]).get("service.name", "")
        for scoped in part["scopeSpans"]:
            for span in scoped["spans"]:
                yield (
                    span["spanId"],
                    _Span(
                        name=span["name"],
                        service=str(service).removeprefix("openclaw-"),
                        start=int(span["startTimeUnixNano"]),
                        end=int(span["endTimeUnixNano"]),
                        parent=span.get("parentSpanId", ""),
                        attributes=_values(span["attributes"]),
                        failed=span["status"].get("code") == 2,
                    ),
                )


def _values(pairs: list[dict[str, Any]]) -> dict[str, Any]:
    return {pair["key"]: next(iter(pair["value"].values()), None) for pair in pairs}


def _lines(span: _Span, begin: int, before: str, below: str) -> Iterator[str]:
    name = f"{before}{span.name}{' !' if span.failed else ''}"
    told = " ".join(
        f"{key.rpartition('.')[2]}={span.attributes[key]}"
        for key in SHOWN
        if key in span.attributes
    )
    times = f"{_ms(span.start - begin):>10} {_ms(span.end - span.start):>10}"
    yield f"{times}  {name:{NAME_WIDTH}} {span.service:13} {told}".rstrip()
    children = sorted(span.below, key=lambda child: child.start)
    for index, child in enumerate(children, 1):
        last = index == len(children)
        yield from _lines(
            child, begin, below + ("└ " if last else "├ "), below + ("  " if last else "│ ")
        )


def _ms(nanoseconds: int) -> str:
    return f"{nanoseconds / 1e6:.1f} ms"
