"""The example updates of https://core.telegram.org/bots/webhooks#testing-your-bot-with-updates.

As they stand there: older than the API of today, so that `is_bot`, and in one of them the chat's
`type`, are missing.
"""

from __future__ import annotations

from typing import Any, Final

Object = dict[str, Any]

_PERSON: Final[Object] = {
    "last_name": "Test Lastname",
    "id": 1111111,
    "first_name": "Test Firstname",
    "username": "Testusername",
}
_CHAT: Final[Object] = {**_PERSON, "type": "private"}
_FILE: Final = "AwADBAADbXXXXXXXXXXXGBdhD2l6_XX"


def _message(**fields: Any) -> Object:
    return {"date": 1441645532, "chat": _CHAT, "message_id": 1365, "from": _PERSON, **fields}


def _update(kind: str, said: Object) -> Object:
    return {"update_id": 10000, kind: said}


_NO_TYPE: Final = {"last_name": "Test Lastname", "id": 1111111, "first_name": "Test"}
EXAMPLES: Final[dict[str, Object]] = {
    "without a type": _update("message", _message(chat=_NO_TYPE, text="/start")),
    "text": _update("message", _message(text="/start")),
    "forwarded": _update(
        "message",
        _message(
            forward_from={
                "last_name": "Forward Lastname",
                "id": 222222,
                "first_name": "Forward Firstname",
            },
            forward_date=1441645550,
            text="/start",
        ),
    ),
    "forwarded from a channel": _update(
        "message",
        _message(
            forward_from={"id": -10000000000, "type": "channel", "title": "Test channel"},
            forward_date=1441645550,
            text="/start",
        ),
    ),
    "reply": _update(
        "message",
        _message(
            text="/start",
            reply_to_message={
                "date": 1441645000,
                "chat": {
                    "last_name": "Reply Lastname",
                    "type": "private",
                    "id": 1111112,
                    "first_name": "Reply Firstname",
                    "username": "Testusername",
                },
                "message_id": 1334,
                "text": "Original",
            },
        ),
    ),
    "edited": _update("edited_message", _message(text="Edited text", edit_date=1441646600)),
    "entities": _update(
        "message",
        _message(
            text="Bold and italics",
            entities=[
                {"type": "italic", "offset": 9, "length": 7},
                {"type": "bold", "offset": 0, "length": 4},
            ],
        ),
    ),
    "audio": _update(
        "message",
        _message(
            audio={
                "file_id": _FILE,
                "duration": 243,
                "mime_type": "audio/mpeg",
                "file_size": 3897500,
                "title": "Test music file",
            }
        ),
    ),
    "voice": _update(
        "message",
        _message(
            voice={
                "file_id": _FILE,
                "duration": 5,
                "mime_type": "audio/ogg",
                "file_size": 23000,
            }
        ),
    ),
    "document": _update(
        "message",
        _message(
            document={
                "file_id": _FILE,
                "file_name": "Testfile.pdf",
                "mime_type": "application/pdf",
                "file_size": 536392,
            }
        ),
    ),
    "inline query": _update(
        "inline_query",
        {"id": 134567890097, "from": _CHAT, "query": "inline query", "offset": ""},
    ),
    "chosen inline result": _update(
        "chosen_inline_result",
        {
            "result_id": "12",
            "from": _CHAT,
            "query": "inline query",
            "inline_message_id": "1234csdbsk4839",
        },
    ),
    "callback query": _update(
        "callback_query",
        {
            "id": "4382bfdwdsb323b2d9",
            "from": _CHAT,
            "data": "Data from button callback",
            "inline_message_id": "1234csdbsk4839",
        },
    ),
}
"""Updates by what they show."""
