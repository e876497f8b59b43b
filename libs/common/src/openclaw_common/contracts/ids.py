"""Identifiers: how they are made and how one leads to another.

A run id is `run_<uuid4>`; the chat-completions view of the same run shows `chatcmpl_<uuid4>`, the
responses view `resp_<uuid4>` with the same uuid (contract §1.1, §1.4), so every id a client holds
leads to the run.

Where there are several cells an id carries the one that has its record: that of the first cell is a
plain UUID, every other one a UUID of version 8 whose first byte is the number of the cell
(https://www.rfc-editor.org/rfc/rfc9562#name-uuid-version-8).
"""

from __future__ import annotations

import re
import uuid

from openclaw_common.contracts.tenants import in_tenant, without_tenant

RUN_PREFIX = "run_"
CHAT_COMPLETION_PREFIX = "chatcmpl_"
RESPONSE_PREFIX = "resp_"
RESPONSE_SESSIONS = "openresponses"
"""What the sessions of responses are called behind their agent (contract §5.1)."""
DELIVERY_PREFIX = "dlv_"
_UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_DELIVERY_ID = re.compile(rf"{DELIVERY_PREFIX}{_UUID}\Z")
_RUN_ID = re.compile(rf"(?:{RUN_PREFIX}|{CHAT_COMPLETION_PREFIX}|{RESPONSE_PREFIX})({_UUID})\Z")


def new_run_id(cell: int = 0) -> str:
    """Return a fresh `run_<uuid>` of a cell."""
    return in_cell(RUN_PREFIX + str(uuid.uuid4()), cell)


def cell_of(record_id: str) -> int:
    """Return the number of the cell that an id of a run or a delivery carries."""
    start = record_id.find("_") + 1
    return int(record_id[start : start + 2], 16) if record_id[start + 14 : start + 15] == "8" else 0


def in_cell(record_id: str, cell: int) -> str:
    """Return the id of the same job as a record of `cell`, which is at most 255."""
    if cell_of(record_id) == cell:
        return record_id
    start = record_id.find("_") + 1
    prefix, own = record_id[:start], record_id[start:]
    if cell == 0:
        # A version that carries no cell; which one it was is not known any more.
        return f"{prefix}{own[:14]}4{own[15:]}"
    return f"{prefix}{cell:02x}{own[2:14]}8{own[15:]}"


def chat_completion_id(run_id: str) -> str:
    """Return the `chatcmpl_<uuid>` that the chat-completions view shows for `run_id`."""
    return CHAT_COMPLETION_PREFIX + run_id.removeprefix(RUN_PREFIX)


def response_id(run_id: str) -> str:
    """Return the `resp_<uuid>` that the responses view shows for `run_id`."""
    return RESPONSE_PREFIX + run_id.removeprefix(RUN_PREFIX)


def response_item_id(run_id: str, kind: str, place: str) -> str:
    """Return the id `<kind>_<uuid>` of an item of a response, the same on every replica.

    `place` tells the items of one run apart.
    """
    run = uuid.UUID(run_id.removeprefix(RUN_PREFIX))
    return f"{kind}_{uuid.uuid5(run, place)}"


def parse_run_id(value: str) -> str | None:
    """Return the run id that a `run_…`, `chatcmpl_…` or `resp_…` id names, else None."""
    match = _RUN_ID.match(value)
    return RUN_PREFIX + match.group(1) if match else None


def new_delivery_id(cell: int = 0) -> str:
    """Return a fresh `dlv_<uuid>` of a cell."""
    return in_cell(DELIVERY_PREFIX + str(uuid.uuid4()), cell)


def agent_of(session_key: str) -> str | None:
    """Return the agent id that a full session key `agent:<id>:<name>` names, or None."""
    kind, _, rest = session_key.partition(":")
    agent_id, colon, name = rest.partition(":")
    return agent_id.lower() if kind.lower() == "agent" and agent_id and colon and name else None


def main_session(agent_id: str, tenant: str = "") -> str:
    """Return the key of an agent's main session, of its own or of a tenant's."""
    return in_tenant(tenant, f"agent:{agent_id}:main")


def parse_delivery_id(value: str) -> str | None:
    """Return `value` if it is a delivery id, else None."""
    return value if _DELIVERY_ID.match(value) else None


def of_response(session_key: str) -> bool:
    """Whether a session was made for a response, and is reached through that alone."""
    own = without_tenant(session_key)
    return agent_of(own) is not None and own.split(":", 3)[2] == RESPONSE_SESSIONS


def new_request_id() -> str:
    """Return a fresh `req_<32 hex>` for the `x-request-id` header."""
    return "req_" + uuid.uuid4().hex


def new_process_id(role: str) -> str:
    """Return a fleet-unique name of one process, such as `worker-3f2a…`, fit for a key."""
    return f"{role}-{uuid.uuid4().hex[:16]}"
