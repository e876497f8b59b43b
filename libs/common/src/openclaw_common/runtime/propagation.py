"""Trace context between processes: W3C headers at the edge, two texts in the job.

Source: https://www.w3.org/TR/trace-context/ (version 00; of a later one what version 00 knows).
Baggage is read nowhere, so it ends at the edge.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from hashlib import blake2b
from typing import Final, NamedTuple, Self

TRACEPARENT: Final = "traceparent"
TRACESTATE: Final = "tracestate"
MAX_STATE_CHARS: Final = 512
"""Length of a tracestate that is handed on; a longer one is dropped."""

_TRACEPARENT: Final = re.compile(
    r"(?!ff)([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?\Z"
)
_STATE: Final = re.compile(r"[ -~]*\Z")
_NO_TRACE: Final = "0" * 32
_NO_SPAN: Final = "0" * 16


class TraceContext(NamedTuple):
    """Which span of which trace: 16 and 8 bytes, whether it is recorded, and the tracestate."""

    trace_id: bytes
    span_id: bytes
    sampled: bool = True
    state: str = ""

    @property
    def traceparent(self) -> str:
        """The W3C header; 55 characters."""
        flags = "01" if self.sampled else "00"
        return f"00-{self.trace_id.hex()}-{self.span_id.hex()}-{flags}"

    @classmethod
    def parse(cls, traceparent: str, tracestate: str = "") -> Self | None:
        """Return what a header says; None for one that is malformed, which starts a new trace."""
        match = _TRACEPARENT.match(traceparent.strip())
        if match is None:
            return None
        version, trace_id, span_id, flags, more = match.groups()
        if trace_id == _NO_TRACE or span_id == _NO_SPAN or (more and version == "00"):
            return None
        if tracestate and (len(tracestate) > MAX_STATE_CHARS or not _STATE.match(tracestate)):
            tracestate = ""
        sampled = bool(int(flags, 16) & 1)
        return cls(bytes.fromhex(trace_id), bytes.fromhex(span_id), sampled, tracestate)

    @classmethod
    def read(cls, carrier: Mapping[str, str]) -> Self | None:
        """Return what a job or a request carries, None where that is nothing or malformed."""
        traceparent = carrier.get(TRACEPARENT)
        return cls.parse(traceparent, carrier.get(TRACESTATE, "")) if traceparent else None

    def carrier(self) -> dict[str, str]:
        """Return what a job carries."""
        carried = {TRACEPARENT: self.traceparent}
        if self.state:
            carried[TRACESTATE] = self.state
        return carried


def new_trace_id() -> bytes:
    """Return 16 random bytes that are not all zero."""
    return (random.getrandbits(128) or 1).to_bytes(16, "big")


def new_span_id() -> bytes:
    """Return 8 random bytes that are not all zero."""
    return (random.getrandbits(64) or 1).to_bytes(8, "big")


def attempt_span_id(trace_id: bytes, record_id: str, attempt: int) -> bytes:
    """Return the span id of an attempt at a job, which a later one links to without asking."""
    name = b"%b\n%b\n%d" % (trace_id, record_id.encode(), attempt)
    return blake2b(name, digest_size=8).digest()
