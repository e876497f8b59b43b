"""The atomic steps: one Lua file each, loaded once, the shared prelude in front."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.resources import files
from typing import Final

from openclaw_common.store.client import Script

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
)
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
    *LIVE,
)
SHARED: Final = ("_prelude", "_endings", "_sessions", "_turns", "_accounts")
"""What stands in front of every step of a job queue."""
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
        "live_begin",
    }
)
"""What a server whose memory is full refuses, before it does anything; the rest lets work end."""


def source(name: str) -> str:
    """Return the text of `lua/<name>.lua`."""
    return (files("openclaw_common.store") / "lua" / f"{name}.lua").read_text(encoding="utf-8")


def compile_script(name: str, text: str) -> Script:
    """Return a Script with the SHA-1 by which the server knows it."""
    return Script(name, text, hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest())


@cache
def load(name: str) -> Script:
    """Return the script `name`; raises KeyError for a name that is not an atomic step."""
    # https://redis.io/docs/latest/develop/programmability/eval-intro/#eval-flags
    first_line = "#!lua\n" if name in TAKES_ON_WORK else "#!lua flags=allow-oom\n"
    if name in JOB_SCRIPTS:
        return compile_script(name, first_line + "\n".join(map(source, (*SHARED, name))))
    if name in OTHER_SCRIPTS:
        return compile_script(name, first_line + source(name))
    raise KeyError(name)
