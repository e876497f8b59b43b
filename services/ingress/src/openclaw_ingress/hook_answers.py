"""How a hook is answered (contract §3.3 to §3.5): at once, later (202), or when its run has ended.

`Prefer: respond-async` (RFC 7240) asks for 202 and the run's address. `waitForCompletion` waits for
the end, for `ingress.waitMaxSeconds` or the fewer seconds of `Prefer: wait=`; a run that takes
longer is answered with 202 too. Either way it is readable at `/v1/runs/{id}`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

import orjson
from aiohttp import web

from openclaw_common.contracts.errors import API_ERROR, ErrorBody, GatewayError
from openclaw_common.store.deliveries import DeliveryRecord
from openclaw_common.store.runs import RunRecord
from openclaw_ingress.app_keys import CONFIG, READER, STORE
from openclaw_ingress.errors import error_response
from openclaw_ingress.follow import wait_for_end
from openclaw_ingress.hook_actions import WakeAction
from openclaw_ingress.hook_admission import MAX_KEY_CHARS, AcceptedRun
from openclaw_ingress.hook_body import plain_text
from openclaw_ingress.hook_completion import completion, result_delivery, wait_for_delivery
from openclaw_ingress.hook_fan_out import Dispatched
from openclaw_ingress.middleware.request_id import request_id_of
from openclaw_ingress.open_streams import OPEN_STREAMS
from openclaw_ingress.responses import NO_STORE, json_response
from openclaw_ingress.run_lookup import find_run
from openclaw_ingress.schemas.js import trimmed

MAX_ERRORS_TOLD: Final = 5
KEY_HEADERS: Final = ("Idempotency-Key", "X-OpenClaw-Idempotency-Key")
_WAIT: Final = re.compile(r"wait=\"?([0-9]{1,6})\"?\Z")


@dataclass(frozen=True, slots=True)
class Preferences:
    """What `Prefer` asks for; `wait_s` is None where it says nothing of that."""

    respond_async: bool
    wait_s: float | None

    @classmethod
    def read(cls, request: web.Request) -> Preferences:
        """Take them from a request; unknown ones are ignored, as the RFC wants."""
        if "Prefer" not in request.headers:
            return cls(respond_async=False, wait_s=None)
        given = ",".join(request.headers.getall("Prefer")).lower().split(",")
        words = [word.partition(";")[0].replace(" ", "").strip() for word in given]
        waits = [found for found in map(_WAIT.match, words) if found]
        return cls("respond-async" in words, float(waits[0][1]) if waits else None)


def idempotency_key(request: web.Request, body: Any) -> str:
    """Return the sender's key, headers before the body's `idempotencyKey`; empty for none."""
    given: list[Any] = [plain_text(request.headers.get(name, "")) for name in KEY_HEADERS]
    if isinstance(body, dict):
        given.append(body.get("idempotencyKey"))
    key = next((trimmed(value) for value in given if trimmed(value)), "")
    return key if len(key) <= MAX_KEY_CHARS else ""


async def answer_run(
    request: web.Request,
    run: AcceptedRun,
    *,
    wait: bool = False,
    more: Mapping[str, Any] | None = None,
) -> web.Response:
    """Answer a hook that became a run; `more` are further members of the body."""
    preferences = Preferences.read(request)
    body: dict[str, Any] = {"ok": True, "runId": run.id, **(more or {})}
    headers = {**NO_STORE, "x-run-id": run.id}
    if run.replayed:
        headers["Idempotency-Replayed"] = "true"
    if preferences.respond_async:
        headers["Preference-Applied"] = "respond-async"
    if wait and (not preferences.respond_async or preferences.wait_s):
        record, delivery = await _ended(request.app, run.id, preferences.wait_s)
        if record.status.terminal:
            body["completion"] = completion(record, delivery)
            return json_response(body, headers=headers)
    elif not preferences.respond_async:
        return json_response(body, headers=headers)
    headers["Location"] = f"/v1/runs/{run.id}"
    return json_response(body, status=202, headers=headers)


def answer_wake(
    action: WakeAction, outcome: str, more: Mapping[str, Any] | None = None
) -> web.Response:
    """Answer a hook that became a system event."""
    mode = "now" if action.now else "next-heartbeat"
    body = {"ok": True, "mode": mode, "eventOutcome": outcome, **(more or {})}
    return json_response(body, headers=NO_STORE)


def answer_incomplete(request: web.Request, dispatched: Dispatched) -> web.Response:
    """Answer a hook of which some items were not accepted; sent again, it does the rest."""
    first = dispatched.errors[0] if dispatched.errors else None
    body = first.body if first else ErrorBody(503, API_ERROR, "", "fan_out_timeout")
    message = (
        f"hook fan-out incomplete: {dispatched.done}/{dispatched.items - dispatched.dropped}"
        f" dispatched, {len(dispatched.errors)} failed, {dispatched.pending} pending"
    )
    error = GatewayError(
        ErrorBody(body.status, body.type, message, body.code),
        retry_after_s=first.retry_after_s if first else 1,
    )
    compat = request.app[CONFIG].gateway.http.compat
    response = error_response(error, request_id_of(request), compat=compat, says_ok=True)
    assert isinstance(response.body, bytes)
    told = {
        **orjson.loads(response.body),
        "runIds": [run.id for run in dispatched.runs],
        "errors": [each.body.message for each in dispatched.errors[:MAX_ERRORS_TOLD]],
    }
    response.body = orjson.dumps(told)
    return response


async def _ended(
    app: web.Application, run_id: str, wait_s: float | None
) -> tuple[RunRecord, DeliveryRecord | None]:
    longest_s = app[CONFIG].ingress.wait_max_seconds
    bound_s = longest_s if wait_s is None else min(longest_s, wait_s)
    store, reader = app[STORE], app[READER]
    record = await find_run(app, run_id)
    # When the time is over, or this process closes, the run is answered as it stands.
    with suppress(TimeoutError):
        async with app[OPEN_STREAMS].until_closing(bound_s):
            if not record.status.terminal:
                await wait_for_end(store, reader, run_id, after=record.last_sequence)
            if record.delivers:
                await wait_for_delivery(store, reader, run_id)
    record = await find_run(app, run_id)
    delivers = record.delivers and record.status.terminal
    return record, await result_delivery(store, run_id) if delivers else None
