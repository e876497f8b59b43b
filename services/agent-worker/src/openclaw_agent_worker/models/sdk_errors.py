"""What pydantic-ai and the SDKs below it raise, as the failures of `errors`."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import aiohttp
import httpx2
from pydantic_ai.exceptions import (
    ModelAPIError,
    ModelConnectionError,
    ModelContextWindowExceededError,
    ModelHTTPError,
    ModelOverloadedError,
    ModelQuotaExceededError,
    ModelRateLimitError,
    ModelTimeoutError,
    UnexpectedModelBehavior,
    UserError,
)

from openclaw_agent_worker.models.errors import (
    CONTEXT_OVERFLOW,
    Redaction,
    UpstreamFailure,
    disconnected,
    failure_of,
    from_error_object,
    malformed,
    timed_out,
)
from openclaw_common.contracts.errors import InvalidRequest

logger = logging.getLogger(__name__)

_UNREADABLE: Final = (
    UnexpectedModelBehavior,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    AssertionError,
)
"""What the SDKs raise when an answer is not their protocol; they decode it without looking."""


@contextmanager
def translated(redact: Redaction) -> Iterator[None]:
    """Raise UpstreamFailure, or InvalidRequest for what cannot be sent, in place of an SDK's error.

    Only calls into an SDK belong inside: its way to say "not my protocol" are built-in exceptions.
    """
    try:
        yield
    except ModelAPIError as error:
        raise _api_failure(error, redact) from None
    except UserError as error:
        raise InvalidRequest(redact(str(error))) from None
    except httpx2.TimeoutException:
        raise timed_out() from None
    except (httpx2.TransportError, httpx2.StreamError, aiohttp.ClientError, OSError):
        raise disconnected() from None
    except _UNREADABLE as error:
        logger.info("provider_answer_unreadable", extra={"error": type(error).__name__})
        raise malformed() from None


def _api_failure(error: ModelAPIError, redact: Redaction) -> UpstreamFailure:
    if isinstance(error, ModelTimeoutError):
        return disconnected() if error.phase in ("connect", "pool") else timed_out()
    if isinstance(error, ModelConnectionError):
        return disconnected()
    said = _said(error)
    if isinstance(error, ModelHTTPError):
        status, retry_after_s = _status(error), error.retry_after
        return failure_of(status, said, redact, retry_after_s)
    # An error event whose type stands for no status; anything else is an answer of another sort.
    return from_error_object(said, redact) if said else malformed()


def _status(error: ModelHTTPError) -> int:
    if isinstance(error, ModelQuotaExceededError):
        return 402
    if isinstance(error, ModelRateLimitError):
        return 429
    if isinstance(error, ModelOverloadedError):
        return 503
    return error.status_code


def _said(error: ModelAPIError) -> Any:
    """Return the error object that the provider sent, with a `code` where the SDK found one."""
    body = error.body or _named(error)
    if isinstance(body, dict) and isinstance(body.get("error"), dict | str):
        body = body["error"]
    if isinstance(body, str):
        return "" if body.lstrip().startswith("<") else body
    if not isinstance(body, dict):
        return {}
    if isinstance(error, ModelContextWindowExceededError):
        return {**body, "code": CONTEXT_OVERFLOW}
    return body


def _named(error: ModelAPIError) -> dict[str, Any] | None:
    """Return the error object where the SDK has kept its members but not the object."""
    code, kind = error.provider_error_code, error.provider_error_type
    if code is None and kind is None:
        return None
    return {"code": code, "type": kind, "message": error.message.removeprefix(f"{code}: ")}
