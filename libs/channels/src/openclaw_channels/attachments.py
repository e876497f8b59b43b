"""The bytes of an attachment, for platforms that take uploads."""

from __future__ import annotations

import base64
import binascii
import mimetypes
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

from yarl import URL

from openclaw_channels.base import PermanentFailure, SendFailure, TemporaryFailure
from openclaw_common.contracts.delivery import Media
from openclaw_common.runtime.egress.errors import (
    BadStatus,
    EgressError,
    TimedOut,
    TooLarge,
    Unreachable,
)
from openclaw_common.runtime.egress.fetch import Egress, FetchRules

_MAX_NAME: Final = 100
_RETRIED: Final = frozenset({408, 425, 429})
_ANY_TYPE: Final = (
    "application/*",
    "audio/*",
    "font/*",
    "image/*",
    "model/*",
    "text/*",
    "video/*",
)


class AttachmentTooLarge(PermanentFailure):
    """The attachment is larger than the rules allow."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """One file to upload."""

    filename: str
    mime: str
    data: bytes


@dataclass(frozen=True, slots=True)
class AttachmentRules:
    """What one attachment may bring: `max_bytes`, within `timeout_s` and `max_redirects`."""

    max_bytes: int
    timeout_s: float
    max_redirects: int = 3


async def load(media: Media, egress: Egress, rules: AttachmentRules) -> Attachment:
    """Return the attachment's bytes, fetched from its URL where it has no data.

    Raises AttachmentTooLarge, PermanentFailure for one that cannot be had, and TemporaryFailure
    where a later try may succeed.
    """
    name = attachment_name(media)
    if media.data is not None:
        return Attachment(name, media.mime, _decoded(media.data, name, rules.max_bytes))
    if media.url is None:
        raise PermanentFailure(f"The attachment {name} has neither a URL nor data.")
    try:
        fetched = await egress.fetch(
            media.url,
            FetchRules(_ANY_TYPE, rules.max_bytes, rules.max_redirects, rules.timeout_s),
        )
    except EgressError as error:
        raise _failure(name, error) from None
    return Attachment(name, media.mime or fetched.media_type, fetched.body)


def _failure(name: str, error: EgressError) -> SendFailure:
    text = f"The attachment {name} cannot be fetched. {error}"
    if isinstance(error, TooLarge):
        return AttachmentTooLarge(text)
    passing = isinstance(error, (TimedOut, Unreachable)) or (
        isinstance(error, BadStatus) and (error.status >= 500 or error.status in _RETRIED)
    )
    return TemporaryFailure(text) if passing else PermanentFailure(text)


def _decoded(data: str, name: str, max_bytes: int) -> bytes:
    if len(data) // 4 * 3 > max_bytes + 2:
        raise AttachmentTooLarge(f"The attachment {name} is larger than {max_bytes} bytes.")
    try:
        raw = base64.b64decode(data, validate=True)
    except binascii.Error:
        raise PermanentFailure(f"The data of the attachment {name} is not base64.") from None
    if len(raw) > max_bytes:
        raise AttachmentTooLarge(f"The attachment {name} is larger than {max_bytes} bytes.")
    return raw


def attachment_name(media: Media) -> str:
    """Return the file name to upload under: the given one, else that of the URL, else `file.…`."""
    for text in (media.filename or "", _path_of(media.url)):
        name = "".join(c for c in PurePosixPath(text.replace("\\", "/")).name if c.isprintable())
        if name.strip(". "):
            return name[-_MAX_NAME:]
    return "file" + (mimetypes.guess_extension(media.mime) or "")


def too_large(media: Media, platform: str) -> str:
    """Return what is said in place of an attachment that the platform does not take."""
    name = attachment_name(media).replace("`", "'")
    return media.url or f"(The attachment `{name}` is too large for {platform}.)"


def _path_of(url: str | None) -> str:
    try:
        return URL(url).path if url else ""
    except ValueError:
        return ""
