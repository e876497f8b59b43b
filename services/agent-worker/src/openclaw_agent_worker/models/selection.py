"""Which of an agent's models answers: the first that can, and what is tried when it fails."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any, Final, Protocol

from pydantic_ai.models import Model

from openclaw_agent_worker.backoff import Backoff
from openclaw_agent_worker.models.errors import UpstreamFailure
from openclaw_agent_worker.models.registry import ModelUnavailable
from openclaw_common.contracts.errors import GatewayError

logger = logging.getLogger(__name__)

RATE_LIMITED: Final = 429
OTHER_MODEL_MAY_DO: Final = frozenset({401, 402, 403, 404, 408, 410, RATE_LIMITED})
"""Statuses besides 5xx after which another model is asked: the request itself is not at fault."""


class Models(Protocol):
    """Where models come from."""

    def model(self, reference: str) -> Model[Any]:
        """Return the model that `provider/model` names. Raises ModelUnavailable."""
        ...

    def credential_id(self, reference: str) -> str:
        """Return what names the credential that it is called with. Raises ModelUnavailable."""
        ...


class Bench(Protocol):
    """Credentials that are left alone for a while."""

    async def check(self, credential_id: str) -> None:
        """Raise the UpstreamFailure that a benched credential met."""
        ...

    async def note(self, credential_id: str, failure: UpstreamFailure) -> None:
        """Bench a credential if what it met is of that kind."""
        ...


class ModelSelector:
    """Makes the selection of each turn."""

    def __init__(self, models: Models, backoff: Backoff, bench: Bench) -> None:
        self._models = models
        self._backoff = backoff
        self._bench = bench

    def select(self, references: Sequence[str]) -> Selection:
        """Return the selection among `references`, the preferred one first, at least one."""
        return Selection(references, self._models, self._backoff, self._bench)


class Selection:
    """The models that one turn may use. A turn that has moved on to another stays with it."""

    def __init__(
        self, references: Sequence[str], models: Models, backoff: Backoff, bench: Bench
    ) -> None:
        self._references = tuple(dict.fromkeys(references))
        self._models = models
        self._backoff = backoff
        self._bench = bench
        self._index = 0
        self._tried = 0

    @property
    def reference(self) -> str:
        """The model that is asked now, as `provider/model`."""
        return self._references[self._index]

    def begin(self) -> None:
        """Begin another request: its tries are counted anew."""
        self._tried = 0

    async def model(self) -> Model[Any]:
        """Return the model to ask. Raises the last model's GatewayError when none can be."""
        while True:
            try:
                await self._bench.check(self._models.credential_id(self.reference))
                return self._models.model(self.reference)
            except (ModelUnavailable, UpstreamFailure) as failure:
                if not self._moves_on(failure):
                    raise

    async def recover(self, failure: GatewayError) -> bool:
        """Wait or move on after a failure; False when nothing is left to try."""
        if not isinstance(failure, UpstreamFailure):
            return False
        self._tried += 1
        status = failure.body.status
        # Whoever waits for a rate limit to end waits longer than for another model.
        if status != RATE_LIMITED or self._is_last:
            delay_s = self._backoff.delay_s(failure, self._tried)
            if delay_s is not None:
                await self._backoff.sleep(delay_s)
                return True
        await self._bench.note(self._models.credential_id(self.reference), failure)
        may_do = status in OTHER_MODEL_MAY_DO or status >= 500
        return may_do and self._moves_on(failure)

    @property
    def _is_last(self) -> bool:
        return self._index + 1 == len(self._references)

    def _moves_on(self, failure: GatewayError) -> bool:
        if self._is_last:
            return False
        left = self.reference
        self._index += 1
        self._tried = 0
        extra = {"from": left, "to": self.reference, "status": failure.body.status}
        logger.warning("model_fallback", extra=extra)
        return True
