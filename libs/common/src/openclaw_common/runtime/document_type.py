"""What kind of document some bytes are: by their signature, what was declared, or their name."""

from __future__ import annotations

from typing import Final

PDF: Final = "application/pdf"
PLAIN: Final = "text/plain"
_PDF_HEAD: Final = b"%PDF-"
_UNTYPED: Final = frozenset({"", "application/octet-stream", "binary/octet-stream"})
_ENDINGS: Final = {
    "txt": PLAIN,
    "text": PLAIN,
    "log": PLAIN,
    "md": "text/markdown",
    "markdown": "text/markdown",
    "html": "text/html",
    "htm": "text/html",
    "csv": "text/csv",
    "json": "application/json",
    "pdf": PDF,
}
_OTHER_NAMES: Final = {"text/x-markdown": "text/markdown", "application/csv": "text/csv"}


def document_type(data: bytes, declared: str, name: str = "") -> str:
    """Return the media type of a file, an empty text where nothing says it.

    What begins like a PDF is one, whatever it is called. What is called one must have its head
    within the first kilobyte, as readers take it (ISO 32000-1, 7.5.2 and annex H). A declared type
    that says nothing yields to the name's ending.
    """
    if data.startswith(_PDF_HEAD):
        return PDF
    mime = declared.partition(";")[0].strip().lower()
    if mime in _UNTYPED:
        mime = _ENDINGS.get(name.rpartition(".")[2].lower(), "")
    mime = _OTHER_NAMES.get(mime, mime)
    return "" if mime == PDF and _PDF_HEAD not in data[:1024] else mime
