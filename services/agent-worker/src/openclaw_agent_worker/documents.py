"""Files of a request as text: fetched where they are named by URL, read by their media type.

A PDF is read by a process of its own (`pdf_text`): what a stranger wrote may take a parser any time
and any memory, and neither is to be had from the worker that renews leases.
"""

from __future__ import annotations

import asyncio
import sys
from base64 import b64decode
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from openclaw_agent_worker.tools.page_encoding import decode_page
from openclaw_agent_worker.tools.readable_text import readable_page, without_invisible
from openclaw_common.contracts.errors import InvalidRequest
from openclaw_common.contracts.run import Document
from openclaw_common.runtime.config.http import Files as FileLimits
from openclaw_common.runtime.document_type import PDF, document_type
from openclaw_common.runtime.egress.errors import EgressError
from openclaw_common.runtime.egress.fetch import Egress, FetchRules
from openclaw_common.runtime.egress.hosts import HostPattern

UNTYPED: Final = "application/octet-stream"
"""What many servers call a file; its bytes and its name say more."""
AT_ONCE: Final = 2
"""Files that one worker reads at the same time."""
CUT: Final = "\n[cut here: the file is longer]"
_HTML: Final = "text/html"


@dataclass(frozen=True, slots=True)
class DocumentFiles:
    """Reads files under the limits of `files` in the configuration."""

    egress: Egress
    limits: FileLimits
    slots: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))

    async def loaded(self, documents: Sequence[Document]) -> tuple[Document, ...]:
        """Return the files with their text and without data.

        Raises InvalidRequest for any fault of any of them.
        """
        return tuple([await self._loaded(document) for document in documents])

    async def _loaded(self, document: Document) -> Document:
        charset = None
        if document.url is not None:
            body, mime, charset = await self._fetch(document.url, document.name)
        else:
            body, mime = b64decode(document.data or ""), document.mime
        try:
            async with self.slots, asyncio.timeout(self.limits.timeout_ms / 1000):
                text = await self._read(document.name, body, mime, charset)
        except TimeoutError:
            raise _invalid() from None
        if len(text) > self.limits.max_chars:
            text = text[: self.limits.max_chars] + CUT
        return replace(document, mime=mime, data=None, url=None, text=text)

    async def _fetch(self, url: str, name: str) -> tuple[bytes, str, str | None]:
        if not self.limits.allow_url:
            raise _invalid()
        hosts = tuple(map(HostPattern.parse, self.limits.url_allowlist))
        rules = FetchRules(
            content_types=(*self.limits.allowed_mimes, UNTYPED),
            max_bytes=self.limits.max_bytes,
            max_redirects=self.limits.max_redirects,
            timeout_s=self.limits.timeout_ms / 1000,
            hosts=hosts or None,
        )
        try:
            fetched = await self.egress.fetch(url, rules)
        except EgressError:
            raise _invalid() from None
        mime = document_type(fetched.body, fetched.media_type, name)
        if mime not in self.limits.allowed_mimes:
            raise _invalid()
        return fetched.body, mime, fetched.charset

    async def _read(self, name: str, body: bytes, mime: str, charset: str | None) -> str:
        if mime != PDF:
            return await asyncio.to_thread(_text, body, mime, charset)
        text = await self._pdf(body)
        if not text.strip():
            raise InvalidRequest(
                f"The PDF '{name}' has no text on its first {self.limits.pdf.max_pages} pages; "
                "send its pages as images.",
                code="pdf_without_text",
            )
        return text

    async def _pdf(self, body: bytes) -> str:
        pages = str(self.limits.pdf.max_pages)
        characters = str(self.limits.max_chars + 1)
        reader = await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", "-m", "openclaw_agent_worker.pdf_text", pages, characters),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            text, _ = await reader.communicate(body)
        finally:
            if reader.returncode is None:
                reader.kill()
                await reader.wait()
        if reader.returncode:
            raise _invalid()
        return text.decode("utf-8", "replace")


def _text(body: bytes, mime: str, charset: str | None) -> str:
    text = decode_page(body, charset)
    if "\0" in text:
        raise _invalid()
    if mime == _HTML:
        page = readable_page(text, "")
        text = f"{page.title}\n\n{page.text}" if page.title else page.text
    return without_invisible(text)


def _invalid() -> InvalidRequest:
    return InvalidRequest("invalid request", param="input")
