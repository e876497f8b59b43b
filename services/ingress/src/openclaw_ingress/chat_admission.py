"""How a chat request becomes a run exactly once, and how its readers are counted."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from aiohttp import web

from openclaw_common.contracts.errors import GatewayError, InvalidRequest, StoreUnavailable
from openclaw_common.queue.job_queue import Admitted, Idempotency, Replayed
from openclaw_common.store.store import Store
from openclaw_ingress.app_keys import QUEUE, READER, STORE
from openclaw_ingress.open_streams import OPEN_STREAMS
from openclaw_ingress.schemas.chat_completion import ChatCompletionRequest

IDEMPOTENCY_KEY: Final = "Idempotency-Key"
ON_DISCONNECT: Final = "x-openclaw-on-disconnect"
SCOPE: Final = "chat"
RECOUNT_AFTER_S: Final = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0)
"""Pauses before each try to count out a reader of whom Redis could not be told, in seconds."""
_VISIBLE_ASCII: Final = re.compile(r"[\x21-\x7e]{1,255}\Z")
_DISCONNECT_WORDS: Final = ("cancel", "continue")

_logger: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class AdmissionHeaders:
    """What the request says about its run's life; no `idempotency_key` is an empty string."""

    idempotency_key: str
    on_disconnect: str

    @classmethod
    def read(cls, headers: Mapping[str, str]) -> AdmissionHeaders:
        """Take them from a request's headers; raises InvalidRequest."""
        key = idempotency_key(headers)
        word = headers.get(ON_DISCONNECT, "cancel").strip().lower()
        if word not in _DISCONNECT_WORDS:
            raise InvalidRequest(
                f"`{ON_DISCONNECT}` must be `cancel` or `continue`.", param=ON_DISCONNECT
            )
        return cls(key, word)


def idempotency_key(headers: Mapping[str, str]) -> str:
    """Return the `Idempotency-Key` of a request, "" for none; raises InvalidRequest."""
    key = headers.get(IDEMPOTENCY_KEY)
    if key is not None and not _VISIBLE_ASCII.match(key):
        raise InvalidRequest(
            f"`{IDEMPOTENCY_KEY}` must be 1 to 255 visible ASCII characters.",
            param=IDEMPOTENCY_KEY,
        )
    return key or ""


class Reading:
    """One client's reading of a run."""

    def __init__(self) -> None:
        self.run_ended = False
        """To be set once the run is known to have ended: then nobody need be counted out."""


async def submit(
    app: web.Application,
    run_id: str,
    chat: ChatCompletionRequest,
    headers: AdmissionHeaders,
    *,
    scope: str = SCOPE,
    record: Mapping[str, str | bytes] | None = None,
) -> Admitted | Replayed:
    """Accept the run, with its caller as the first reader, or find the one it repeats.

    Idempotency keys are told apart by `scope`; `record` are further fields of the run's record. A
    client that leaves meanwhile is counted out again, also one that is refused because Redis did
    not answer, although it may have accepted the run. Raises IdempotencyConflict, QueueFull,
    StoreUnavailable.
    """
    idempotency = (
        Idempotency(scope, headers.idempotency_key, chat.fingerprint)
        if headers.idempotency_key
        else None
    )
    # The answer must not be lost with the client: a run may have been accepted for it.
    submission = asyncio.ensure_future(
        app[QUEUE].submit(
            run_id,
            chat.run,
            idempotency=idempotency,
            reader=app[READER],
            on_disconnect=headers.on_disconnect,
            record=record,
            rule=chat.rule,
        )
    )
    try:
        return await asyncio.shield(submission)
    except asyncio.CancelledError:
        await app[OPEN_STREAMS].finish_later(_abandon(app, run_id, submission))
        raise
    except StoreUnavailable:
        app[OPEN_STREAMS].finish_alone(_count_out(app[STORE], run_id))
        raise


@asynccontextmanager
async def first_reader(app: web.Application, run_id: str) -> AsyncIterator[Reading]:
    """Count the submitter of a run out at the end of the block, unless the run has ended."""
    reading = Reading()
    try:
        yield reading
    finally:
        if not reading.run_ended:
            await app[OPEN_STREAMS].finish_later(_detach(app, run_id))


@asynccontextmanager
async def joining_reader(app: web.Application, run_id: str) -> AsyncIterator[Reading]:
    """Count a reader in, and out at the end of the block, unless the run has ended."""
    reading = Reading()
    attached = asyncio.ensure_future(app[STORE].runs.attach_reader(run_id))
    try:
        await asyncio.shield(attached)
        yield reading
    finally:
        if not reading.run_ended:
            await app[OPEN_STREAMS].finish_later(_leave(app, run_id, attached))


async def _abandon(
    app: web.Application, run_id: str, submission: asyncio.Future[Admitted | Replayed]
) -> None:
    try:
        outcome = await submission
    except StoreUnavailable:
        app[OPEN_STREAMS].finish_alone(_count_out(app[STORE], run_id))
        return
    except GatewayError:
        return
    if isinstance(outcome, Admitted):
        await _detach(app, outcome.id)


async def _leave(app: web.Application, run_id: str, attached: asyncio.Future[None]) -> None:
    try:
        await attached
    except StoreUnavailable:
        return
    await _detach(app, run_id)


async def _detach(app: web.Application, run_id: str) -> None:
    try:
        await app[STORE].runs.detach_reader(run_id)
    except StoreUnavailable:
        app[OPEN_STREAMS].finish_alone(_count_out(app[STORE], run_id))


async def _count_out(store: Store, run_id: str) -> None:
    for pause_s in RECOUNT_AFTER_S:
        await asyncio.sleep(pause_s)
        try:
            if await store.runs.get(run_id) is not None:
                await store.runs.detach_reader(run_id)
                return
        except StoreUnavailable:
            _logger.warning("reader.not_counted_out", extra={"run_id": run_id})
