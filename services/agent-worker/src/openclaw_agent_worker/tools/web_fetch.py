"""`web_fetch`: the readable text of a web page that the model names."""

from __future__ import annotations

import asyncio
from typing import Any, Final

from openclaw_agent_worker.agent.untrusted import neutralise, wrap_untrusted
from openclaw_agent_worker.tools.page_encoding import decode_page
from openclaw_agent_worker.tools.readable_text import readable_page, without_invisible
from openclaw_agent_worker.tools.tool import Tool, ToolContext, ToolError, ToolResult
from openclaw_common.runtime.config.web import WebFetch
from openclaw_common.runtime.egress.errors import EgressError
from openclaw_common.runtime.egress.fetch import Egress, Fetched, FetchRules

CONTENT_TYPES: Final = (
    "text/*",
    "application/json",
    "application/ld+json",
    "application/problem+json",
    "application/xhtml+xml",
    "application/xml",
    "application/atom+xml",
    "application/rss+xml",
)
_PAGES: Final = frozenset({"text/html", "application/xhtml+xml"})
MAX_URL_CHARS: Final = 1000
WRAPPING_BYTES: Final = 8192
"""What title, address and the marks around untrusted content may take of a result, in bytes."""


def web_fetch(egress: Egress, limits: WebFetch, max_result_bytes: int) -> Tool:
    """Return the tool; a result has at most `max_result_bytes`, its closing mark included."""
    rules = FetchRules(
        content_types=CONTENT_TYPES,
        max_bytes=limits.max_response_bytes,
        max_redirects=limits.max_redirects,
        timeout_s=limits.timeout_seconds,
        cut=True,
    )
    most_bytes = max(max_result_bytes - WRAPPING_BYTES, 0)
    reading = asyncio.Lock()

    async def call(_: ToolContext, arguments: dict[str, Any]) -> ToolResult:
        chars = min(arguments.get("maxChars", limits.max_chars), limits.max_chars)
        try:
            fetched = await egress.fetch(arguments["url"], rules)
        except EgressError as refused:
            raise ToolError(f"The page was not fetched: {refused}") from None
        # One at a time and out of the event loop, on which the worker's leases are renewed.
        async with reading:
            return await asyncio.to_thread(_result, fetched, chars, most_bytes)

    return Tool(
        name="web_fetch",
        description="Fetch a public web page and return its readable text.",
        parameters={
            "type": "object",
            "properties": {
                "url": {"type": "string", "description": "An http or https address."},
                "maxChars": {
                    "type": "integer",
                    "minimum": 100,
                    "description": f"Characters of text to return; at most {limits.max_chars}.",
                },
            },
            "required": ["url"],
            "additionalProperties": False,
        },
        call=call,
        idempotent=True,
        timeout_s=limits.timeout_seconds + 10,
    )


def _result(fetched: Fetched, chars: int, most_bytes: int) -> str:
    title, text = _readable(fetched)
    # Neutral text may be longer than what it was; only what is cut after that keeps the limit.
    neutral = neutralise(text[:chars])
    kept = neutral.encode("utf-8", "replace")[:most_bytes].decode("utf-8", "ignore")
    lines = [f"URL: {fetched.url[:MAX_URL_CHARS]}", f"Title: {title}" if title else "", "", kept]
    if fetched.cut or len(text) > chars or len(kept) < len(neutral):
        lines.append("[cut here: the page is longer]")
    return wrap_untrusted("\n".join(filter(None, lines)), source="web_fetch")


def _readable(fetched: Fetched) -> tuple[str, str]:
    text = decode_page(fetched.body, fetched.charset)
    if fetched.media_type in _PAGES:
        page = readable_page(text, fetched.url)
        return page.title, page.text
    return "", without_invisible(text)
