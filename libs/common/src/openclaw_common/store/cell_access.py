"""Who may come in, over several cells: what every request needs must not be away with one of them.

Wrong credentials of a client are counted in one cell, and in the next of its order while that one
is away. API keys are the first cell's, with a copy in every other that is asked while it is away. A
cell that did not answer is passed over for a while, so that requests do not wait for it in turn.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Final, TypeVar

from openclaw_common.contracts.api_key import ApiKey
from openclaw_common.contracts.errors import ErrorBody, StoreUnavailable
from openclaw_common.store.api_keys import ApiKeys
from openclaw_common.store.cells import Cells, answers_of
from openclaw_common.store.limits import AuthLimits, RateLimit
from openclaw_common.store.provider_bench import Benched, ProviderBench
from openclaw_common.store.store import Store

PATIENCE_S: Final = 0.3
"""How long a cell may take that others can stand in for, in seconds."""
PASSED_OVER_S: Final = 5.0
"""How long a cell is passed over that did not answer, in seconds."""
CELL_BITS: Final = 8
"""As many as the number of a cell has in an id."""

T = TypeVar("T")


class Patience:
    """Asks cells one after another, those that did not answer lately last."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._away_until: dict[int, float] = {}

    async def first(
        self, stores: Iterable[Store], ask: Callable[[Store], Awaitable[T]]
    ) -> tuple[Store, T]:
        """Return the first store that answers, and its answer. Raises StoreUnavailable."""
        for store in sorted(stores, key=lambda each: self._is_away(each.cell)):
            try:
                return store, await self.of(store, ask)
            except StoreUnavailable:
                continue
        raise StoreUnavailable

    async def of(self, store: Store, ask: Callable[[Store], Awaitable[T]]) -> T:
        """Return what one store answers in time. Raises StoreUnavailable."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                answer = await ask(store)
        except (StoreUnavailable, TimeoutError):
            self._away_until[store.cell] = self._monotonic() + PASSED_OVER_S
            raise StoreUnavailable from None
        self._away_until.pop(store.cell, None)
        return answer

    def present(self, stores: Iterable[Store]) -> list[Store]:
        """Return the stores that are not passed over; all of them if none is left."""
        stores = list(stores)
        return [store for store in stores if not self._is_away(store.cell)] or stores

    def _is_away(self, cell: int) -> bool:
        return self._away_until.get(cell, 0.0) > self._monotonic()


@dataclass(frozen=True, slots=True)
class CellAuthLimits(AuthLimits):
    """Counts wrong credentials, each client's in one cell."""

    cells: Cells
    patience: Patience = field(default_factory=Patience)

    async def auth_locked(self, scope: str, client_ip: str) -> float | None:
        """See AuthLimits."""
        _, left = await self.patience.first(
            self.cells.order_of(client_ip), lambda store: store.limits.auth_locked(scope, client_ip)
        )
        return left

    async def locks(self) -> dict[str, float]:
        """See AuthLimits; those of a cell that is away are not known."""
        asked = self.patience.present(self.cells.stores)
        found = await answers_of(
            self.patience.of(store, lambda each: each.limits.locks()) for store in asked
        )
        return {member: ends for locks in found for member, ends in locks.items()}

    async def auth_failed(self, scope: str, client_ip: str, rate_limit: RateLimit) -> float | None:
        """See AuthLimits."""
        _, left = await self.patience.first(
            self.cells.order_of(client_ip),
            lambda store: store.limits.auth_failed(scope, client_ip, rate_limit),
        )
        return left

    async def auth_succeeded(self, scope: str, client_ip: str) -> None:
        """See AuthLimits."""
        await self.patience.first(
            self.cells.order_of(client_ip),
            lambda store: store.limits.auth_succeeded(scope, client_ip),
        )

    async def auth_reset(self, scope: str, client_ip: str) -> None:
        """See AuthLimits; it is forgotten wherever it was counted."""
        for store in self.patience.present(self.cells.stores):
            await store.limits.auth_reset(scope, client_ip)


@dataclass(frozen=True, slots=True)
class CellApiKeys(ApiKeys):
    """The API keys of the first cell, and their copies in the others."""

    cells: Cells
    patience: Patience

    async def revision(self) -> int:
        """See ApiKeys; another number also when another cell tells it, whose keys may differ."""
        store, revision = await self._ask(lambda keys: keys.revision())
        return revision << CELL_BITS | store.cell

    async def add(self, key: ApiKey, *, most: int) -> bool:
        """See ApiKeys. The copies come first: nobody is told a key that has none."""
        home, *others = self.cells.stores
        await asyncio.gather(*(store.api_keys.add(key, most=most) for store in others))
        return await home.api_keys.add(key, most=most)

    async def revoke(self, key: ApiKey, now_ms: int) -> bool:
        """See ApiKeys. Raises StoreUnavailable, after all others were told, while one cannot be.

        That one is told by an outbox as soon as it is back, so that no key comes back with it.
        """
        stores = self.cells.stores
        answers = await asyncio.gather(
            *(store.api_keys.revoke(key, now_ms) for store in stores), return_exceptions=True
        )
        told, away = [], []
        for store, answer in zip(stores, answers, strict=True):
            if isinstance(answer, StoreUnavailable):
                away.append(store)
            elif isinstance(answer, BaseException):
                raise answer
            else:
                told.append(store)
        if away:
            await self._leave_word(told, away, replace(key, revoked_ms=now_ms))
            raise StoreUnavailable
        return any(answers)

    async def _leave_word(self, told: list[Store], away: list[Store], revoked: ApiKey) -> None:
        for here in told[:1]:
            for there in away:
                outbox = here.keys.outbox(there.keys.cell)
                entry = ("kind", "revocation", "key", revoked.encode())
                await here.client.execute("XADD", outbox, "*", *entry)

    async def get(self, key_id: str) -> ApiKey | None:
        """See ApiKeys."""
        return self._known(*await self._ask(lambda keys: keys.get(key_id)))

    async def find(self, digest: str) -> ApiKey | None:
        """See ApiKeys."""
        return self._known(*await self._ask(lambda keys: keys.find(digest)))

    async def all(self) -> list[ApiKey]:
        """See ApiKeys."""
        return (await self._ask(lambda keys: keys.all()))[1]

    async def _ask(self, ask: Callable[[ApiKeys], Awaitable[T]]) -> tuple[Store, T]:
        return await self.patience.first(self.cells.stores, lambda store: ask(store.api_keys))

    def _known(self, store: Store, found: ApiKey | None) -> ApiKey | None:
        if found is None and store.cell != 0:
            # A key that is older than this cell has no copy in it.
            raise StoreUnavailable
        return found


@dataclass(frozen=True, slots=True)
class CellProviderBench(ProviderBench):
    """The benched provider credentials, each in a cell, or in the next of its order."""

    cells: Cells
    patience: Patience

    async def put(self, credential_id: str, error: ErrorBody, seconds: float) -> None:
        """See ProviderBench."""
        await self.patience.first(
            self.cells.order_of(credential_id),
            lambda store: store.provider_bench.put(credential_id, error, seconds),
        )

    async def get(self, credential_id: str) -> Benched | None:
        """See ProviderBench; a stay that only a cell which is away knows of is not known."""
        _, benched = await self.patience.first(
            self.cells.order_of(credential_id),
            lambda store: store.provider_bench.get(credential_id),
        )
        return benched
