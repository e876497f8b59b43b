"""`runs` and `sessions` as a shell sees them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.unit.cli.gateway import ScriptedGateway, answer, error
from tests.unit.cli.shell import ask

RUN = {
    "id": "run_1",
    "status": "failed",
    "agent_id": "main",
    "session_key": "agent:main:s",
    "created_at": 1_700_000_000,
}
TRACE = {
    "trace_id": "4bf9",
    "otlp": {
        "resourceSpans": [
            {
                "resource": {
                    "attributes": [
                        {"key": "service.name", "value": {"stringValue": "openclaw-ingress"}}
                    ]
                },
                "scopeSpans": [
                    {
                        "spans": [
                            {
                                "spanId": "b",
                                "parentSpanId": "a",
                                "name": "send runs",
                                "startTimeUnixNano": "3000000",
                                "endTimeUnixNano": "4500000",
                                "attributes": [
                                    {"key": "openclaw.attempt", "value": {"intValue": "1"}}
                                ],
                                "status": {"code": 2},
                            },
                            {
                                "spanId": "a",
                                "name": "POST /v1/runs",
                                "startTimeUnixNano": "1000000",
                                "endTimeUnixNano": "9000000",
                                "attributes": [],
                                "status": {},
                            },
                        ]
                    }
                ],
            }
        ]
    },
}
TREE = (
    "trace 4bf9\n"
    f"    0.0 ms     8.0 ms  {'POST /v1/runs':48} ingress\n"
    f"    2.0 ms     1.5 ms  {'└ send runs !':48} {'ingress':13} attempt=1\n"
)
SESSION = {"key": "agent:main:s", "status": "idle", "message_count": 2, "last_run_at": None}


@pytest.mark.parametrize(
    ("words", "body", "request_line", "printed"),
    [
        (
            ("runs", "list", "--status", "failed", "--status", "expired", "--agent", "main"),
            {"data": [RUN]},
            "GET /v1/runs?agent_id=main&limit=20&status=failed&status=expired",
            "run_1  failed  2023-11-14 22:13:20Z  main  agent:main:s\n",
        ),
        (("runs", "cancel", "run_1"), RUN, "POST /v1/runs/run_1/cancel", None),
        (("runs", "retry", "run_1"), RUN, "POST /v1/runs/run_1/retry", None),
        (("runs", "show", "run_1"), RUN, "GET /v1/runs/run_1?wait=0", None),
        (("runs", "trace", "run_1"), TRACE, "GET /v1/runs/run_1/trace", TREE),
        (
            ("sessions", "list", "--prefix", "agent:main:"),
            {"data": [SESSION]},
            "GET /v1/sessions?prefix=agent:main:&limit=20",
            "agent:main:s  idle  2 messages  -\n",
        ),
        (("sessions", "show", "a/b"), SESSION, "GET /v1/sessions/a%2Fb", None),
        (
            ("sessions", "reset", "s", "--cancel"),
            SESSION,
            "POST /v1/sessions/s/reset?cancel=true",
            None,
        ),
        (("sessions", "delete", "s"), SESSION, "DELETE /v1/sessions/s", None),
    ],
)
async def test_a_command_is_a_request(
    tmp_path: Path, words: tuple[str, ...], body: Any, request_line: str, printed: str | None
) -> None:
    for more in ((), ("--json",)):
        script = ScriptedGateway(answer(body))
        result = await ask(script, *words, *more, folder=tmp_path)
        assert result.exit_code == 0, result.output
        assert f"{script.methods[0]} {script.paths[0]}" == request_line
        if more:
            assert json.loads(result.stdout) == body
        elif printed is not None:
            assert result.stdout == printed


async def test_what_the_gateway_refuses_is_told(tmp_path: Path) -> None:
    script = ScriptedGateway(error(409, "The session is busy.", "session_busy"))
    result = await ask(script, "sessions", "delete", "s", folder=tmp_path)
    assert result.exit_code == 1
    assert "The session is busy." in result.stderr
