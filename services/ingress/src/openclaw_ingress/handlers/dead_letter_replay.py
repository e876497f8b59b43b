"""`POST /v1/dead-letters/{id}/replay` and `POST /v1/dead-letters/replay`: putting back."""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import Any, Final

from aiohttp import web

from openclaw_common.contracts.errors import QueueFull
from openclaw_common.queue.replays import ReplayedLetter, Replays
from openclaw_ingress.app_keys import CONFIG, STORE
from openclaw_ingress.delivery_lookup import find_dead_letter, no_such_dead_letter
from openclaw_ingress.json_body import parse_object, read_body
from openclaw_ingress.responses import NO_STORE, json_response
from openclaw_ingress.schemas.deliveries import LetterQuery, parse_bulk_replay
from openclaw_ingress.tenancy import visible_tenant

MAX_BODY_BYTES: Final = 16_384
BATCH: Final = 100
"""Dead letters that one step of a bulk replay looks up."""


async def replay_dead_letter(request: web.Request) -> web.Response:
    """Answer 202 with the delivery that goes on, or the new run with the dead one's request.

    Raises NotFound, QueueFull, StoreUnavailable.
    """
    letter_id = (await find_dead_letter(request.app, request.match_info["id"])).id
    replayed = await Replays(request.app[STORE]).letter(letter_id)
    if replayed is None:
        raise no_such_dead_letter()
    return json_response(_replayed(letter_id, replayed), status=202, headers=NO_STORE)


async def replay_dead_letters(request: web.Request) -> web.Response:
    """Replay the dead letters that match a filter, those that died first first.

    Answers 202 when all of them wait again: the job is over, and what it could not replay is still
    a dead letter. Raises InvalidRequest, StoreUnavailable.
    """
    config = request.app[CONFIG]
    raw = await read_body(
        request, max_bytes=MAX_BODY_BYTES, timeout_s=config.ingress.body_timeout_seconds
    )
    query, limit = parse_bulk_replay(parse_object(raw, max_depth=config.ingress.json_max_depth))
    matched = await _matching(request.app, query, limit)
    replays, replayed = Replays(request.app[STORE]), []
    refused: QueueFull | None = None
    for letter_id in matched:
        try:
            done = await replays.letter(letter_id)
        except QueueFull as error:
            refused = error
            break
        if done is not None:
            replayed.append(_replayed(letter_id, done))
    body = {
        "object": "replay_job",
        "id": f"rpl_{uuid.uuid4()}",
        "matched": len(matched),
        "replayed": len(replayed),
        "data": replayed,
        "error": refused.body.to_wire() if refused else None,
    }
    return json_response(body, status=202, headers=NO_STORE)


async def _matching(app: web.Application, query: LetterQuery, limit: int) -> list[str]:
    letters, place = app[STORE].all_dead_letters, None
    wanted_ones = replace(query.wanted, tenant=visible_tenant())
    matched: list[str] = []
    while len(matched) < limit:
        wanted = min(BATCH, limit - len(matched))
        page = await letters.page(query.kind, wanted_ones, wanted, place=place, newer=True)
        matched += [letter.id for letter in page.letters]
        place = page.last
        if not page.more:
            break
    return matched


def _replayed(letter_id: str, replayed: ReplayedLetter) -> dict[str, Any]:
    body: dict[str, Any] = {"object": "dead_letter.replayed", "id": letter_id}
    if replayed.run_id is not None:
        body["run_id"] = replayed.run_id
    if replayed.delivery_id is not None:
        body["delivery_id"] = replayed.delivery_id
    return body
