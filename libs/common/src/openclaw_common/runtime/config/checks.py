"""Contradictions between settings that are each fine alone."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from openclaw_common.contracts.delivery import LAST
from openclaw_common.runtime.config.agents import ModelChoice
from openclaw_common.runtime.config.base import Bounded
from openclaw_common.runtime.config.cron import ANNOUNCE
from openclaw_common.runtime.config.heartbeat import NOWHERE, OWNER
from openclaw_common.runtime.config.hooks import GENERATED_KEY_PREFIX, GMAIL, Hooks
from openclaw_common.runtime.config.key_path import KeyPath, show
from openclaw_common.runtime.config.models import APIS_WITHOUT_BASE_URL

if TYPE_CHECKING:
    from openclaw_common.runtime.config.root import Config


def problems(config: Config, *, require_auth: bool) -> Iterator[str]:
    """Yield a line per contradiction, which starts with the place to change."""
    yield from _auth(config, require_auth)
    yield from _listener(config)
    yield from _limits(config)
    yield from (f"{show(('agents', *path))}: {text}" for path, text in config.agents.problems)
    yield from _providers(config)
    yield from _agent_models(config)
    yield from _cron_jobs(config)
    if config.hooks.enabled:
        yield from _hooks(config.hooks)


def warnings(config: Config) -> Iterator[str]:
    """Yield a line per setting that works but is likely not what was meant."""
    auth = config.gateway.auth
    shared = [secret for secret in (auth.token, auth.password) if secret is not None]
    if config.hooks.token is not None and config.hooks.token in shared:
        yield (
            "hooks.token: is the gateway's own token or password, so whoever may send a hook may"
            " use the whole gateway; give hooks a token of their own"
        )
    if auth.mode == "trusted-proxy" and auth.token is not None:
        yield 'gateway.auth.token: has no effect while gateway.auth.mode is "trusted-proxy"'
    yield from _heartbeat_targets(config)
    yield from _cron_channels(config)
    yield from _open_channels(config)
    for index, binding in enumerate(config.bindings):
        if binding.agent_id.strip().lower() not in config.agents.entries:
            yield f"{show(('bindings', index, 'agentId'))}: names no configured agent"


def _open_channels(config: Config) -> Iterator[str]:
    for name, section in config.channels.items():
        if section.dm_policy == "open" and "*" not in section.allow_from:
            place = show(("channels", name, "allowFrom"))
            yield (
                f'{place}: has no "*", so dmPolicy "open" lets in only who is named; add it, or use'
                ' "allowlist"'
            )


def _auth(config: Config, require_auth: bool) -> Iterator[str]:
    gateway = config.gateway
    auth = gateway.auth
    if auth.mode == "token" and auth.token is None and require_auth:
        yield (
            'gateway.auth.token: is required while gateway.auth.mode is "token"; set'
            " OPENCLAW_GATEWAY_TOKEN (or OPENCLAW_GATEWAY_TOKEN_FILE), or choose another mode"
        )
    if auth.mode == "password" and auth.password is None and require_auth:
        yield (
            'gateway.auth.password: is required while gateway.auth.mode is "password"; set'
            " OPENCLAW_GATEWAY_PASSWORD (or OPENCLAW_GATEWAY_PASSWORD_FILE)"
        )
    if auth.mode == "trusted-proxy" and not auth.trusted_proxy.user_header:
        yield (
            "gateway.auth.trustedProxy.userHeader: is required while gateway.auth.mode is"
            ' "trusted-proxy"; name the header in which the proxy puts the user'
        )
    if auth.mode == "trusted-proxy" and not gateway.trusted_proxies:
        yield (
            'gateway.trustedProxies: is required while gateway.auth.mode is "trusted-proxy"; list'
            " the proxies' addresses"
        )


def _listener(config: Config) -> Iterator[str]:
    gateway = config.gateway
    if gateway.bind == "custom" and not _is_address(gateway.custom_bind_host):
        yield (
            'gateway.customBindHost: must be an IP address while gateway.bind is "custom", for'
            ' example "192.168.1.10"'
        )
    for index, proxy in enumerate(gateway.trusted_proxies):
        if not _is_network(proxy):
            place = show(("gateway", "trustedProxies", index))
            yield f'{place}: must be an IP address or a network, for example "10.0.0.0/8"'
    if gateway.auth.mode == "none" and _is_exposed(config):
        yield (
            f'gateway.auth.mode: "none" together with gateway.bind "{gateway.bind}" lets everybody'
            ' in; use "token", "password" or "trusted-proxy", or bind to "loopback"'
        )


def _is_exposed(config: Config) -> bool:
    gateway = config.gateway
    if gateway.bind == "custom" and _is_address(gateway.custom_bind_host):
        return not ipaddress.ip_address(str(gateway.custom_bind_host)).is_loopback
    return gateway.bind in ("lan", "tailnet")


def _is_address(text: str | None) -> bool:
    try:
        ipaddress.ip_address(text or "")
    except ValueError:
        return False
    return True


def _is_network(text: str) -> bool:
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        return False
    return True


def _limits(config: Config) -> Iterator[str]:
    limits: tuple[tuple[KeyPath, Bounded], ...] = (
        (("runs",), config.runs),
        (("ingress",), config.ingress),
        (("egress",), config.egress),
        (("inbound",), config.inbound),
        (
            ("gateway", "http", "endpoints", "chatCompletions", "images"),
            config.gateway.http.endpoints.chat_completions.images,
        ),
    )
    for path, section in limits:
        for key, text in section.contradictions():
            yield f"{show((*path, key))}: {text}"


def _providers(config: Config) -> Iterator[str]:
    for name, provider in config.models.providers.items():
        place = show(("models", "providers", name, "baseUrl"))
        if provider.base_url is None:
            if provider.api not in APIS_WITHOUT_BASE_URL:
                yield f'{place}: is required for the api "{provider.api}"'
        elif not _is_http_url(provider.base_url):
            yield f"{place}: must be an http:// or https:// URL"
        ids = [model.id for model in provider.models]
        for index, model_id in enumerate(ids):
            if model_id in ids[:index]:
                place = show(("models", "providers", name, "models", index, "id"))
                yield f'{place}: the model "{model_id}" is given twice'


def _is_http_url(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _agent_models(config: Config) -> Iterator[str]:
    known = config.models.providers
    told: set[str] = set()
    for agent in config.agents.entries.values():
        for key, model in _models_of(agent.model):
            provider, slash, name = model.partition("/")
            place = show(("agents", *config.agents.model_place(agent.id), *key))
            if place in told:
                continue
            told.add(place)
            if not slash or not name:
                yield (
                    f'{place}: "{model}" is neither provider/model, an alias of agents.defaults'
                    ".models nor a model of exactly one provider"
                )
            elif provider not in known:
                yield (
                    f'{place}: "{model}" names the provider "{provider}", which models.providers'
                    f" does not define (it has {', '.join(sorted(known)) or 'none'})"
                )


def _models_of(choice: ModelChoice) -> Iterator[tuple[KeyPath, str]]:
    if choice.primary:
        yield (), choice.primary
    for index, fallback in enumerate(choice.fallbacks):
        yield ("fallbacks", index), fallback


def _heartbeat_targets(config: Config) -> Iterator[str]:
    for agent_id in config.agents.heartbeat_ids:
        target = config.agents.entries[agent_id].heartbeat.target
        if target not in (OWNER, LAST, NOWHERE) and target not in config.channels:
            place = show(("agents", "entries", agent_id, "heartbeat", "target"))
            yield f'{place}: "{target}" is no configured channel, so there will be no heartbeats'


def _cron_channels(config: Config) -> Iterator[str]:
    for index, job in enumerate(config.cron.jobs):
        channel = job.delivery.channel
        if job.delivery.mode == ANNOUNCE and channel != LAST and channel not in config.channels:
            place = show(("cron", "jobs", index, "delivery", "channel"))
            yield f'{place}: "{channel}" is no configured channel, so nobody is sent the result'


def _cron_jobs(config: Config) -> Iterator[str]:
    cron = config.cron
    if len(cron.jobs) > cron.max_jobs:
        yield f"cron.jobs: has more than cron.maxJobs ({cron.max_jobs}) jobs"
    seen: set[str] = set()
    for index, job in enumerate(cron.jobs):
        if job.id is None or job.id in seen:
            yield f"{show(('cron', 'jobs', index, 'id'))}: each job needs an id of its own"
        seen.add(job.id or "")
        agent = job.agent_id
        if agent is not None and agent.strip().lower() not in config.agents.entries:
            yield f"{show(('cron', 'jobs', index, 'agentId'))}: names no configured agent"
        every_ms = job.schedule.every_ms
        if every_ms is not None and every_ms < cron.min_interval_ms:
            place = show(("cron", "jobs", index, "schedule", "everyMs"))
            yield f"{place}: is less than cron.minIntervalMs ({cron.min_interval_ms})"


def _hooks(hooks: Hooks) -> Iterator[str]:
    if hooks.token is None or not hooks.token.get_secret_value().strip():
        yield "hooks.token: hooks.enabled requires hooks.token"
    prefixes = hooks.session_key_prefixes
    default = hooks.default_session_key
    if prefixes and default is not None:
        if not default.lower().startswith(prefixes):
            yield (
                "hooks.defaultSessionKey: must match hooks.allowedSessionKeyPrefixes"
                f" ({', '.join(prefixes)})"
            )
    elif prefixes and not GENERATED_KEY_PREFIX.startswith(prefixes):
        yield (
            f"hooks.allowedSessionKeyPrefixes: must include '{GENERATED_KEY_PREFIX}' when"
            " hooks.defaultSessionKey is unset"
        )
    if not prefixes and _has_templated_key(hooks):
        yield (
            "hooks.allowedSessionKeyPrefixes: is required when a hook mapping sessionKey uses"
            " templates, even if hooks.allowRequestSessionKey=true"
        )
    yield from _hook_mappings(hooks)


def _has_templated_key(hooks: Hooks) -> bool:
    # The preset's own key is a template; a mapping for its path stands before it.
    preset = GMAIL in hooks.presets and GMAIL not in [m.match.sub_path for m in hooks.mappings]
    return preset or any("{{" in (mapping.session_key or "") for mapping in hooks.mappings)


def _hook_mappings(hooks: Hooks) -> Iterator[str]:
    for index, preset in enumerate(hooks.presets):
        if preset != GMAIL:
            yield f'{show(("hooks", "presets", index))}: is no preset; there is "{GMAIL}"'
    for index, mapping in enumerate(hooks.mappings):
        signature = mapping.signature
        if signature is not None and not signature.secret.get_secret_value().strip():
            place = show(("hooks", "mappings", index, "signature", "secret"))
            yield f"{place}: is empty; put the secret there that the sender signs with"
        key = mapping.session_key or ""
        if "{{" in key or not key or not hooks.session_key_prefixes:
            continue
        if not key.lower().startswith(hooks.session_key_prefixes):
            place = show(("hooks", "mappings", index, "sessionKey"))
            yield (
                f"{place}: must match hooks.allowedSessionKeyPrefixes"
                f" ({', '.join(hooks.session_key_prefixes)})"
            )
