"""Our own sections: where Redis is, and the limits of runs, workers and the ingress.

Every number that bounds something at run time is named here and nowhere else.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal, Self

from pydantic import BeforeValidator, Field, SecretStr, field_validator, model_validator
from pydantic_core import PydanticCustomError

from openclaw_common.runtime.config.base import Bounded, NonNegative, Positive, Section
from openclaw_common.runtime.config.redis_url import RedisAddress, parse_redis_url

Seconds = Annotated[float, Field(ge=0)]
MAX_CELLS: Final = 255
"""What a record's id has room for."""


def _listed(given: Any) -> Any:
    """Return a text of the environment as the list that it names, its items apart by spaces."""
    return given.split() if isinstance(given, str) else given


Urls = Annotated[tuple[SecretStr, ...], BeforeValidator(_listed), Field(max_length=MAX_CELLS)]
CellNumbers = Annotated[
    tuple[NonNegative, ...], BeforeValidator(_listed), Field(max_length=MAX_CELLS)
]


class Redis(Section):
    """The Redis or Valkey that holds everything."""

    url: SecretStr = SecretStr("redis://127.0.0.1:6379/0")
    """`redis://`, `rediss://`, `unix://`, `redis+sentinel://` or `rediss+sentinel://`."""
    urls: Urls = ()
    """One URL a cell, in place of `url`; a cell is known by its place, so only add at the end."""
    founding_cells: Positive = 1
    """With how many of `urls` the fleet began; never changed afterwards."""
    cells_in_use: Positive | None = None
    """Over how many of `urls` lanes are spread, the first ones; all of them unless set."""
    serve_cells: CellNumbers = ()
    """The cells of which this process takes jobs, by their places from 0; all unless set."""
    durability: Literal["relaxed", "strict"] = "relaxed"
    """`strict`: not ready unless Redis syncs every write to disk and evicts nothing."""
    timeout_ms: Positive = 3000
    """How long one call may take before Redis counts as away, in milliseconds."""

    @property
    def configured(self) -> bool:
        """Whether a URL was given, by the file or the environment."""
        return bool({"url", "urls"} & self.model_fields_set)

    @property
    def cells(self) -> tuple[SecretStr, ...]:
        """The URL of each cell."""
        return self.urls or (self.url,)

    @property
    def address(self) -> RedisAddress:
        """What the URL of the first cell says."""
        return parse_redis_url(self.cells[0].get_secret_value())

    @field_validator("url")
    @classmethod
    def _understood(cls, url: SecretStr) -> SecretStr:
        return _understood(url)

    @field_validator("urls")
    @classmethod
    def _all_understood(cls, urls: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
        return tuple(map(_understood, urls))

    @model_validator(mode="after")
    def _known_cells(self) -> Self:
        count = len(self.cells)
        for name, wrong in (
            ("foundingCells", self.founding_cells > count),
            ("cellsInUse", (self.cells_in_use or 1) > count),
            ("serveCells", any(number >= count for number in self.serve_cells)),
        ):
            if wrong:
                raise PydanticCustomError(
                    "redis_cells",
                    "`{name}` speaks of more cells than the {count} of `urls`",
                    {"name": name, "count": count},
                )
        if self.founding_cells > (self.cells_in_use or count):
            raise PydanticCustomError(
                "redis_cells", "`cellsInUse` may not be less than `foundingCells`"
            )
        return self


def _understood(url: SecretStr) -> SecretStr:
    try:
        parse_redis_url(url.get_secret_value())
    except ValueError as error:
        raise PydanticCustomError("redis_url", "{reason}", {"reason": str(error)}) from None
    return url


class Runs(Bounded):
    """How many runs may wait, how long things are kept and when a run is given up."""

    bounds = (
        ("max_queued_per_session", "max_queued", 1),
        # So that two renewals in a row may come late before a run is lost.
        ("renew_ms", "lease_ms", 3),
        ("quarantine_after_crashes", "max_crashes", 1),
        ("stream_retention_seconds", "retention_seconds", 1),
        ("idempotency_seconds", "retention_seconds", 1),
    )

    max_queued: Positive = 10_000
    """Runs accepted and not ended, over the whole fleet; one more is refused."""
    max_queued_per_session: Positive = 100
    """Runs accepted and not ended in one session; one more is refused."""
    lease_ms: Positive = 6000
    """How long a worker that went silent keeps a run, in milliseconds."""
    renew_ms: Positive = 2000
    """How often a worker renews its leases, in milliseconds."""
    max_crashes: Positive = 5
    """Deaths of its worker after which a run is given up."""
    quarantine_after_crashes: Positive = 2
    """Deaths of its worker after which only a worker that runs nothing else takes it."""
    max_tries: Positive = 3
    """Requests to a provider that may fail in a row, if the failure may pass."""
    queue_timeout_seconds: Positive = 600
    """How long a run may wait before it expires, in seconds."""
    retention_seconds: Positive = 86_400
    """How long the record of an ended run is kept, in seconds."""
    stream_retention_seconds: Positive = 3600
    """How long the events of an ended run can be replayed, in seconds."""
    idempotency_seconds: Positive = 86_400
    """How long after the end of a run its idempotency key replays it, in seconds."""
    dead_letter_retention_seconds: Positive = 604_800
    """How long a dead letter is kept, in seconds."""
    max_steps: Positive = 50
    """Model requests of one run; past it, it ends as it stands."""
    max_tool_calls: Positive = 200
    """Calls of our tools in one run; past it, it ends as it stands."""
    max_tokens: Positive | None = None
    """Tokens of all prompts and answers of one run; null for no limit."""
    max_output_bytes: Positive = 4_194_304
    """Text and tool arguments that one run may produce, in bytes."""
    disconnect_grace_seconds: NonNegative = 10
    """How long a chat-completions run goes on without a reader, in seconds."""
    transcript_max_messages: Positive = 1000
    """Messages that the transcript of one session keeps."""
    session_retention_seconds: Positive = 2_592_000
    """How long an unused session is kept, in seconds."""
    max_system_events: Positive = 20
    """System events that wait in one session; past it the oldest goes."""
    max_system_event_chars: Positive = 4000
    """Length of a system event, in characters; the rest is cut off."""
    system_event_retention_seconds: Positive = 604_800
    """How long a system event waits for a turn of its session, in seconds."""
    wake_spacing_ms: NonNegative = 30_000
    """Least time between two turns of one agent that wakes caused, in milliseconds."""
    wake_flood_starts: Positive = 5
    """Turns of one agent that wakes cause within `wakeFloodWindowMs`; more wait."""
    wake_flood_window_ms: Positive = 60_000
    """Length of that window, in milliseconds."""
    wake_retry_ms: Positive = 60_000
    """Time to a wake for events that a failed turn left, in milliseconds; doubles each time."""
    wake_retry_max_ms: Positive = 3_600_000
    """Up to which it doubles, in milliseconds."""


class Deliveries(Bounded):
    """How many deliveries may wait, how often they are tried and how long they are kept."""

    bounds = (
        ("max_queued_per_destination", "max_queued", 1),
        ("renew_ms", "lease_ms", 3),
        ("quarantine_after_crashes", "max_crashes", 1),
    )

    concurrency: Positive = 64
    """Deliveries that one process executes at the same time."""
    slots_per_free_slot: Positive = 3
    """How many of them may be of one account for each one that is free: most, never all."""
    max_parts: Positive = 1000
    """Parts of one message; one that would be more is a dead letter."""
    drain_seconds: NonNegative = 30
    """How long SIGTERM waits for parts under way, in seconds."""
    max_queued: Positive = 100_000
    """Deliveries accepted and not ended, over the whole fleet; the `message` tool is refused more.

    What a run owes is accepted beyond it.
    """
    max_queued_per_destination: Positive = 1000
    """The same to one destination."""
    lease_ms: Positive = 6000
    """How long a delivery process that went silent keeps a delivery, in milliseconds."""
    renew_ms: Positive = 2000
    """How often a delivery process renews its leases, in milliseconds."""
    max_crashes: Positive = 5
    """Deaths of its process after which a delivery is given up."""
    quarantine_after_crashes: Positive = 2
    """Deaths of its process after which only a process that sends nothing else takes it."""
    retention_seconds: Positive = 86_400
    """How long an ended delivery can be read, in seconds."""
    dead_letter_retention_seconds: Positive = 604_800
    """How long one that failed can be read and replayed, in seconds."""
    retry_schedule_seconds: tuple[Seconds, ...] = (1, 5, 30, 300, 1800, 7200, 18_000, 36_000)
    """Waits between tries, in seconds, each longer or shorter by up to a fifth; then it is dead."""
    max_retry_after_seconds: Positive = 3600
    """Longest wait that a platform may ask for, in seconds."""
    max_rate_limits: Positive = 50
    """Refusals for a rate in a row that do not count as failed tries."""
    give_up_seconds: Positive = 172_800
    """Age at which a delivery is not tried again, in seconds since it was accepted or replayed."""
    send_timeout_seconds: Positive = 30
    """How long the platform may take for one part, in seconds."""
    pacing_hold_ms: NonNegative = 250
    """Longest wait for a platform's rate that keeps a slot of the process, in milliseconds."""
    account_rest_seconds: Positive = 300
    """How long an account whose credentials were refused is left alone, in seconds."""
    live_concurrency: Positive = 32
    """Runs for which one process asks a platform for an indicator or a preview at the same time."""
    live_seconds: Positive = 3600
    """How long a run is shown as being worked at, in seconds."""
    live_timeout_seconds: Positive = 5
    """How long the platform may take for an indicator or a preview, in seconds."""
    typing_rate: Positive = 5
    """Indicators of one account a second, over the whole fleet."""
    preview_interval_ms: Positive = 2000
    """How often the preview of one run is edited at most, in milliseconds."""
    preview_min_chars: Annotated[int, Field(ge=16)] = 30
    """Length of a text from which on it is shown; so an answer that says nothing is not."""


class Worker(Section):
    """One agent-worker process."""

    concurrency: Positive = 32
    """Runs executed at the same time."""
    drain_seconds: NonNegative = 600
    """How long SIGTERM waits for runs to finish before they are handed back, in seconds."""
    provider_bench_unauthorized_seconds: NonNegative = 300
    """How long no worker uses a provider key after a 401, in seconds; 0 to go on using it."""
    provider_bench_payment_seconds: NonNegative = 900
    """The same after a 402 or a quota that is used up, in seconds."""
    provider_bench_rate_limit_seconds: NonNegative = 30
    """The same after a 429 that names no time of its own, in seconds."""


class Ingress(Bounded):
    """One ingress process: time limits of connections, and how much it holds for clients."""

    bounds = (
        ("max_connections_per_client", "max_connections", 1),
        ("max_streams", "max_connections", 1),
    )

    header_timeout_seconds: Positive = 10
    """From the first byte of a request to the end of its headers, in seconds."""
    body_timeout_seconds: Positive = 30
    """From the end of the headers to the end of the body, in seconds."""
    min_body_bytes_per_second: NonNegative = 1024
    """A body that comes slower is refused; 0 for no minimum."""
    keep_alive_seconds: Positive = 75
    """How long an idle connection is kept, in seconds."""
    max_connections: Positive = 20_000
    """Open connections."""
    max_connections_per_client: Positive = 2000
    """Open connections from one address; proxies in `gateway.trustedProxies` are exempt."""
    max_streams: Positive = 12_000
    """Responses that are streamed at the same time."""
    write_timeout_seconds: Positive = 30
    """How long a client may read nothing before it is cut, in seconds."""
    write_buffer_bytes: Positive = 32_768
    """Bytes that wait for one client in the process before writing pauses."""
    socket_send_buffer_bytes: Positive = 131_072
    """Size of the kernel's send buffer of one connection, in bytes."""
    stream_buffer_bytes: Positive = 262_144
    """Bytes of events that wait for one follower before it is cut."""
    drain_seconds: NonNegative = 25
    """How long SIGTERM lets answers go on, in seconds."""
    sse_keep_alive_seconds: Positive = 15
    """Pause after which a stream gets a comment, in seconds."""
    wait_max_seconds: Positive = 60
    """Longest `wait` that a client may ask for, in seconds."""
    reader_block_ms: Positive = 1000
    """How long one read of the run streams blocks, in milliseconds."""
    json_max_depth: Positive = 64
    """Nesting that a JSON body may have."""
