"""The application as lists: what it holds, what every request passes through, what it serves."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence

from aiohttp import web

from openclaw_channels.base import ChannelPlugin
from openclaw_common.automation.cron_scheduler import CronScheduler
from openclaw_common.inbound.intake import Intake
from openclaw_common.queue.job_queue import RunQueue
from openclaw_common.runtime.clock import Clock, SystemClock
from openclaw_common.runtime.config import Config
from openclaw_common.runtime.lifecycle import Drain
from openclaw_common.runtime.metrics.recorder import Metrics
from openclaw_common.runtime.tracing import Tracer
from openclaw_common.store.run_reader import RunStreamReader
from openclaw_common.store.store import Store
from openclaw_ingress.app_keys import (
    AUTHENTICATOR,
    CONFIG,
    CRON,
    DRAIN,
    KEY_HOLDERS,
    QUEUE,
    READER,
    READINESS,
    STORE,
)
from openclaw_ingress.auth.api_keys import KeyHolders
from openclaw_ingress.auth.authenticator import Authenticator
from openclaw_ingress.auth.client_address import ClientAddresses
from openclaw_ingress.auth.failure_limiter import FailureLimiter
from openclaw_ingress.auth.webhook_guard import WebhookGuard
from openclaw_ingress.channel_webhooks import WEBHOOKS, ChannelWebhooks, platform_client
from openclaw_ingress.destinations import DESTINATIONS, Destinations
from openclaw_ingress.handlers.channel_webhook import receive_webhook
from openclaw_ingress.hook_context import HOOKS, hook_context
from openclaw_ingress.middleware.authentication import authenticate
from openclaw_ingress.middleware.authorization import authorize
from openclaw_ingress.middleware.channel_paths import protect_channels
from openclaw_ingress.middleware.draining import close_while_draining, refuse_while_draining
from openclaw_ingress.middleware.error_responses import errors_as_json
from openclaw_ingress.middleware.expectations import ask_for_the_body, hold_expectation
from openclaw_ingress.middleware.limit_headers import tell_limits
from openclaw_ingress.middleware.measuring import METER, RequestMeter
from openclaw_ingress.middleware.request_id import assign_request_id
from openclaw_ingress.middleware.response_headers import ResponseHeaders
from openclaw_ingress.middleware.tracing import RequestTraces
from openclaw_ingress.middleware.upgrades import refuse_upgrades
from openclaw_ingress.open_streams import install as install_open_streams
from openclaw_ingress.readiness import Readiness
from openclaw_ingress.route import ROUTES, Route
from openclaw_ingress.routes import PROBES, route_table


def create_app(
    config: Config,
    store: Store,
    queue: RunQueue,
    reader: RunStreamReader,
    *,
    drain: Drain,
    routes: Sequence[Route] | None = None,
    channels: Mapping[str, ChannelPlugin] | None = None,
    environ: Mapping[str, str] | None = None,
    clock: Clock | None = None,
    metrics: Metrics | None = None,
    tracer: Tracer | None = None,
) -> web.Application:
    """Build the application.

    It starts and stops `reader`; whoever made `store` closes it. `routes` replaces the route table
    of `config`; what is not in it gets 404 and 405. `channels` replaces the installed channels;
    `environ` may hold credentials of their accounts. Raises ValueError for a trusted proxy that is
    no address and no network, ConfigError for a hook's transform that cannot be loaded.
    """
    clock = clock or SystemClock()
    metrics = metrics or Metrics()
    meter = RequestMeter(metrics, clock)
    gateway = config.gateway
    headers = ResponseHeaders(gateway.http.security_headers.strict_transport_security, clock)
    traces = RequestTraces(tracer, config.tracing.trust, PROBES)
    app = web.Application(
        middlewares=[
            meter.measure,
            traces.trace,
            assign_request_id,
            headers.measure,
            errors_as_json,
            refuse_upgrades,
            refuse_while_draining,
            protect_channels,
            authenticate,
            authorize,
            traces.join,
            ask_for_the_body,
        ],
        client_max_size=gateway.http.endpoints.chat_completions.max_body_bytes,
    )
    app[CONFIG] = config
    app[METER] = meter
    app[STORE] = store
    app[QUEUE] = queue
    app[CRON] = CronScheduler(config, store)
    app[DESTINATIONS] = Destinations(config, channels)
    app[READER] = reader
    app[DRAIN] = drain
    app[READINESS] = Readiness(store, drain, clock, strict=config.redis.durability == "strict")
    addresses = ClientAddresses(
        gateway.trusted_proxies, real_ip_fallback=gateway.allow_real_ip_fallback
    )
    limiter = FailureLimiter(store.limits, gateway.auth.rate_limit, clock)
    app[KEY_HOLDERS] = KeyHolders(store.api_keys, clock)
    app[AUTHENTICATOR] = Authenticator(gateway, addresses, limiter, app[KEY_HOLDERS])
    if config.hooks.enabled:
        app[HOOKS] = hook_context(config, store, queue, addresses, channels, clock)
    app[WEBHOOKS] = ChannelWebhooks.load(
        Intake(config, store, metrics=metrics),
        WebhookGuard(config.inbound, addresses, store.limits),
        channels,
        environ or {},
        clock.wall,
    )
    further = [
        Route("*", path, receive_webhook, scope=None) for path in app[WEBHOOKS].further_paths
    ]
    app[ROUTES] = {
        app.router.add_route(
            route.method, route.path, route.handler, expect_handler=hold_expectation
        ): route
        for route in (*(route_table(config) if routes is None else routes), *further)
    }
    app.on_response_prepare.extend(
        [
            headers.on_response_prepare,
            traces.on_response_prepare,
            tell_limits,
            close_while_draining,
        ]
    )
    app.cleanup_ctx.extend([_running_reader, platform_client])
    install_open_streams(app)
    meter.observe(app)
    return app


async def _running_reader(app: web.Application) -> AsyncIterator[None]:
    await app[READER].start()
    yield
    await app[READER].stop()
