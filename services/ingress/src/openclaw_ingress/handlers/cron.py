"""`/v1/cron`: jobs that start runs or tell sessions something at their times, and their history.

GET  /v1/cron              POST   /v1/cron
GET  /v1/cron/{id}         PATCH  /v1/cron/{id}   pause, go on     DELETE  /v1/cron/{id}
GET  /v1/cron/{id}/runs    POST   /v1/cron/{id}/run
"""

from __future__ import annotations

import uuid
from typing import Any

from aiohttp import web

from openclaw_common.contracts.errors import (
    INVALID_REQUEST,
    ErrorBody,
    GatewayError,
    InvalidRequest,
    NotFound,
    QueueFull,
)
from openclaw_common.contracts.tenants import tenant_of
from openclaw_common.queue.accounts import current_account
from openclaw_common.store.admission import RETRY_AFTER_S
from openclaw_common.store.cron_jobs import entry_of, is_cursor, job_id_of
from openclaw_common.store.schedule import FireOutcome, Origin, ScheduledRecord
from openclaw_ingress.app_keys import CALLER, CONFIG, CRON, STORE
from openclaw_ingress.auth.scopes import ADMIN, covers
from openclaw_ingress.cron_view import job_object, tick_object
from openclaw_ingress.cursor_list import Cursor, list_object, parse_cursor
from openclaw_ingress.errors import MissingScope
from openclaw_ingress.json_body import parse_object, read_body
from openclaw_ingress.responses import NO_STORE, json_response
from openclaw_ingress.schemas.cron_job import parse_cron_change, parse_cron_job


