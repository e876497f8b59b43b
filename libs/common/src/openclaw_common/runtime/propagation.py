"""Trace context between processes: W3C headers at the edge, its binary form in the job.

Source: https://www.w3.org/TR/trace-context/ (version 00; of a later one what version 00 knows) and
https://w3c.github.io/trace-context-binary/. Baggage is read nowhere, so it ends at the edge.
"""

from __future__ import annotations

import random
import re
from typing import Final, NamedTuple, Self

TRACEPARENT: Final = "traceparent"
TRACESTATE: Final = "tracestate"
MAX_STATE_CHARS: Final = 512
"""Length of a tracestate that is handed on; a longer one is dropped."""

_TRACEPARENT: Final = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}(-.*)?\Z")
_VERSION_00: Final = 55
"""Length of a traceparent of that version."""
_PACKED: Final = 29
"""Length of its binary form."""
_STATE: Final = re.compile(r"[ -~]*\Z")
_NO_TRACE: Final = bytes(16)
_NO_SPAN: Final = bytes(8)
_SAMPLED: Final = "13579bdf"
"""Last digits of flags with the one that says so."""
_MERSENNE: Final = 2**61 - 1
_GOLDEN: Final = 0x9E37_79B9_7F4A_7C15
"""2**64 divided by the golden ratio: multiples of it lie far apart (Knuth, TAOCP 3, §6.4)."""


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
        given = traceparent.strip()
        if not _TRACEPARENT.match(given) or given.startswith("ff"):
            return None
        if len(given) > _VERSION_00 and given.startswith("00"):
            return None
        trace_id, span_id = bytes.fromhex(given[3:35]), bytes.fromhex(given[36:52])
        if trace_id == _NO_TRACE or span_id == _NO_SPAN:
            return None
        if tracestate and (len(tracestate) > MAX_STATE_CHARS or not _STATE.match(tracestate)):
            tracestate = ""
        return cls(trace_id, span_id, given[54] in _SAMPLED, tracestate)

    @property
    def packed(self) -> bytes:
        """The binary form of the header; 29 bytes."""
        return b"\0\0%b\1%b\2%c" % (self.trace_id, self.span_id, self.sampled)

    @classmethod
    def unpack(cls, packed: object, tracestate: object = "") -> Self | None:
        """Return what `packed` was made of; None for what no job of ours carries."""
        if not isinstance(packed, bytes) or len(packed) != _PACKED:
            return None
        if packed[18] != 1 or packed[27] != 2:
            return None
        state = tracestate if isinstance(tracestate, str) else ""
        return cls(packed[2:18], packed[19:27], packed[28] == 1, state)


def new_trace_id() -> bytes:
    """Return 16 random bytes that are not all zero."""
    return (random.getrandbits(128) or 1).to_bytes(16, "big")


def new_span_id() -> bytes:
    """Return 8 random bytes that are not all zero."""
    return (random.getrandbits(64) or 1).to_bytes(8, "big")


def attempt_span_id(trace_id: bytes, record_id: str, attempt: int) -> bytes:
    """Return the span id of an attempt at a job, which a later one links to without asking.

    A record's id is random, so its remainder tells it from others of the trace.
    """
    record = int.from_bytes(record_id.encode(), "big") % _MERSENNE
    number = int.from_bytes(trace_id[:8], "big") + record + attempt * _GOLDEN
    return (number % 2**64 or 1).to_bytes(8, "big")
