"""Typed keys under which the application holds its collaborators and a request its facts.

Set in `app.py` and in the middlewares, read by the handlers; nothing else is stored on either.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from aiohttp import web

from openclaw_common.contracts.api_key import ApiKey
from openclaw_common.queue.accounts import Account
from openclaw_common.store.accounting import LimitState

if TYPE_CHECKING:
    from openclaw_common.automation.cron_scheduler import CronScheduler
    from openclaw_common.queue.job_queue import RunQueue
    from openclaw_common.runtime.config import Config
    from openclaw_common.runtime.lifecycle import Drain
    from openclaw_common.store.run_reader import RunStreamReader
    from openclaw_common.store.store import Store
    from openclaw_ingress.auth.api_keys import KeyHolders
    from openclaw_ingress.auth.authenticator import Authenticator
    from openclaw_ingress.readiness import Readiness

CONFIG: Final[web.AppKey[Config]] = web.AppKey("config")
STORE: Final[web.AppKey[Store]] = web.AppKey("store")
QUEUE: Final[web.AppKey[RunQueue]] = web.AppKey("queue")
CRON: Final[web.AppKey[CronScheduler]] = web.AppKey("cron")
READER: Final[web.AppKey[RunStreamReader]] = web.AppKey("reader")
DRAIN: Final[web.AppKey[Drain]] = web.AppKey("drain")
KEY_HOLDERS: Final[web.AppKey[KeyHolders]] = web.AppKey("key_holders")
AUTHENTICATOR: Final[web.AppKey[Authenticator]] = web.AppKey("authenticator")
READINESS: Final[web.AppKey[Readiness]] = web.AppKey("readiness")


@dataclass(frozen=True, slots=True)
class Caller:
    """Who sent an authenticated request.

    `identity` is the user that a trusted proxy vouched for, or None. `is_owner` tells a caller who
    holds the gateway's shared secret; such a one has every scope and `x-openclaw-scopes` is not
    read. `scopes` are operator scopes (contract §0.3), for example `operator.read`. `key` is the
    API key that was presented, which `auth.key_scopes` holds to its own scopes.
    """

    identity: str | None
    is_owner: bool
    scopes: frozenset[str]
    key: ApiKey | None = None


REQUEST_ID: Final[web.RequestKey[str]] = web.RequestKey("request_id", str)
"""The `x-request-id` of the answer; set for every request."""
CALLER: Final[web.RequestKey[Caller]] = web.RequestKey("caller", Caller)
"""Set before the handler of every route that asks for authentication."""
HOOK_CALLER: Final[web.RequestKey[str]] = web.RequestKey("hook_caller", str)
"""Set before the handler of a hook: the SHA-256 of its token; empty for a signature to decide."""
ACCOUNT: Final[web.RequestKey[Account]] = web.RequestKey("account", Account)
"""Set where an API key was presented: on whose account the request is."""
LIMITS: Final[web.RequestKey[LimitState]] = web.RequestKey("limits", LimitState)
"""Set once a run of a key with limits was accepted or refused: how they stand."""
RESPONSE_STARTED: Final[web.RequestKey[bool]] = web.RequestKey("response_started", bool)
"""Set once the head of the answer is fixed: from then on an error can only break it off."""
