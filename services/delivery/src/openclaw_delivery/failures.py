"""What follows a failure: another try, a rest for the account, or the end of the delivery."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from openclaw_channels.base import (
    AnswerLost,
    CredentialsRevoked,
    PermanentFailure,
    RateLimited,
    SendFailure,
)
from openclaw_common.contracts.delivery import DeliveryStatus, Destination
from openclaw_common.contracts.delivery_history import Outcome
from openclaw_common.contracts.errors import API_ERROR, ErrorBody
from openclaw_delivery.attempt import Attempt

Settles = Callable[[AnswerLost], Awaitable[bool]]


async def settle_failure(
    attempt: Attempt,
    failure: SendFailure,
    part: int,
    destination: Destination,
    *,
    may_go_on: Settles | None = None,
) -> str:
    """Write a failure down and settle the lease; returns the attempt's outcome.

    `may_go_on` says whether there is a way on from a lost answer to a part; without it nothing was
    to be seen by anybody yet. Raises the attempt's interruption in place of releasing the lease.
    """
    outcome = _outcome(failure, sent=may_go_on is not None)
    attempt.context.counts.failure(destination.channel, failure, outcome)
    if outcome in (Outcome.PERMANENT, Outcome.RATE_LIMITED):
        await attempt.account_works()
    if outcome is Outcome.PERMANENT:
        return await _give_up(attempt, DeliveryStatus.FAILED, part, failure, outcome)
    if may_go_on and isinstance(failure, AnswerLost) and not await may_go_on(failure):
        return await _give_up(attempt, DeliveryStatus.UNKNOWN, part, failure, outcome)
    rest_s = attempt.context.limits.account_rest_seconds if outcome is Outcome.CREDENTIALS else 0
    retry = attempt.context.backoff.after(failure, attempt.history, floor_s=rest_s)
    if retry is None or attempt.too_old(retry.delay_s):
        if rest_s:
            await _rest(attempt, failure, rest_s)
        return await _give_up(attempt, DeliveryStatus.DEAD, part, failure, outcome)
    await attempt.journal.failed(part, failure, outcome, retry)
    if isinstance(failure, RateLimited):
        await attempt.context.pacing.freeze(destination, failure)
    if rest_s:
        await _rest(attempt, failure, rest_s)
    if attempt.interrupted is not None:
        raise attempt.interrupted
    return await attempt.release(retry.delay_s, counter="tries")


def _outcome(failure: SendFailure, *, sent: bool) -> Outcome:
    for kind, outcome in (
        (RateLimited, Outcome.RATE_LIMITED),
        (CredentialsRevoked, Outcome.CREDENTIALS),
        (PermanentFailure, Outcome.PERMANENT),
    ):
        if isinstance(failure, kind):
            return outcome
    return Outcome.AMBIGUOUS if sent and isinstance(failure, AnswerLost) else Outcome.TEMPORARY


async def _give_up(
    attempt: Attempt, status: DeliveryStatus, part: int, failure: SendFailure, outcome: Outcome
) -> str:
    await attempt.journal.gave_up(status, part, failure, outcome)
    return status


async def _rest(attempt: Attempt, failure: SendFailure, seconds: float) -> None:
    code = failure.code or Outcome.CREDENTIALS.value
    error = ErrorBody(failure.http_status or 401, API_ERROR, failure.message, code)
    await attempt.context.rests.put(attempt.account, error, seconds)
