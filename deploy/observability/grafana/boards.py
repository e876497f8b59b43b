"""What the dashboards show. `make_dashboards.py` makes the files of it."""

from __future__ import annotations

from typing import Final

from overview import OVERVIEW
from panels import HEIGHT, LOGS, TRACES, WIDTH, Dashboard, Panel, quantile, rate, spread

QUEUE: Final = 'queue="$queue"'

QUEUES: Final = Dashboard(
    "openclaw-queues",
    "OpenClaw Gateway / Queues and workers",
    (
        (
            "The queue of $queue, over the whole fleet",
            (
                Panel(
                    "Jobs by state",
                    {"{{state}}": f"openclaw:queue_depth:max{{{QUEUE}}}"},
                    text="due: for a worker now. held: executed, or set for later. behind: another "
                    "job of the lane, or the tenant's share, comes first.",
                ),
                Panel(
                    "Due for longest",
                    {"oldest": f"openclaw:queue_oldest_seconds:max{{{QUEUE}}}"},
                    "s",
                ),
                Panel(
                    "From acceptance to the first attempt",
                    spread("openclaw_queue_wait_seconds", QUEUE),
                    "s",
                ),
                Panel(
                    "Attempts",
                    {"{{attempt}}": rate("openclaw_queue_attempts_total", "attempt", QUEUE)},
                    "ops",
                ),
                Panel(
                    "Leases lost",
                    {
                        "lost": "sum(rate(openclaw_queue_leases_lost_total"
                        f"{{{QUEUE}}}[$__rate_interval])) or vector(0)"
                    },
                    "ops",
                ),
                Panel("Dead letters", {"kept": f"openclaw:dead_letters:max{{{QUEUE}}}"}),
            ),
        ),
        (
            "Workers",
            (
                Panel(
                    "Slots taken",
                    {"share": f"openclaw:slots_used:ratio{{{QUEUE}}}"},
                    "percentunit",
                ),
                Panel(
                    "Executed by process",
                    {"{{instance}}": f"sum by (instance) (openclaw_queue_executing{{{QUEUE}}})"},
                ),
                Panel(
                    "Attempts at runs",
                    {"{{agent}} {{status}}": rate("openclaw_run_completed_total", "agent, status")},
                    "ops",
                ),
                Panel("Attempt at a run", spread("openclaw_run_duration_seconds"), "s"),
                Panel(
                    "Tools",
                    {"{{tool}} {{outcome}}": rate("openclaw_tool_call_total", "tool, outcome")},
                    "ops",
                ),
                Panel(
                    "Kept runs that did not complete",
                    {"{{status}}": "sum by (status) (max by (status, cell) (openclaw_run_kept))"},
                ),
            ),
        ),
        (
            "Redis",
            (
                Panel(
                    "Answer, p95 by cell",
                    {"{{cell}}": quantile("openclaw_redis_latency_seconds", 0.95, "cell")},
                    "s",
                    12,
                ),
                Panel(
                    "Tries without an answer",
                    {"failed": f"{rate('openclaw_redis_errors_total')} or vector(0)"},
                    "ops",
                    12,
                ),
            ),
        ),
    ),
    variables=(("queue", "label_values(openclaw_queue_slots, queue)"),),
)

DELIVERIES: Final = Dashboard(
    "openclaw-deliveries",
    "OpenClaw Gateway / Deliveries",
    (
        (
            "To the people",
            (
                Panel(
                    "Attempts by outcome",
                    {"{{outcome}}": rate("openclaw_message_delivery_total", "outcome")},
                    "ops",
                ),
                Panel(
                    "Attempts by channel",
                    {"{{channel}}": rate("openclaw_message_delivery_total", "channel")},
                    "ops",
                ),
                Panel(
                    "One attempt, p95",
                    {
                        "{{channel}}": quantile(
                            "openclaw_message_delivery_duration_seconds", 0.95, "channel"
                        )
                    },
                    "s",
                ),
            ),
        ),
        (
            "What platforms answer instead",
            (
                Panel(
                    "Failures",
                    {
                        "{{channel}}: {{kind}}": rate(
                            "openclaw_message_delivery_failures_total", "channel, kind"
                        )
                    },
                    "ops",
                ),
                Panel(
                    "Rate limits",
                    {
                        "{{where}}": rate(
                            "openclaw_rate_limited_total", "where", 'reason="platform"'
                        )
                    },
                    "ops",
                ),
                Panel(
                    "Dead letters",
                    {"kept": 'openclaw:dead_letters:max{queue="deliveries"}'},
                ),
            ),
        ),
    ),
)

