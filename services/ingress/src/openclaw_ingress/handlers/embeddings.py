"""`POST /v1/embeddings`: texts as vectors, made by a worker (contract §1.3).

A request is a run whose result are the vectors. A client that leaves has the disconnect grace to
be told apart from a hiccup, as with a completion; then the run is cancelled.
"""

from __future__ import annotations

import asyncio
import struct
from base64 import b64decode
from typing import Any, Final

import orjson
from aiohttp import web

from openclaw_common.contracts.errors import GatewayError
from openclaw_common.contracts.run import RunResult, RunStatus
from openclaw_common.store.runs import RunRecord
from openclaw_ingress.app_keys import CALLER, CONFIG, QUEUE, READER, REQUEST_ID, STORE
from openclaw_ingress.auth.scopes import ADMIN, covers
from openclaw_ingress.chat_admission import AdmissionHeaders, first_reader, submit
from openclaw_ingress.chat_view import terminal_error
from openclaw_ingress.errors import GatewayUnavailable, MissingScope, error_response
from openclaw_ingress.follow import wait_for_end
from openclaw_ingress.json_body import parse_object, read_body
from openclaw_ingress.open_streams import OPEN_STREAMS
from openclaw_ingress.run_lookup import find_run
from openclaw_ingress.schemas.chat_completion import ChatCompletionRequest, RoutingHeaders
from openclaw_ingress.schemas.embeddings import EmbeddingsRequest, Encoding, parse_embeddings

MAX_BODY_BYTES: Final = 5_242_880
"""contract §0.5"""


async def create_embeddings(request: web.Request) -> web.Response:
    """Embed texts and answer their vectors.

    Raises InvalidRequest, MissingScope, QueueFull, StoreUnavailable.
    """
    app, config = request.app, request.app[CONFIG]
    routing = RoutingHeaders.read(request.headers)
    if routing.backend_model and not covers(request[CALLER].scopes, ADMIN):
        raise MissingScope(ADMIN)
    raw = await read_body(
        request, max_bytes=MAX_BODY_BYTES, timeout_s=config.ingress.body_timeout_seconds
    )
    body = parse_object(raw, max_depth=config.ingress.json_max_depth)
    wanted = parse_embeddings(body, routing, config)
    record = await _record_of(app, wanted)
    headers = {"x-run-id": record.id}
    if record.status is RunStatus.COMPLETED and record.result is not None:
        # Megabytes of numbers, while other streams go on.
        answer = await asyncio.to_thread(
            _embeddings_object, record.result, wanted.run.model, wanted.encoding
        )
        return web.Response(
            body=answer, headers=headers, content_type="application/json", charset="utf-8"
        )
    failure = GatewayError(terminal_error(record))
    compat = config.gateway.http.compat
    response = error_response(failure, request[REQUEST_ID], compat=compat)
    response.headers.update(headers)
    return response


async def _record_of(app: web.Application, wanted: EmbeddingsRequest) -> RunRecord:
    run_id = await app[QUEUE].new_run_id(wanted.run.session_key)
    admission = AdmissionHeaders(idempotency_key="", on_disconnect="cancel")
    async with app[READER].follow(run_id, after=1, wake=False) as events:
        await submit(app, run_id, ChatCompletionRequest(wanted.run), admission)
        async with first_reader(app, run_id) as reading:
            try:
                async with app[OPEN_STREAMS].until_closing():
                    await wait_for_end(app[STORE], app[READER], run_id, after=1, events=events)
            except TimeoutError:
                raise GatewayUnavailable from None
            reading.run_ended = True
    return await find_run(app, run_id)


def _embeddings_object(result: RunResult, model: str, encoding: Encoding) -> bytes:
    vectors: list[str] = orjson.loads(result.output)["vectors"]
    data: list[dict[str, Any]] = [
        {
            "object": "embedding",
            "index": index,
            "embedding": vector if encoding == "base64" else _floats(vector),
        }
        for index, vector in enumerate(vectors)
    ]
    usage = {
        "prompt_tokens": result.usage.prompt_tokens,
        "total_tokens": result.usage.total_tokens,
    }
    return orjson.dumps({"object": "list", "data": data, "model": model, "usage": usage})


def _floats(vector: str) -> list[float]:
    raw = b64decode(vector)
    return list(struct.unpack(f"<{len(raw) // 4}f", raw))
