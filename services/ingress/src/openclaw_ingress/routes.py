"""The route table: every path the ingress serves, who answers it, and the scope it takes.

An endpoint that the configuration leaves off is not in the table, so it is a 404 like any unknown
path (contract §0.1).
"""

from __future__ import annotations

from typing import Final

from openclaw_common.runtime.config import Config
from openclaw_common.runtime.config.hooks import Hooks
from openclaw_ingress.auth.hook_gate import admit_hook
from openclaw_ingress.auth.scopes import ADMIN, READ, WRITE
from openclaw_ingress.channel_webhooks import PREFIX as CHANNEL_PREFIX
from openclaw_ingress.handlers.channel_webhook import receive_webhook
from openclaw_ingress.handlers.chat_completions import (
    create_chat_completion,
    resume_chat_completion,
)
from openclaw_ingress.handlers.cron import (
    change_job,
    create_job,
    delete_job,
    list_job_runs,
    list_jobs,
    read_job,
    run_job,
)
from openclaw_ingress.handlers.dead_letter import delete_dead_letter, read_dead_letter
from openclaw_ingress.handlers.dead_letter_replay import replay_dead_letter, replay_dead_letters
from openclaw_ingress.handlers.dead_letters import list_dead_letters
from openclaw_ingress.handlers.deliveries import list_deliveries, list_run_deliveries
from openclaw_ingress.handlers.delivery import read_delivery
from openclaw_ingress.handlers.delivery_cancel import cancel_delivery
from openclaw_ingress.handlers.delivery_replay import replay_delivery
from openclaw_ingress.handlers.docs import Docs
from openclaw_ingress.handlers.embeddings import create_embeddings
from openclaw_ingress.handlers.health import read_health, read_liveness
from openclaw_ingress.handlers.hooks_agent import start_agent
from openclaw_ingress.handlers.hooks_mapped import dispatch_mapped
from openclaw_ingress.handlers.hooks_wake import wake
from openclaw_ingress.handlers.keys import create_key, list_keys, read_key, revoke_key
from openclaw_ingress.handlers.models import list_models, read_model
from openclaw_ingress.handlers.pairings import approve_pairing, list_pairings, revoke_pairing
from openclaw_ingress.handlers.readyz import read_readiness
from openclaw_ingress.handlers.responses import create_response
from openclaw_ingress.handlers.run_cancel import cancel_run
from openclaw_ingress.handlers.run_create import create_run
from openclaw_ingress.handlers.run_events import follow_run_events
from openclaw_ingress.handlers.run_list import list_runs
from openclaw_ingress.handlers.run_retry import retry_run
from openclaw_ingress.handlers.run_trace import read_run_trace
from openclaw_ingress.handlers.runs import read_run
from openclaw_ingress.handlers.session import delete_session, read_session
from openclaw_ingress.handlers.session_events import follow_session_events
from openclaw_ingress.handlers.session_history import read_history
from openclaw_ingress.handlers.session_kill import kill_session
from openclaw_ingress.handlers.session_list import list_sessions
from openclaw_ingress.handlers.session_messages import list_session_messages
from openclaw_ingress.handlers.session_reset import reset_session
from openclaw_ingress.handlers.startupz import read_startup
from openclaw_ingress.handlers.stored_responses import (
    cancel_response,
    delete_response,
    list_input_items,
    read_response,
)
from openclaw_ingress.handlers.tools_invoke import invoke_tool
from openclaw_ingress.route import Route

PROBES: Final = tuple(
    Route(method, path, handler, scope=None)
    for path, handler in (
        ("/health", read_health),
        ("/healthz", read_liveness),
        ("/ready", read_readiness),
        ("/readyz", read_readiness),
        ("/startup", read_startup),
        ("/startupz", read_startup),
    )
    for method in ("GET", "HEAD")
)

MODELS: Final = (
    Route("GET", "/v1/models", list_models, READ),
    Route("GET", "/v1/models/{id:.*}", read_model, READ),
)

EMBEDDINGS: Final = (Route("POST", "/v1/embeddings", create_embeddings, WRITE),)

CHAT_COMPLETIONS: Final = (
    Route("POST", "/v1/chat/completions", create_chat_completion, WRITE),
    Route("GET", "/v1/chat/completions/{id}", resume_chat_completion, READ),
)

RESPONSES: Final = (
    Route("POST", "/v1/responses", create_response, WRITE),
    Route("GET", "/v1/responses/{id}", read_response, READ),
    Route("DELETE", "/v1/responses/{id}", delete_response, WRITE),
    Route("POST", "/v1/responses/{id}/cancel", cancel_response, WRITE),
    Route("GET", "/v1/responses/{id}/input_items", list_input_items, READ),
)

RUNS: Final = (
    Route("POST", "/v1/runs", create_run, WRITE),
    Route("GET", "/v1/runs", list_runs, READ),
    Route("GET", "/v1/runs/{id}", read_run, READ),
    Route("POST", "/v1/runs/{id}/cancel", cancel_run, WRITE),
    Route("POST", "/v1/runs/{id}/stop", cancel_run, WRITE),
    Route("POST", "/v1/runs/{id}/retry", retry_run, WRITE),
    Route("GET", "/v1/runs/{id}/events", follow_run_events, READ),
    Route("GET", "/v1/runs/{id}/trace", read_run_trace, READ),
)

