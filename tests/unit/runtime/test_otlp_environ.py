"""OpenTelemetry's variables say where traces and metrics are sent, and what else is told."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from openclaw_common.runtime.config.errors import ConfigError
from openclaw_common.runtime.otlp_environ import (
    Signal,
    endpoint_of,
    export_delay_s,
    export_interval_s,
    passed_by,
    resource_of,
)

BASE = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318/"}


@pytest.mark.parametrize("signal", ["traces", "metrics"])
@pytest.mark.parametrize(
    ("environ", "path"),
    [
        ({}, None),
        (BASE, "c:4318/v1/{signal}"),
        ({**BASE, "OTEL_EXPORTER_OTLP_{SIGNAL}_ENDPOINT": "http://own/in"}, "own/in"),
        ({"OTEL_EXPORTER_OTLP_{SIGNAL}_ENDPOINT": "http://own/in"}, "own/in"),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": " "}, None),
        ({**BASE, "OTEL_SDK_DISABLED": "TRUE"}, None),
        ({**BASE, "OTEL_{SIGNAL}_EXPORTER": ""}, "c:4318/v1/{signal}"),
        ({**BASE, "OTEL_{SIGNAL}_EXPORTER": " None "}, None),
        ({**BASE, "OTEL_{SIGNAL}_EXPORTER": "console"}, None),
        ({**BASE, "OTEL_{SIGNAL}_EXPORTER": "console, OTLP"}, "c:4318/v1/{signal}"),
        ({**BASE, "OTEL_{SIGNAL}_EXPORTER": "oltp"}, "c:4318/v1/{signal}"),
        ({**BASE, "OTEL_EXPORTER_OTLP_{SIGNAL}_PROTOCOL": "HTTP/protobuf"}, "c:4318/v1/{signal}"),
    ],
)
def test_a_signal_goes_where_the_standard_variables_say(
    signal: Signal, environ: dict[str, str], path: str | None
) -> None:
    named = {name.replace("{SIGNAL}", signal.upper()): value for name, value in environ.items()}
    expected = f"http://{path.format(signal=signal)}" if path else None
    assert endpoint_of(signal, named) == expected


@pytest.mark.parametrize("signal", ["traces", "metrics"])
@pytest.mark.parametrize("of", ["", "{SIGNAL}_"])
def test_a_protocol_that_is_not_spoken_is_told_at_the_start(signal: Signal, of: str) -> None:
    name = f"OTEL_EXPORTER_OTLP_{of.replace('{SIGNAL}', signal.upper())}PROTOCOL"
    with pytest.raises(ConfigError, match=rf"{name}='grpc'.*http/protobuf"):
        endpoint_of(signal, {**BASE, name: "grpc"})


def test_the_protocol_of_a_signal_stands_above_the_common_one() -> None:
    environ = {
        **BASE,
        "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc",
        "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "http/protobuf",
    }
    assert endpoint_of("traces", environ) == "http://c:4318/v1/traces"


def test_a_protocol_does_not_count_where_nothing_is_sent() -> None:
    environ = {**BASE, "OTEL_TRACES_EXPORTER": "none", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}
    assert endpoint_of("traces", environ) is None


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, {"service.name": "own", "service.namespace": "openclaw"}),
        (
            {"OTEL_RESOURCE_ATTRIBUTES": "service.name=other,team=a%20b, ,=,no"},
            {"service.name": "other", "service.namespace": "openclaw", "team": "a b"},
        ),
        (
            {"OTEL_SERVICE_NAME": "named", "OTEL_RESOURCE_ATTRIBUTES": "service.name=other"},
            {"service.name": "named", "service.namespace": "openclaw"},
        ),
    ],
)
def test_the_environment_says_what_the_process_is_called(
    environ: dict[str, str], expected: dict[str, str]
) -> None:
    assert resource_of(environ, {"service.name": "own"}) == expected


@pytest.mark.parametrize(
    ("environ", "told"),
    [
        ({}, []),
        ({"OTEL_TRACES_EXPORTER": "otlp", "OTEL_METRICS_EXPORTER": "None"}, []),
        ({"OTEL_METRICS_EXPORTER": "prometheus"}, []),
        ({"OTEL_TRACES_EXPORTER": "console,otlp"}, ["OTEL_TRACES_EXPORTER names 'console'"]),
        ({"OTEL_METRICS_EXPORTER": "oltp"}, ["OTEL_METRICS_EXPORTER names 'oltp'"]),
        ({"OTEL_METRICS_EXPORTER": "oltp", "OTEL_SDK_DISABLED": "true"}, []),
    ],
)
def test_an_exporter_that_there_is_not_is_a_warning(
    environ: dict[str, str], told: list[str]
) -> None:
    assert [warning.partition(",")[0] for warning in passed_by(environ)] == told


@pytest.mark.parametrize(
    ("name", "read", "usual_s"),
    [
        ("OTEL_METRIC_EXPORT_INTERVAL", export_interval_s, 60),
        ("OTEL_BSP_SCHEDULE_DELAY", export_delay_s, 5),
    ],
)
@pytest.mark.parametrize(
    ("given", "seconds"),
    [
        (None, None),
        ("", None),
        (" 500 ", 0.5),
        ("0", None),
        ("-1", None),
        ("30s", None),
        ("\N{SUPERSCRIPT TWO}", None),
    ],
)
def test_what_is_measured_is_sent_as_often_as_is_said_or_a_warning_tells_otherwise(
    name: str,
    read: Callable[[Mapping[str, str]], float],
    usual_s: float,
    given: str | None,
    seconds: float | None,
) -> None:
    environ = {} if given is None else {name: given}
    assert read(environ) == (seconds or usual_s)
    wrong = [name] if given and seconds is None else []
    assert [warning.partition("=")[0] for warning in passed_by(environ)] == wrong
