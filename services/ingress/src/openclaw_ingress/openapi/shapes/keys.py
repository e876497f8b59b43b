"""Bodies of API keys."""

from __future__ import annotations

from typing import Annotated, NotRequired, TypedDict

from openclaw_common.contracts.api_key import SCOPES
from openclaw_ingress.openapi.model import Where
from openclaw_ingress.openapi.shapes.common import NOT_BLANK
from openclaw_ingress.schemas.api_key import LIMITS, MAX_LIMIT, MAX_NAME_CHARS

Scope = Annotated[str, Where({"enum": list(SCOPES)})]
Limits = Annotated[
    dict[str, Annotated[int, Where({"minimum": 1, "maximum": MAX_LIMIT})] | None],
    Where({"propertyNames": {"enum": list(LIMITS)}}),
]


class KeyCreate(TypedDict):
    """A key that is asked for; without `agents` it may use all, without `limits` without any.

    `expires_at` is a time to come, in Unix seconds.
    """

    name: Annotated[str, Where({"maxLength": MAX_NAME_CHARS, "pattern": NOT_BLANK})]
    scopes: Annotated[list[Scope], Where({"minItems": 1})]
    tenant: NotRequired[Annotated[str, Where({"pattern": "^[a-z0-9][a-z0-9_-]{0,62}$"})] | None]
    agents: NotRequired[Annotated[list[str], Where({"minItems": 1})] | None]
    limits: NotRequired[Limits | None]
    expires_at: NotRequired[int | None]
