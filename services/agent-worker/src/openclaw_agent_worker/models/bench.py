"""Which provider credentials are left alone, as one process sees it.

Looked up in the store once a second for each credential, so that a request costs no round trip.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from openclaw_agent_worker.models.errors import UpstreamFailure
from openclaw_common.contracts.errors import ErrorBody, StoreUnavailable

logger = logging.getLogger(__name__)

LOOK_UP_S: Final = 1.0
"""How long what was looked up is believed, in seconds."""
MAX_STAY_S: Final = 3600.0
"""Longest stay that a provider's Retry-After may ask for, in seconds."""


class Stay(Protocol):
    """A credential's stay on the bench."""

    @property
    def error(self) -> ErrorBody: ...
    @property
    def left_s(self) -> float: ...


class BenchStore(Protocol):
    """The bench of the whole fleet."""

    async def put(self, credential_id: str, error: ErrorBody, seconds: float) -> None:
        """Leave a credential alone for `seconds`. Raises StoreUnavailable."""
        ...

    async def get(self, credential_id: str) -> Stay | None:
        """Return the stay of a credential. Raises StoreUnavailable."""
        ...


@dataclass(frozen=True, slots=True)
class _Seen:
    until: float
    error: ErrorBody | None
    ends: float


class ProviderBench:
    """The bench; `stays_s` gives the seconds for each status that benches, 0 for none.

    Without the store nothing is benched and nobody is: a run does not fail for it.
    """

    def __init__(
        self, store: BenchStore, stays_s: Mapping[int, float], monotonic: Callable[[], float]
    ) -> None:
        self._store = store
        self._stays_s = stays_s
        self._monotonic = monotonic
        self._seen: dict[str, _Seen] = {}

    async def check(self, credential_id: str) -> None:
        """Raise the failure that a benched credential met, with the rest of its stay to wait."""
        now = self._monotonic()
        seen = self._seen.get(credential_id)
        if seen is None or now >= seen.until:
            seen = await self._look_up(credential_id, now)
        if seen.error is not None and now < seen.ends:
            raise UpstreamFailure(seen.error, retry_after_s=seen.ends - now)

    async def note(self, credential_id: str, failure: UpstreamFailure) -> None:
        """Bench a credential if what it met is of that kind."""
        stay_s = self._stays_s.get(failure.body.status, 0.0)
        if not stay_s:
            return
        if failure.retry_after_s is not None:
            stay_s = min(failure.retry_after_s, MAX_STAY_S)
        now = self._monotonic()
        self._seen[credential_id] = _Seen(now + LOOK_UP_S, failure.body, now + stay_s)
        logger.warning("provider_benched", extra={"status": failure.body.status, "seconds": stay_s})
        try:
            await self._store.put(credential_id, failure.body, stay_s)
        except StoreUnavailable:
            logger.warning("provider_bench_not_written")

    async def _look_up(self, credential_id: str, now: float) -> _Seen:
        try:
            stay = await self._store.get(credential_id)
        except StoreUnavailable:
            stay = None
        error, left_s = (stay.error, stay.left_s) if stay else (None, 0.0)
        seen = _Seen(now + LOOK_UP_S, error, now + left_s)
        self._seen[credential_id] = seen
        return seen
