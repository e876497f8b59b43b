"""What people do on the fake Signal, as signal-cli's own JSON.

signal-cli, src/main/java/org/asamk/signal/json/JsonMessageEnvelope.java and JsonDataMessage.java.
"""

from __future__ import annotations

from typing import Any, Final

Object = dict[str, Any]

ADA: Final = "+15550002222"
ADA_ID: Final = "aaaaaaaa-0000-4000-8000-000000000001"
GROUP_ID: Final = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
PLACEHOLDER: Final = "\ufffc"


def envelope(
    timestamp: int, number: str | None = ADA, uuid: str | None = ADA_ID, **said: Any
) -> Object:
    """Return an envelope of a person with one of its kinds of message."""
    return {
        "source": number or uuid,
        "sourceNumber": number,
        "sourceUuid": uuid,
        "sourceName": "Ada",
        "sourceDevice": 1,
        "timestamp": timestamp,
        "serverReceivedTimestamp": timestamp + 20,
        "serverDeliveredTimestamp": timestamp + 40,
        **said,
    }


def data(timestamp: int, text: str | None = None, **fields: Any) -> Object:
    """Return a dataMessage."""
    return {
        "timestamp": timestamp,
        "message": text,
        "expiresInSeconds": 0,
        "viewOnce": False,
        **fields,
    }


def group_info(group: str = GROUP_ID, name: str = "Team", kind: str = "DELIVER") -> Object:
    """Return the group that a message is for."""
    return {"groupId": group, "groupName": name, "revision": 3, "type": kind}


def mention(start: int, number: str | None, uuid: str, length: int = 1) -> Object:
    """Return who stands at a place of the text, in UTF-16 units."""
    return {
        "name": number or uuid,
        "number": number,
        "uuid": uuid,
        "start": start,
        "length": length,
    }
