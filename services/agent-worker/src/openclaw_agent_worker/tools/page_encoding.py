"""From the bytes of an answer to text, as its header, its first bytes or its own markup say."""

from __future__ import annotations

import re
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from typing import Final

_MARKS: Final = ((BOM_UTF8, "utf-8-sig"), (BOM_UTF16_LE, "utf-16"), (BOM_UTF16_BE, "utf-16"))
_META: Final = re.compile(
    rb"<(?:meta|\?xml)[^>]{0,200}?(?:charset|encoding)\s*=\s*[\"']?([\w.:-]+)"
)
_META_BYTES: Final = 1024
"""How far a declaration may stand from the beginning (HTML standard, encoding sniffing)."""
_KNOWN: Final = re.compile(
    r"(?:utf-?8|utf-?16(?:le|be)?|us-ascii|ascii|latin-?1|iso-?8859-\d{1,2}|windows-125[0-8]|cp125[0-8]"
    r"|koi8-[ru]|gbk|gb2312|gb18030|big5|euc-(?:jp|kr)|shift[_-]jis|iso-2022-jp|macintosh)\Z",
    re.IGNORECASE,
)
"""Encodings of text on the web. Python knows others, some of them slow or no text at all."""


def decode_page(body: bytes, charset: str | None) -> str:
    """Return the text; what cannot be decoded becomes U+FFFD."""
    for mark, name in _MARKS:
        if body.startswith(mark):
            return body.decode(name, "replace")
    declared = _META.search(body[:_META_BYTES].lower())
    names = (charset, declared[1].decode("ascii") if declared else None)
    name = next((name for name in names if name and _KNOWN.match(name)), "utf-8")
    try:
        return body.decode(name, "replace")
    except LookupError:
        return body.decode("utf-8", "replace")