SESSIONS: Final = (
    Route("GET", "/v1/sessions", list_sessions, READ),
    Route("GET", "/v1/sessions/{key}", read_session, READ),
    Route("DELETE", "/v1/sessions/{key}", delete_session, WRITE),
    Route("GET", "/v1/sessions/{key}/messages", list_session_messages, READ),
    Route("GET", "/v1/sessions/{key}/events", follow_session_events, READ),
    Route("POST", "/v1/sessions/{key}/reset", reset_session, WRITE),
    Route("GET", "/sessions/{key}/history", read_history, READ, says_ok=True),
    Route("POST", "/sessions/{key}/kill", kill_session, ADMIN, says_ok=True),
)

DELIVERIES: Final = (
    Route("GET", "/v1/deliveries", list_deliveries, READ),
    Route("GET", "/v1/deliveries/{id}", read_delivery, READ),
    Route("POST", "/v1/deliveries/{id}/replay", replay_delivery, WRITE),
    Route("POST", "/v1/deliveries/{id}/cancel", cancel_delivery, WRITE),
    Route("GET", "/v1/runs/{id}/deliveries", list_run_deliveries, READ),
)

DEAD_LETTERS: Final = (
    Route("GET", "/v1/dead-letters", list_dead_letters, READ),
    Route("POST", "/v1/dead-letters/replay", replay_dead_letters, WRITE),
    Route("GET", "/v1/dead-letters/{id}", read_dead_letter, READ),
    Route("DELETE", "/v1/dead-letters/{id}", delete_dead_letter, ADMIN),
    Route("POST", "/v1/dead-letters/{id}/replay", replay_dead_letter, WRITE),
)

TOOLS: Final = tuple(
    Route("POST", path, invoke_tool, WRITE) for path in ("/tools/invoke", "/api/tools/invoke")
)


CRON: Final = (
    Route("GET", "/v1/cron", list_jobs, READ),
    Route("POST", "/v1/cron", create_job, WRITE),
    Route("GET", "/v1/cron/{id}", read_job, READ),
    Route("PATCH", "/v1/cron/{id}", change_job, WRITE),
    Route("DELETE", "/v1/cron/{id}", delete_job, WRITE),
    Route("POST", "/v1/cron/{id}/run", run_job, WRITE),
    Route("GET", "/v1/cron/{id}/runs", list_job_runs, READ),
)


KEYS: Final = (
    Route("POST", "/v1/keys", create_key, ADMIN),
    Route("GET", "/v1/keys", list_keys, ADMIN),
    Route("GET", "/v1/keys/{id}", read_key, ADMIN),
    Route("DELETE", "/v1/keys/{id}", revoke_key, ADMIN),
)


PAIRINGS: Final = (
    Route("GET", "/v1/pairings", list_pairings, ADMIN),
    Route("POST", "/v1/pairings/approve", approve_pairing, ADMIN),
    Route("POST", "/v1/pairings/revoke", revoke_pairing, ADMIN),
)

CHANNELS: Final = (
    # Open to the drain, as hooks are.
    Route("*", f"{CHANNEL_PREFIX}/{{channel}}/{{path:.*}}", receive_webhook, scope=None),
)


def hook_routes(hooks: Hooks) -> tuple[Route, ...]:
    """Return the routes of the hooks, for every method: the gate answers what is no POST.

    They are open to the drain: accepting a hook takes one step, and few senders come back.
    """
    return tuple(
        Route("*", hooks.path + path, handler, scope=None, gate=admit_hook, says_ok=True)
        for path, handler in (
            ("/wake{slashes:/*}", wake),
            ("/agent{slashes:/*}", start_agent),
            ("", dispatch_mapped),
            ("/{name:.*}", dispatch_mapped),
        )
    )


def route_table(config: Config) -> tuple[Route, ...]:
    """Return the routes that `config` turns on, and those that describe them."""
    routes = _served(config)
    return (*routes, *(Docs(config, routes).routes if config.gateway.http.docs else ()))


def _served(config: Config) -> tuple[Route, ...]:
    endpoints = config.gateway.http.endpoints
    models_on = endpoints.chat_completions.enabled or endpoints.responses.enabled
    return (
        *PROBES,
        *((*MODELS, *EMBEDDINGS) if models_on else ()),
        *(CHAT_COMPLETIONS if endpoints.chat_completions.enabled else ()),
        *(RESPONSES if endpoints.responses.enabled else ()),
        *RUNS,
        *SESSIONS,
        *DELIVERIES,
        *DEAD_LETTERS,
        *TOOLS,
        *KEYS,
        *PAIRINGS,
        *CHANNELS,
        *(CRON if config.cron.enabled else ()),
        *(hook_routes(config.hooks) if config.hooks.enabled else ()),
    )
