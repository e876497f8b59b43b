"""The atomic steps: one Lua file each.

Those of a job queue are functions of one library, which the server compiles once
(https://redis.io/docs/latest/develop/programmability/functions-intro/): they share hundreds of
lines, and as scripts they would make all of these functions anew in every call. The others are
scripts.
"""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.resources import files
from typing import Final

from openclaw_common.store.client import Function, Script

JOB_SCRIPTS: Final = (
    "admit",
    "claim",
    "renew",
    "checkpoint",
    "write_session",
    "finish",
    "release",
    "release_worker",
    "settle_plain",
    "cancel",
    "readers",
    "expire",
    "push_event",
    "replay",
    "list",
    "depth",
    "forget",
    "cancel_lane",
    "reset_session",
    "delete_session",
    "purge_runs",
    "fire",
    "schedule",
    "reschedule",
    "unschedule",
    "inbound_note",
    "inbound_answer",
    "pairing_ask",
    "holds",
    "register_key",
    "arrive",
)
IN_CELLS: Final = {
    f"{name}_in_cells": name for name in ("admit", "push_event", "fire", "arrive", "inbound_note")
}
"""Steps behind the check of `_cells`, for where lanes are spread over several of them."""
LIVE: Final = (
    "live_begin",
    "live_take",
    "live_keep",
    "live_answered",
    "live_adopt",
    "pace_spare",
)
OTHER_SCRIPTS: Final = (
    "auth_failure",
    "pace",
    "freeze",
    "account_gate",
    "account_rest",
    "write_api_key",
    "revoke_api_key",
    "keep_spans",
    "pairing_approve",
    "receivers_keep",
    "receiver_cursor",
    "receivers_give",
    *LIVE,
)
SHARED: Final = ("_prelude", "_endings", "_sessions", "_turns", "_accounts")
"""What the steps of a job queue have in common."""
_ALLOW_OOM: Final = "allow-oom"
TAKES_ON_WORK: Final = frozenset(
    {
        "admit",
        "claim",
        "push_event",
        "replay",
        "fire",
        "schedule",
        "auth_failure",
        "write_api_key",
        "keep_spans",
        "live_begin",
        "inbound_note",
        "inbound_answer",
        "pairing_ask",
    }
)
"""What a server whose memory is full refuses, before it does anything; the rest lets work end."""


def source(name: str) -> str:
    """Return the text of `lua/<name>.lua`."""
    return (files("openclaw_common.store") / "lua" / f"{name}.lua").read_text(encoding="utf-8")


def compile_script(name: str, text: str) -> Script:
    """Return a Script with the SHA-1 by which the server knows it."""
    return Script(name, text, _sha1(text))


@cache
def load(name: str) -> Script | Function:
    """Return the step `name`; raises KeyError for a name that is not an atomic step."""
    if name in JOB_SCRIPTS or name in IN_CELLS:
        library, version = _library()
        return Function(f"{name}_{version}", library)
    if name in OTHER_SCRIPTS:
        flags = f" flags={_ALLOW_OOM}" if _flag(name) else ""
        return compile_script(name, f"#!lua{flags}\n{source(name)}")
    raise KeyError(name)


@cache
def _library() -> tuple[str, str]:
    """Return the library and its version, which its name and those of its functions end with.

    Processes of several versions share a server while a fleet is rolled, so each version's
    functions stand beside the others'.
    """
    text = "\n".join(map(source, SHARED))
    steps = {name: source(name) for name in JOB_SCRIPTS}
    steps |= {name: f"{source('_cells')}\n{source(step)}" for name, step in IN_CELLS.items()}
    version = _sha1(text + "".join(steps.values()))[:12]
    body = "\n".join(_registered(name, step, version) for name, step in steps.items())
    return f"#!lua name=openclaw_{version}\n{text}\n{body}", version


def _registered(name: str, step: str, version: str) -> str:
    return f"""
do
local function step()
{step}
end
redis.register_function{{
  function_name = '{name}_{version}',
  callback = function(keys, args)
    begin(keys, args)
    return step()
  end,
  flags = {{ {_flag(name)} }},
}}
end"""


def _flag(name: str) -> str:
    # https://redis.io/docs/latest/develop/programmability/lua-api/#script_flags
    takes_on_work = IN_CELLS.get(name, name) in TAKES_ON_WORK
    return "" if takes_on_work else f"'{_ALLOW_OOM}'"


def _sha1(text: str) -> str:
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()
