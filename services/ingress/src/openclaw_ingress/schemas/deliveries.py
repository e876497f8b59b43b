"""What may be asked of the lists of deliveries and of dead letters (run-api.md §4.4)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from openclaw_common.contracts.delivery import DeliveryStatus, shown
from openclaw_common.contracts.errors import InvalidRequest
from openclaw_common.contracts.ids import parse_run_id
from openclaw_common.store.all_dead_letters import KINDS
from openclaw_common.store.dead_letters import DeadLetterFilter
from openclaw_common.store.deliveries import DeliveryFilter
from openclaw_ingress.cursor_list import parse_time_ms
from openclaw_ingress.schemas.js import integer

REPLAY_DEFAULT: Final = 100
REPLAY_MAX: Final = 1000
MAX_FILTER_CHARS: Final = 512


def parse_delivery_filter(query: Mapping[str, str]) -> DeliveryFilter:
    """Return which deliveries a query asks for. Raises InvalidRequest."""
    run_id = _text(query, "run_id")
    if run_id is not None and (run_id := parse_run_id(run_id)) is None:
        raise InvalidRequest("`run_id` must be a run id.", param="run_id")
    return DeliveryFilter(
        status=_status(_text(query, "status")),
        channel=_text(query, "channel"),
        to=shown(to) if (to := _text(query, "to")) else None,
        run_id=run_id,
        created_after_ms=parse_time_ms(query, "created_after"),
    )


@dataclass(frozen=True, slots=True)
class LetterQuery:
    """Which dead letters are wanted: of one `kind` of KINDS or all, and those that match."""

    kind: str | None
    wanted: DeadLetterFilter


def parse_letter_query(query: Mapping[str, Any]) -> LetterQuery:
    """Return which dead letters a query, or a body's `filter`, asks for. Raises InvalidRequest."""
    kind = _text(query, "kind")
    if kind is not None and kind not in KINDS:
        raise InvalidRequest(f"`kind` must be one of {', '.join(KINDS)}.", param="kind")
    wanted = DeadLetterFilter(
        channel=_text(query, "channel"),
        error_code=_text(query, "error_code"),
        since_ms=parse_time_ms(query, "since"),
        until_ms=parse_time_ms(query, "until"),
    )
    return LetterQuery(kind, wanted)


def parse_bulk_replay(body: Mapping[str, Any]) -> tuple[LetterQuery, int]:
    """Return which dead letters a body asks to replay, and how many at most.

    Raises InvalidRequest, also for a filter that it does not know: it would replay too much.
    """
    given, limit = body.get("filter", {}), integer(body.get("limit", REPLAY_DEFAULT))
    if not isinstance(given, dict):
        raise InvalidRequest("`filter` must be an object.", param="filter")
    known = {"kind", "channel", "error_code", "since", "until"}
    if unknown := sorted(set(given) - known):
        raise InvalidRequest(
            f"`filter` has no {unknown[0]!r}; it takes {', '.join(sorted(known))}.", param="filter"
        )
    if limit is None or not 1 <= limit <= REPLAY_MAX:
        raise InvalidRequest(f"`limit` must be between 1 and {REPLAY_MAX}.", param="limit")
    return parse_letter_query(given), limit


def _status(given: str | None) -> DeliveryStatus | None:
    if given is None:
        return None
    try:
        return DeliveryStatus(given)
    except ValueError:
        known = ", ".join(status.value for status in DeliveryStatus)
        raise InvalidRequest(f"`status` must be one of {known}.", param="status") from None


def _text(query: Mapping[str, Any], name: str) -> str | None:
    value = query.get(name)
    if value is None or value == "":
        return None
    if not isinstance(value, str) or len(value) > MAX_FILTER_CHARS:
        raise InvalidRequest(
            f"`{name}` must be a string of up to {MAX_FILTER_CHARS} characters.", param=name
        )
    return value
