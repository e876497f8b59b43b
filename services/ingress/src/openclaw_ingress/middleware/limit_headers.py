"""How the limits of an API key stand, in OpenAI's six headers and two for runs in progress.

Source: https://platform.openai.com/docs/guides/rate-limits#rate-limits-in-headers
"""

from __future__ import annotations

from aiohttp import web

from openclaw_common.store.accounting import LimitState
from openclaw_ingress.app_keys import LIMITS


async def tell_limits(request: web.BaseRequest, response: web.StreamResponse) -> None:
    """`on_response_prepare`: set them where a run of a key with limits was asked for."""
    state = request.get(LIMITS)
    if state is not None:
        response.headers.update(limit_headers(state))


def limit_headers(state: LimitState) -> dict[str, str]:
    """Return the headers of the limits that the key has."""
    limits = state.limits
    told = (
        ("requests", limits.requests_per_minute, state.requests, state.reset_requests_ms),
        ("tokens", limits.tokens_per_day, state.tokens, state.reset_tokens_ms),
        ("concurrent", limits.runs_in_progress, state.in_progress, None),
    )
    headers = {}
    for name, most, used, reset_ms in told:
        if most is None:
            continue
        headers[f"x-ratelimit-limit-{name}"] = str(most)
        headers[f"x-ratelimit-remaining-{name}"] = str(max(0, most - used))
        if reset_ms is not None:
            headers[f"x-ratelimit-reset-{name}"] = as_duration(reset_ms)
    return headers


def as_duration(milliseconds: int) -> str:
    """Return a duration as OpenAI writes it: `12ms`, `6s`, `1m0s`, `3h5m0s`."""
    if milliseconds < 1000:
        return f"{max(0, milliseconds)}ms"
    seconds = -(-milliseconds // 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}h{minutes}m{seconds}s"
    return f"{minutes}m{seconds}s" if minutes else f"{seconds}s"
