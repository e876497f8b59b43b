"""The error tree, and the one shape in which an error reaches a client or a run record.

    GatewayError                  has an ErrorBody: status, type, message, code, param
    ├── InvalidRequest            400 invalid_request_error
    ├── Unauthorized              401 authentication_error
    ├── AgentNotAllowed           403 forbidden / agent_not_allowed
    ├── NotFound                  404 not_found
    ├── IdempotencyConflict       409 invalid_request_error / idempotency_key_conflict
    ├── SessionBusy               409 invalid_request_error / session_busy
    ├── QueueFull                 503 (fleet) or 429 (session) with Retry-After
    ├── RateLimited               429 rate_limited / rate_limit_exceeded with Retry-After
    └── StoreUnavailable          503 api_error: Redis cannot be reached

Statuses, types and messages are those of contract.md §0 to §1 and run-api.md §4.8.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

INVALID_REQUEST: Final = "invalid_request_error"
AUTHENTICATION: Final = "authentication_error"
PERMISSION: Final = "permission_error"
INSUFFICIENT_QUOTA: Final = "insufficient_quota"
RATE_LIMIT: Final = "rate_limit_error"
RATE_LIMITED: Final = "rate_limited"
API_ERROR: Final = "api_error"
NOT_FOUND: Final = "not_found"


@dataclass(frozen=True, slots=True)
class ErrorBody:
    """One error as data: what a response body, an SSE error frame and a run record hold.

    `status` is the HTTP status it has or would have had before the first byte of a stream.
    """

    status: int
    type: str
    message: str
    code: str | None = None
    param: str | None = None

    def to_wire(self) -> dict[str, Any]:
        """Return the object under `error`, without the status and without empty members."""
        body: dict[str, Any] = {"message": self.message, "type": self.type}
        if self.code is not None:
            body["code"] = self.code
        if self.param is not None:
            body["param"] = self.param
        return body

    def to_record(self) -> dict[str, Any]:
        """Return `to_wire()` plus `status`, the form kept in Redis."""
        return {"status": self.status, **self.to_wire()}

    @classmethod
    def from_record(cls, record: dict[str, Any]) -> ErrorBody:
        """Rebuild what `to_record` wrote; a missing status reads as 500."""
        return cls(
            status=int(record.get("status", 500)),
            type=str(record.get("type", API_ERROR)),
            message=str(record.get("message", "Internal error")),
            code=record.get("code"),
            param=record.get("param"),
        )


class GatewayError(Exception):
    """Internal error"""

    def __init__(self, body: ErrorBody, *, retry_after_s: float | None = None) -> None:
        super().__init__(body.message)
        self.body = body
        self.retry_after_s = retry_after_s


class InvalidRequest(GatewayError):
    """Invalid request body"""

    def __init__(
        self,
        message: str = "Invalid request body",
        *,
        param: str | None = None,
        code: str | None = None,
        status: int = 400,
    ) -> None:
        super().__init__(ErrorBody(status, INVALID_REQUEST, message, code, param))


class Unauthorized(GatewayError):
    """Unauthorized"""

    def __init__(self) -> None:
        super().__init__(ErrorBody(401, AUTHENTICATION, "Unauthorized"))


class AgentNotAllowed(GatewayError):
    """This API key may not use the agent."""

    def __init__(self, agent_id: str) -> None:
        message = f"This API key may not use the agent '{agent_id}'."
        super().__init__(ErrorBody(403, "forbidden", message, "agent_not_allowed"))


class NotFound(GatewayError):
    """Not Found"""

    def __init__(self, message: str = "Not Found", *, code: str | None = None) -> None:
        super().__init__(ErrorBody(404, NOT_FOUND, message, code))


class IdempotencyConflict(GatewayError):
    """This Idempotency-Key was already used with a different request body."""

    def __init__(self) -> None:
        message = "This Idempotency-Key was already used with a different request body."
        super().__init__(ErrorBody(409, INVALID_REQUEST, message, "idempotency_key_conflict"))


class SessionBusy(GatewayError):
    """The session is busy with a run."""

    def __init__(self, run_id: str) -> None:
        message = (
            f"The session is busy with {run_id}; wait for it, cancel it, or use another strategy."
        )
        super().__init__(ErrorBody(409, INVALID_REQUEST, message, "session_busy"))
        self.run_id = run_id


class QueueFull(GatewayError):
    """The run queue is full; retry later."""

    def __init__(self, *, lane: bool, retry_after_s: float) -> None:
        status, kind, message = (
            (429, RATE_LIMITED, "Too many runs are waiting in this session; retry later.")
            if lane
            else (503, API_ERROR, "The run queue is full; retry later.")
        )
        super().__init__(
            ErrorBody(status, kind, message, "queue_full"), retry_after_s=retry_after_s
        )


class RateLimited(GatewayError):
    """A limit of the API key is used up; the message says which."""

    def __init__(self, message: str, *, retry_after_s: float) -> None:
        body = ErrorBody(429, RATE_LIMITED, message, "rate_limit_exceeded")
        super().__init__(body, retry_after_s=retry_after_s)


class StoreUnavailable(GatewayError):
    """The gateway's store is unavailable; retry later."""

    def __init__(self) -> None:
        message = "The gateway's store is unavailable; retry later."
        super().__init__(ErrorBody(503, API_ERROR, message, "store_unavailable"), retry_after_s=1)
