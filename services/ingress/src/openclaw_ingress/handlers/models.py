"""`GET /v1/models`, `/v1/models/{id}`: the agents, in the words of OpenAI's API (contract §1.2)."""

from __future__ import annotations

import re
from typing import Any, Final
from urllib.parse import unquote_to_bytes

from aiohttp import web

from openclaw_common.contracts.errors import (
    INVALID_REQUEST,
    ErrorBody,
    GatewayError,
    InvalidRequest,
)
from openclaw_common.queue.accounts import current_account
from openclaw_common.runtime.config import Config
from openclaw_ingress.app_keys import CONFIG
from openclaw_ingress.responses import json_response

PREFIX: Final = "/v1/models/"
_FORM: Final = re.compile(
    r"(?:openclaw|(?:openclaw[:/]|agent:)[a-z0-9][a-z0-9_-]{0,63})\Z", re.IGNORECASE
)
_BROKEN_ESCAPE: Final = re.compile(r"%(?![0-9a-fA-F]{2})")


class ModelNotFound(GatewayError):
    """There is no such agent."""

    def __init__(self, model_id: str) -> None:
        message = f"Model '{model_id}' not found."
        super().__init__(ErrorBody(404, INVALID_REQUEST, message))


async def list_models(request: web.Request) -> web.Response:
    """Answer every model id that names an agent the caller may use, the default ones first."""
    data = [_model(model_id) for model_id in _model_ids(request.app[CONFIG])]
    return json_response({"object": "list", "data": data})


async def read_model(request: web.Request) -> web.Response:
    """Answer one model; raises InvalidRequest and ModelNotFound."""
    model_id = _decoded_id(request)
    if not _FORM.match(model_id):
        raise InvalidRequest("Invalid model id.")
    if model_id not in _model_ids(request.app[CONFIG]):
        raise ModelNotFound(model_id)
    return json_response(_model(model_id))


def _model_ids(config: Config) -> list[str]:
    account = current_account()
    agents = [agent_id for agent_id in config.agents.entries if account.may_use(agent_id)]
    default = ["openclaw", "openclaw/default"] if config.agents.default_id in agents else []
    return list(dict.fromkeys([*default, *(f"openclaw/{agent_id}" for agent_id in agents)]))


def _model(model_id: str) -> dict[str, Any]:
    return {
        "id": model_id,
        "object": "model",
        "created": 0,
        "owned_by": "openclaw",
        "permission": [],
    }


def _decoded_id(request: web.Request) -> str:
    # The path as it was sent: the router's match has decoded some escapes and kept others.
    raw = request.rel_url.raw_path.removeprefix(PREFIX)
    if not raw:
        raise InvalidRequest("Missing model id.")
    if _BROKEN_ESCAPE.search(raw):
        raise InvalidRequest("Invalid model id encoding.")
    try:
        return unquote_to_bytes(raw).decode()
    except UnicodeDecodeError:
        raise InvalidRequest("Invalid model id encoding.") from None
