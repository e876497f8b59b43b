"""Which method takes which attachment (Bot API, sendPhoto and following)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from openclaw_channels.base import PermanentFailure


@dataclass(frozen=True, slots=True)
class Kind:
    """A method and the field that holds the file."""

    method: str
    field: str


PHOTO: Final = Kind("sendPhoto", "photo")
ANIMATION: Final = Kind("sendAnimation", "animation")
VIDEO: Final = Kind("sendVideo", "video")
AUDIO: Final = Kind("sendAudio", "audio")
VOICE: Final = Kind("sendVoice", "voice")
DOCUMENT: Final = Kind("sendDocument", "document")

_BY_TYPE: Final = {
    "image/gif": ANIMATION,
    "image/jpeg": PHOTO,
    "image/png": PHOTO,
    "image/webp": PHOTO,
    "video/mp4": VIDEO,
    "audio/mpeg": AUDIO,
    "audio/mp4": AUDIO,
    "audio/x-m4a": AUDIO,
    "audio/ogg": VOICE,
    "audio/opus": VOICE,
}
_ABOUT_FILES: Final = (
    "photo_",
    "image_",
    "video_",
    "audio_",
    "media_",
    "webpage_",
    "wrong file identifier",
    "wrong type of the web page content",
    "failed to get http url content",
    "file is too big",
    "voice_messages_forbidden",
    "invalid file",
    "can't use file",
)


def kind_of(mime: str) -> Kind:
    """Return how an attachment of this media type is shown."""
    return _BY_TYPE.get(mime.partition(";")[0].strip().lower(), DOCUMENT)


def is_about_the_file(refused: PermanentFailure) -> bool:
    """Whether Telegram refuses the attachment and not the message."""
    said = refused.message.lower()
    return any(words in said for words in _ABOUT_FILES)
