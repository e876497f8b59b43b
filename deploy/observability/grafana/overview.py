"""What to look at first."""

from __future__ import annotations

from typing import Final

from panels import Dashboard, Panel, quantile, rate, spread

OVERVIEW: Final = Dashboard(
    "openclaw-overview",
    "OpenClaw Gateway / Overview",
    (
        (
            "What people notice",
            (
                Panel(
                    "Requests by status",
                    {
                        "{{http_response_status_code}}": rate(
                            "http_server_request_duration_seconds_count",
                            "http_response_status_code",
                        )
                    },
                    "reqps",
                ),
                Panel("First token", spread("openclaw_stream_time_to_first_token_seconds"), "s"),
                Panel(
                    "Runs by end",
                    {"{{status}}": rate("openclaw_run_completed_total", "status")},
                    "ops",
                ),
            ),
        ),
        (
            "Now",
            (
                Panel(
                    "Streams",
                    {"open": "sum(openclaw_stream_active)"},
                    kind="stat",
                    width=4,
                ),
                Panel(
                    "Runs executed",
                    {"runs": 'sum(openclaw_queue_executing{queue="runs"})'},
                    kind="stat",
                    width=4,
                ),
                Panel(
                    "Runs open",
                    {"runs": 'openclaw:queue_depth:max{queue="runs",state="open"}'},
                    kind="stat",
                    width=4,
                ),
                Panel(
                    "Dead letters",
                    {"{{queue}}": "openclaw:dead_letters:max"},
                    kind="stat",
                    width=4,
                ),
                Panel(
                    "Processes",
                    {"up": "count(openclaw_process_start_time_seconds)"},
                    "short",
                    4,
                    "stat",
                ),
                Panel(
                    "Connections", {"open": "sum(openclaw_http_connections)"}, "short", 4, "stat"
                ),
            ),
        ),
        (
            "Why it is slow",
            (
                Panel(
                    "Where a first token's time goes, p95",
                    {
                        "waiting for a worker": quantile(
                            "openclaw_queue_wait_seconds", 0.95, where='queue="runs"'
                        ),
                        "the model's first piece": quantile(
                            "gen_ai_client_operation_time_to_first_chunk_seconds", 0.95
                        ),
                        "what the client sees": quantile(
                            "openclaw_stream_time_to_first_token_seconds", 0.95
                        ),
                    },
                    "s",
                ),
                Panel(
                    "Event loops, p99 of the lag",
                    {"{{instance}}": quantile("openclaw_event_loop_lag_seconds", 0.99, "instance")},
                    "s",
                ),
                Panel("Redis", spread("openclaw_redis_latency_seconds"), "s"),
            ),
        ),
        (
            "Ingress",
            (
                Panel(
                    "Requests by route",
                    {
                        "{{http_route}}": rate(
                            "http_server_request_duration_seconds_count", "http_route"
                        )
                    },
                    "reqps",
                ),
                Panel(
                    "Webhooks",
                    {
                        "{{webhook}} {{outcome}}": rate(
                            "openclaw_webhook_received_total", "webhook, outcome"
                        )
                    },
                    "ops",
                ),
                Panel(
                    "Told to come back later",
                    {"{{where}}: {{reason}}": rate("openclaw_rate_limited_total", "where, reason")},
                    "ops",
                ),
                Panel(
                    "Active requests",
                    {"{{instance}}": "sum by (instance) (http_server_active_requests)"},
                ),
                Panel(
                    "The replicas' readers",
                    {
                        "runs followed": "sum(openclaw_reader_following)",
                        "bytes waiting for clients": "sum(openclaw_reader_buffered_bytes)",
                    },
                ),
                Panel("Oldest event waiting", {"": "max(openclaw_reader_lag_seconds)"}, "s"),
            ),
        ),
        (
            "Processes",
            (
                Panel(
                    "CPU",
                    {
                        "{{instance}}": "sum by (instance) "
                        "(rate(process_cpu_time_seconds_total[$__rate_interval]))"
                    },
                    "percentunit",
                    12,
                ),
                Panel(
                    "Memory",
                    {"{{instance}}": "sum by (instance) (process_memory_usage_bytes)"},
                    "bytes",
                    12,
                ),
            ),
        ),
    ),
)
