"""Which session a chat request belongs to (contract §5.1)."""

from __future__ import annotations

import hashlib
import string
import uuid
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from openclaw_common.contracts.errors import InvalidRequest
from openclaw_common.contracts.ids import agent_of

MAX_KEY_CHARS: Final = 512
"""Length of a session key that a client may choose."""
MAX_USER_CHARS: Final = 256
"""A longer `user` stands in its session key as a SHA-256."""
RESERVED: Final = ("subagent:", "cron:", "acp:")
_VISIBLE: Final = "".join(sorted(set(string.ascii_letters + string.digits + string.punctuation)))


@dataclass(frozen=True, slots=True)
class SessionChoice:
    """A session key; an ephemeral one was made for this request alone."""

    key: str
    ephemeral: bool


def choose_session(
    agent_id: str, user: str, key_header: str, *, prefix: str = "openai"
) -> SessionChoice:
    """Return the session of a chat request. What was not sent is an empty string.

    `prefix` tells the sessions of the endpoints apart.

    The header wins over `user` and is taken as it is; without `agent:<id>:` it lands under the
    agent. Raises InvalidRequest for a key in a reserved namespace or of more than `MAX_KEY_CHARS`.
    """
    if key_header:
        return SessionChoice(_given_key(agent_id, key_header), ephemeral=False)
    if user:
        return SessionChoice(f"agent:{agent_id}:{prefix}-user:{_user_part(user)}", ephemeral=False)
    return SessionChoice(f"agent:{agent_id}:{prefix}:{uuid.uuid4()}", ephemeral=True)


def header_value(session_key: str) -> str:
    """Return a session key fit for a header: percent-encoded where it is not visible ASCII."""
    return quote(session_key, safe=_VISIBLE.replace("%", ""))


def named_session(agent_id: str, key: str, name: str) -> str:
    """Return the stored form of a session key that a client named in the parameter `name`.

    Raises InvalidRequest for a reserved namespace, an empty or overlong key, and what is not
    printable.
    """
    if not key.strip() or not key.isprintable():
        raise InvalidRequest(f"`{name}` must be printable text.", param=name)
    return _given_key(agent_id, key, name)


def _given_key(agent_id: str, key: str, param: str = "x-openclaw-session-key") -> str:
    if len(key) > MAX_KEY_CHARS:
        raise InvalidRequest(f"`{param}` is limited to {MAX_KEY_CHARS} characters.", param=param)
    name = key.strip()
    while agent_of(name) is not None:
        name = name.split(":", 2)[2].strip()
    if name.lower().startswith(RESERVED):
        raise InvalidRequest(
            f"`{param}` cannot use reserved internal session namespaces.", param=param
        )
    return key if agent_of(key) is not None else f"agent:{agent_id}:{key}"


def _user_part(user: str) -> str:
    if len(user) > MAX_USER_CHARS:
        return "sha256-" + hashlib.sha256(user.lower().encode()).hexdigest()
    return user.lower()