COST: Final = Dashboard(
    "openclaw-cost",
    "OpenClaw Gateway / Models and cost",
    (
        (
            "Money",
            (
                Panel(
                    "US dollars an hour",
                    {
                        "{{provider}}/{{model}}": "3600 * "
                        + rate("openclaw_cost_usd_total", "provider, model")
                    },
                    "currencyUSD",
                    12,
                ),
                Panel(
                    "Spent in the time shown",
                    {
                        "{{provider}}/{{model}}": "sum by (provider, model) "
                        "(increase(openclaw_cost_usd_total[$__range]))"
                    },
                    "currencyUSD",
                    12,
                    "bargauge",
                ),
            ),
        ),
        (
            "Tokens",
            (
                Panel(
                    "Tokens a second",
                    {"{{token_type}}": rate("openclaw_model_tokens_total", "token_type")},
                    width=12,
                ),
                Panel(
                    "By model",
                    {
                        "{{provider}}/{{model}}": rate(
                            "openclaw_model_tokens_total", "provider, model"
                        )
                    },
                    width=12,
                ),
            ),
        ),
        (
            "Models",
            (
                Panel(
                    "Requests",
                    {"{{model}} {{outcome}}": rate("openclaw_model_call_total", "model, outcome")},
                    "reqps",
                    6,
                ),
                Panel(
                    "Whole answer, p95",
                    {
                        "{{gen_ai_request_model}}": quantile(
                            "gen_ai_client_operation_duration_seconds", 0.95, "gen_ai_request_model"
                        )
                    },
                    "s",
                    6,
                ),
                Panel(
                    "First piece, p95",
                    {
                        "{{gen_ai_request_model}}": quantile(
                            "gen_ai_client_operation_time_to_first_chunk_seconds",
                            0.95,
                            "gen_ai_request_model",
                        )
                    },
                    "s",
                    6,
                ),
                Panel(
                    "Time between pieces",
                    spread("gen_ai_client_operation_time_per_output_chunk_seconds"),
                    "s",
                    6,
                ),
            ),
        ),
    ),
)

RUN: Final = Dashboard(
    "openclaw-run",
    "OpenClaw Gateway / One run",
    (
        (
            "Compared with others of its time",
            (
                Panel("Attempt at a run", spread("openclaw_run_duration_seconds"), "s", 12),
                Panel(
                    "Wait for a worker",
                    spread("openclaw_queue_wait_seconds", 'queue="runs"'),
                    "s",
                    12,
                ),
            ),
        ),
    ),
    extra=(
        {
            "type": "table",
            "title": "Traces of the run",
            "datasource": TRACES,
            "gridPos": {"x": 0, "y": 0, "w": WIDTH, "h": HEIGHT},
            "targets": [
                {
                    "refId": "A",
                    "queryType": "traceql",
                    "query": '{ span.openclaw.run_id = "$run" }',
                    "tableType": "traces",
                    "datasource": TRACES,
                }
            ],
        },
        {
            "type": "logs",
            "title": "What all processes logged about it",
            "datasource": LOGS,
            "gridPos": {"x": 0, "y": HEIGHT, "w": WIDTH, "h": HEIGHT},
            "targets": [
                {
                    "refId": "A",
                    "expr": '{service=~".+"} | json | run_id="$run"',
                    "datasource": LOGS,
                }
            ],
        },
    ),
    variables=(("run", ""),),
)

DASHBOARDS: Final = (OVERVIEW, RUN, QUEUES, DELIVERIES, COST)
