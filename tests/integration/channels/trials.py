"""What the channels' tests share: a context that trusts this host, and faults by failure."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final

import aiohttp

from openclaw_channels.base import (
    Account,
    AnswerLost,
    ChannelContext,
    PermanentFailure,
    RateLimited,
    SendFailure,
    TemporaryFailure,
)
from openclaw_common.runtime.config.base import seal
from openclaw_common.runtime.config.egress import Egress as EgressLimits
from openclaw_common.runtime.egress.fetch import Egress
from tests.fakes.channels.platform import FakePlatform, Fault

FAULTS: Final[Mapping[type[SendFailure], Fault]] = {
    RateLimited: Fault.rate_limit(0.25),
    TemporaryFailure: Fault.server_error(502),
    PermanentFailure: Fault.permanent(),
    AnswerLost: Fault.reset_after(),
}
"""What lets a channel raise each failure; CredentialsRevoked differs by platform."""


@asynccontextmanager
async def channel_context(*trusted: str) -> AsyncIterator[ChannelContext]:
    """Return a context whose egress reaches `trusted` hosts, such as `127.0.0.1:8080`."""
    async with aiohttp.ClientSession() as http:
        yield ChannelContext(http, Egress(EgressLimits(allow_private_hosts=trusted)))


def account(channel: str, **settings: Any) -> Account:
    """Return an account whose settings are sealed as the configuration seals them."""
    return Account(channel, seal(settings))


def arranged(platform: FakePlatform, failure: type[SendFailure], revoked: Fault) -> None:
    """Let the platform's next send meet what must raise `failure`."""
    platform.plan(FAULTS.get(failure, revoked))