class CronConflict(GatewayError):
    """The job, or all of them, are in a state that does not allow it."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(ErrorBody(409, INVALID_REQUEST, message, code))


async def list_jobs(request: web.Request) -> web.Response:
    """Answer a page of jobs, the newest first. Raises InvalidRequest, StoreUnavailable."""
    cursor = parse_cursor(request.query)
    jobs = request.app[STORE].cron_jobs
    account = current_account()
    names = [name for name in await jobs.names() if account.sees(tenant_of(job_id_of(name)))]
    if cursor.newer:
        names.reverse()
    if cursor.item_id is not None:
        entry = entry_of(account.stored(cursor.item_id))
        if entry not in names:
            raise _unknown_item(cursor)
        names = names[names.index(entry) + 1 :]
    records = [await jobs.schedule.record(name) for name in names[: cursor.limit]]
    data = [job_object(record) for record in records if record is not None]
    page = list_object(data, cursor, more=len(names) > cursor.limit, last=None)
    return json_response(page, headers=NO_STORE)


async def create_job(request: web.Request) -> web.Response:
    """Make a job and answer it with 201; one that is there already, with 200.

    Raises InvalidRequest, MissingScope for a model of one's own choice, CronConflict,
    StoreUnavailable.
    """
    app, config = request.app, request.app[CONFIG]
    job = parse_cron_job(await _body(request), config)
    current_account().check_agent(job.agent_id or config.agents.default_id)
    if job.payload.model is not None and not covers(request[CALLER].scopes, ADMIN):
        raise MissingScope(ADMIN)
    job_id = job.id or str(uuid.uuid4())
    if job.schedule.at is not None and job.schedule.at_ms() <= await app[STORE].schedule.now_ms():
        raise InvalidRequest("`schedule.at` has passed already.", param="schedule.at")
    stored_id = current_account().stored(job_id)
    outcome = await app[CRON].put(stored_id, job, Origin.API, new=True)
    if outcome == "exists":
        raise CronConflict("cron_job_exists", f"There is another cron job '{job_id}'.")
    if outcome == "full":
        most = config.cron.max_jobs
        message = f"There are {most} cron jobs already (cron.maxJobs); delete one first."
        raise CronConflict("cron_jobs_full", message)
    record = await _find(request, stored_id)
    status = 201 if outcome == "created" else 200
    headers = {**NO_STORE, "Location": f"/v1/cron/{job_id}"}
    return json_response(job_object(record), status=status, headers=headers)


async def read_job(request: web.Request) -> web.Response:
    """Answer one job. Raises NotFound, StoreUnavailable."""
    return json_response(job_object(await _find(request)), headers=NO_STORE)


async def change_job(request: web.Request) -> web.Response:
    """Pause a job, or let it go on, and answer it. Raises InvalidRequest, NotFound."""
    enabled = parse_cron_change(await _body(request))
    if not await request.app[CRON].enable(await _find(request), enabled=enabled):
        raise _not_found()
    return json_response(job_object(await _find(request)), headers=NO_STORE)


async def delete_job(request: web.Request) -> web.Response:
    """Delete a job; its history stays for a while. Raises NotFound, CronConflict."""
    job_id = request.match_info["id"]
    outcome = await request.app[STORE].schedule.remove(entry_of(_named(request)), Origin.API)
    if outcome == "missing":
        raise _not_found()
    if outcome == "refused":
        raise CronConflict(
            "cron_job_configured",
            f"The cron job '{job_id}' stands in the configuration; take it out there, or pause it"
            ' with PATCH {"enabled": false}.',
        )
    deleted = {"id": job_id, "object": "cron_job", "deleted": True}
    return json_response(deleted, headers=NO_STORE)


async def run_job(request: web.Request) -> web.Response:
    """Do now what the job does, paused or not, and answer 202.

    Raises NotFound, QueueFull, CronConflict, StoreUnavailable.
    """
    job_id = request.match_info["id"]
    fired, run_id = await request.app[CRON].fire_now(_named(request), await _find(request))
    if fired.outcome is FireOutcome.FULL:
        raise QueueFull(lane=fired.why == "lane", retry_after_s=RETRY_AFTER_S)
    if fired.outcome is FireOutcome.MOVED:
        message = "The cron job was changed or deleted meanwhile; look at it and try again."
        raise CronConflict("cron_job_changed", message)
    if fired.outcome is FireOutcome.SKIP:
        message = f"The cron job '{job_id}' is for an agent that is not configured any more."
        raise CronConflict("cron_job_without_agent", message)
    body = {
        "object": "cron_run",
        "jobId": job_id,
        "outcome": fired.outcome.value,
        "runId": run_id,
    }
    headers = dict(NO_STORE)
    if run_id is not None:
        headers |= {"Location": f"/v1/runs/{run_id}", "x-run-id": run_id}
    return json_response(body, status=202, headers=headers)


async def list_job_runs(request: web.Request) -> web.Response:
    """Answer a page of a job's ticks, the newest first, also of a job that is gone.

    Raises InvalidRequest, NotFound, StoreUnavailable.
    """
    cursor = parse_cursor(request.query)
    after = cursor.item_id or ""
    if after and not is_cursor(after):
        raise _unknown_item(cursor)
    job_id, jobs = request.match_info["id"], request.app[STORE].cron_jobs
    limit = cursor.limit
    stored_id = _named(request)
    ticks = await jobs.history(stored_id, after=after, limit=limit + 1, newer=cursor.newer)
    if not ticks and not after:
        await _find(request)
    statuses = await jobs.statuses([tick.run_id for tick in ticks if tick.run_id])
    data = [tick_object(job_id, tick, statuses) for tick in ticks[:limit]]
    page = list_object(data, cursor, more=len(ticks) > limit, last=None)
    return json_response(page, headers=NO_STORE)


def _named(request: web.Request) -> str:
    """Return the stored id of the job that the path names. Raises NotFound for another tenant's."""
    stored_id = current_account().stored(request.match_info["id"])
    if not current_account().sees(tenant_of(stored_id)):
        raise _not_found()
    return stored_id


async def _find(request: web.Request, stored_id: str | None = None) -> ScheduledRecord:
    record = await request.app[STORE].cron_jobs.get(stored_id or _named(request))
    if record is None:
        raise _not_found()
    return record


async def _body(request: web.Request) -> dict[str, Any]:
    config = request.app[CONFIG]
    raw = await read_body(
        request,
        max_bytes=config.cron.max_job_bytes,
        timeout_s=config.ingress.body_timeout_seconds,
    )
    return parse_object(raw, max_depth=config.ingress.json_max_depth)


def _not_found() -> NotFound:
    return NotFound("There is no such cron job.", code="cron_job_not_found")


def _unknown_item(cursor: Cursor) -> InvalidRequest:
    name = "before" if cursor.newer else "after"
    message = f"`{name}` must be the id of an item of this list that is still there."
    return InvalidRequest(message, param=name, code="invalid_cursor")
