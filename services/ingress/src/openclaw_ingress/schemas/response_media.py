"""Image and file parts of a response's input, in the contract's forms and OpenAI's (contract §1.4).

    input_image   source {type: url | base64}        OpenAI: image_url (URL or data URI), detail
    input_file    source {type: url | base64}        OpenAI: file_data, file_url, filename

Every fault is the contract's one complaint; its `param` says where.
Source of OpenAI's forms: https://platform.openai.com/docs/api-reference/responses/create
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from openclaw_common.contracts.errors import InvalidRequest
from openclaw_ingress.schemas import js

MEDIA_FAULT: Final = "invalid request"
DETAILS: Final = frozenset({"auto", "low", "high", "original"})
MAX_NAME_CHARS: Final = 255
_WEB: Final = ("http://", "https://")


@dataclass(frozen=True, slots=True)
class ImagePart:
    """An image as it was sent: an http(s) URL or a base64 data URI."""

    url: str
    detail: str | None
    path: str


@dataclass(frozen=True, slots=True)
class FilePart:
    """A file as it was sent: base64 `data` or an http(s) `url`; `mime` as it was declared."""

    name: str
    mime: str
    data: str | None
    url: str | None
    path: str


def media_fault(path: str) -> InvalidRequest:
    """Return the contract's complaint about a media part."""
    return InvalidRequest(MEDIA_FAULT, param=path)


def is_web(url: str) -> bool:
    """Whether something would have to be fetched for this URL."""
    return url[:8].lower().startswith(_WEB)


def image_part(part: dict[str, Any], path: str) -> ImagePart:
    """Return the image of an `input_image` part; raises InvalidRequest."""
    _refuse_file_id(part, path, "image_url")
    detail = part.get("detail")
    given = part.get("image_url")
    if isinstance(given, dict):
        given = given.get("url")
    url = js.trimmed(given)
    if not url:
        url, source = _source(part, path)
        if not url:
            url = f"data:{js.trimmed(source.get('media_type'))};base64,{_data(source, path)}"
    return ImagePart(url, detail if isinstance(detail, str) and detail in DETAILS else None, path)


def file_part(part: dict[str, Any], path: str) -> FilePart:
    """Return the file of an `input_file` part; raises InvalidRequest."""
    _refuse_file_id(part, path, "file_data")
    name = js.trimmed(part.get("filename"))
    if data := js.trimmed(part.get("file_data")):
        mime, data = _split_data_uri(data, path)
        return FilePart(_name(name), mime, data, None, path)
    if url := js.trimmed(part.get("file_url")):
        return _by_url(name, url, path)
    url, source = _source(part, path)
    name = name or js.trimmed(source.get("filename"))
    if url:
        return _by_url(name, url, path)
    mime = js.trimmed(source.get("media_type")).lower()
    return FilePart(_name(name), mime, _data(source, path), None, path)


def _by_url(name: str, url: str, path: str) -> FilePart:
    if url[:5].lower() == "data:":
        mime, data = _split_data_uri(url, path)
        return FilePart(_name(name), mime, data, None, path)
    if not name:
        name = url.partition("?")[0].partition("#")[0].rpartition("/")[2]
    return FilePart(_name(name), "", None, url, path)


def _refuse_file_id(part: dict[str, Any], path: str, instead: str) -> None:
    if part.get("file_id") is not None:
        message = f"`file_id` is not supported: there is no file store here. Send `{instead}`."
        raise InvalidRequest(message, param=f"{path}.file_id", code="file_id_not_supported")


def _source(part: dict[str, Any], path: str) -> tuple[str, dict[str, Any]]:
    """Return the URL of a part's `source`, empty where it has data, and the source itself."""
    source = part.get("source")
    if not isinstance(source, dict):
        raise media_fault(path)
    kind = source.get("type")
    if kind == "base64":
        return "", source
    url = js.trimmed(source.get("url")) if kind == "url" else ""
    if not url:
        raise media_fault(path)
    return url, source


def _data(source: dict[str, Any], path: str) -> str:
    data = source.get("data")
    if not isinstance(data, str) or not data:
        raise media_fault(path)
    return data


def _split_data_uri(text: str, path: str) -> tuple[str, str]:
    """Return media type and base64 of a data URI, or of plain base64."""
    if text[:5].lower() != "data:":
        return "", text
    head, comma, data = text[5:].partition(",")
    words = [word.strip().lower() for word in head.split(";")]
    if not comma or "base64" not in words:
        raise media_fault(path)
    return next((word for word in words if "/" in word), ""), data


def _name(name: str) -> str:
    return name[:MAX_NAME_CHARS] or "file"
