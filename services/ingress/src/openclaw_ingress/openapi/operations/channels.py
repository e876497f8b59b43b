"""What chat platforms post, and who may write to their accounts."""

from __future__ import annotations

from typing import Annotated, Final, NotRequired, TypedDict

from openclaw_ingress.openapi.model import (
    JSON,
    Answer,
    Body,
    Operation,
    Operations,
    Parameter,
    Where,
    answers,
)
from openclaw_ingress.openapi.shapes.common import NOT_BLANK
from openclaw_ingress.schemas.pairing import MAX_CHARS, PairingObject

_TAG: Final = "Channels"
_Text = Annotated[str, Where({"minLength": 1, "maxLength": MAX_CHARS, "pattern": NOT_BLANK})]


class PairingList(TypedDict):
    """All pairings, those that wait first."""

    object: str
    data: list[PairingObject]


class PairingApproval(TypedDict):
    """The code that a stranger was given; with `notify` they are told."""

    channel: _Text
    code: _Text
    notify: NotRequired[bool]


class PairingRevocation(TypedDict):
    """Who is to be let in no more."""

    channel: _Text
    sender: _Text
    account_id: NotRequired[_Text]


class PairingRevoked(TypedDict):
    """Who is let in no more."""

    object: str
    channel: str
    account_id: str
    sender: str


CHANNELS: Final[Operations] = {
    ("POST", "/api/channels/{channel}/{path}"): Operation(
        "receiveWebhook",
        _TAG,
        "What a chat platform posts",
        {200: Answer("Everything it said is durable, or was before.", {}, ())},
        body=Body({}, required=False, forms=True),
        errors=(400, 401, 403, 404, 405, 408, 413, 429, 500, 503),
        description="Signed by the platform; each channel says how. Other paths ask for the"
        " gateway's credential. `path` is the webhook's name, or the account's and the name.",
    ),
    ("GET", "/v1/pairings"): Operation(
        "listPairings",
        _TAG,
        "List who may write direct messages, and who asks to",
        answers(PairingList),
        parameters=(Parameter("channel", "Those of one channel.", {"type": "string"}),),
    ),
    ("POST", "/v1/pairings/approve"): Operation(
        "approvePairing",
        _TAG,
        "Let in who was given a code",
        {200: Answer("The pairing.", {JSON: PairingObject})},
        body=Body(PairingApproval),
        errors=(404,),
    ),
    ("POST", "/v1/pairings/revoke"): Operation(
        "revokePairing",
        _TAG,
        "Let somebody in no more",
        answers(PairingRevoked),
        body=Body(PairingRevocation),
        errors=(404,),
    ),
}
