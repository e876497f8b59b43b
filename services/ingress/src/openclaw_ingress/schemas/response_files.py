"""File parts judged: their data decoded and measured, their URLs by their text (contract §1.4).

Nothing is fetched or read here: the worker does both, under the same limits.
"""

from __future__ import annotations

import binascii
from collections.abc import Sequence
from typing import Final

from openclaw_common.contracts.run import Document
from openclaw_common.runtime.config.http import Files as FileLimits
from openclaw_common.runtime.document_type import document_type
from openclaw_common.runtime.egress.errors import UrlRefused
from openclaw_common.runtime.egress.hosts import HostPattern, matches_any, may_be_public
from openclaw_common.runtime.egress.urls import parse_target
from openclaw_ingress.schemas.response_media import FilePart, media_fault

_ALPHABET: Final = str.maketrans("-_", "+/")


def parse_files(
    parts: Sequence[FilePart], limits: FileLimits, trusted: Sequence[HostPattern] = ()
) -> tuple[Document, ...]:
    """Return the files as a run's documents; raises InvalidRequest for a fault of any of them.

    `trusted` are hosts that may be private.
    """
    if len(parts) > limits.max_parts:
        raise media_fault(parts[limits.max_parts].path)
    return tuple(_document(part, limits, trusted) for part in parts)


def _document(part: FilePart, limits: FileLimits, trusted: Sequence[HostPattern]) -> Document:
    if part.url is not None:
        _judge(part.url, limits, trusted, part.path)
        return Document(part.name, "", url=part.url)
    payload = "".join((part.data or "").split()).translate(_ALPHABET)
    # Refused before decoding: three bytes stand in four characters.
    if not payload or len(payload) // 4 * 3 > limits.max_bytes + 3:
        raise media_fault(part.path)
    try:
        data = binascii.a2b_base64(payload, strict_mode=True)
    except (binascii.Error, ValueError):
        raise media_fault(part.path) from None
    mime = document_type(data, part.mime, part.name)
    if not data or len(data) > limits.max_bytes or mime not in limits.allowed_mimes:
        raise media_fault(part.path)
    return Document(part.name, mime, data=payload)


def _judge(url: str, limits: FileLimits, trusted: Sequence[HostPattern], path: str) -> None:
    try:
        target = parse_target(url)
    except UrlRefused:
        raise media_fault(path) from None
    allowed = tuple(map(HostPattern.parse, limits.url_allowlist))
    listed = not allowed or matches_any(allowed, target.host, target.port)
    reachable = may_be_public(target.host) or matches_any(trusted, target.host, target.port)
    if not (limits.allow_url and listed and reachable):
        raise media_fault(path)
