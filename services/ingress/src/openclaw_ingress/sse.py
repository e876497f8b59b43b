"""Server-sent events as bytes (WHATWG HTML, "Server-sent events").

Pure: callers pass data without line breaks (JSON as this project writes it has none).
"""

from __future__ import annotations

from typing import Final

CONTENT_TYPE: Final = "text/event-stream; charset=utf-8"
KEEP_ALIVE: Final = b": keep-alive\n\n"
"""A comment: proxies see traffic, clients see nothing."""
DONE: Final = b"data: [DONE]\n\n"
"""The last frame of an OpenAI stream."""


def frame(data: bytes, *, event_id: int | str | None = None, event: str | None = None) -> bytes:
    """Return one frame; `event_id` is what a client sends back as `Last-Event-ID`."""
    head = b""
    if event_id is not None:
        head = b"id: %s\n" % str(event_id).encode()
    if event is not None:
        head += b"event: %s\n" % event.encode()
    return b"%sdata: %s\n\n" % (head, data)


def retry(milliseconds: int) -> bytes:
    """Return the frame that tells a client how long to wait before it reconnects."""
    return b"retry: %d\n\n" % milliseconds
