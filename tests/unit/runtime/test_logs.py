"""Log lines."""

from __future__ import annotations

import asyncio
import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from opentelemetry import trace
from pydantic import BaseModel, SecretStr

from openclaw_common.runtime.known_secrets import secrets_in
from openclaw_common.runtime.log_context import log_context
from openclaw_common.runtime.logs import LogSettingError, configure_logs
from openclaw_common.runtime.redaction import REDACTED


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    """Where the root logger writes during a test."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield io.StringIO()
    root.handlers[:], root.level = handlers, level


def entries(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_json_is_one_object_a_line_with_the_event_and_its_ids(stream: io.StringIO) -> None:
    configure_logs(form="json", stream=stream)
    logging.getLogger("a.b").info("run.admitted", extra={"run_id": "run_1", "attempt": 2})
    (entry,) = entries(stream)
    assert entry.pop("time").endswith("Z")
    assert entry == {
        "level": "info",
        "event": "run.admitted",
        "logger": "a.b",
        "run_id": "run_1",
        "attempt": 2,
    }


def test_json_holds_a_traceback_and_what_json_cannot_hold(stream: io.StringIO) -> None:
    configure_logs(form="json", stream=stream)
    try:
        raise LookupError("lost\nin lines")
    except LookupError:
        logging.getLogger("a").exception("request.failed", extra={"path": {1, 2}.__class__})
    (entry,) = entries(stream)
    assert entry["exception"].endswith("LookupError: lost\nin lines")
    assert entry["path"] == "<class 'set'>"


def test_people_get_one_line_that_outsiders_cannot_break(stream: io.StringIO) -> None:
    configure_logs(stream=stream)
    logging.getLogger("a").warning(
        "request.odd", extra={"path": "/x\n2026 error forged", "status": 400, "empty": ""}
    )
    (line,) = stream.getvalue().splitlines()
    assert line.endswith(r'request.odd path="/x\n2026 error forged" status=400 empty=""')
    assert " warning " in line


def test_people_get_a_traceback_below_the_line(stream: io.StringIO) -> None:
    configure_logs(stream=stream)
    try:
        raise LookupError("lost")
    except LookupError:
        logging.getLogger("a").exception("request.failed", extra={"run_id": "run_1"})
    lines = stream.getvalue().splitlines()
    assert lines[0].endswith("request.failed run_id=run_1")
    assert lines[-1] == "    LookupError: lost"


def test_what_an_exception_says_forges_no_line_and_moves_no_cursor(stream: io.StringIO) -> None:
    configure_logs(stream=stream)
    forged = "2026-11-22T05:00:00.000Z error    forged"
    try:
        raise LookupError(f"lost\n{forged}\r{forged}\x1b[2J")
    except LookupError:
        logging.getLogger("a").exception("failed\n%s", forged)
    assert not [line for line in stream.getvalue().splitlines() if line.startswith(forged)]
    assert "\x1b" not in stream.getvalue()


def test_a_secret_of_several_lines_goes_from_a_traceback(stream: io.StringIO) -> None:
    configure_logs(stream=stream, secrets=["-----BEGIN\nabcdef\nEND-----"])
    try:
        raise LookupError("-----BEGIN\nabcdef\nEND-----")
    except LookupError:
        logging.getLogger("a").exception("request.failed")
    assert "abcdef" not in stream.getvalue()


@pytest.mark.parametrize("secret", ["1234", "true", "level", "00e9", '": '])
def test_a_line_parses_whatever_a_secret_looks_like(stream: io.StringIO, secret: str) -> None:
    configure_logs(form="json", stream=stream, secrets=[secret])
    logging.getLogger("a").info("é", extra={"port": 12345, "on": True})
    (entry,) = entries(stream)
    assert secret not in str(entry.get("port"))


@pytest.mark.parametrize("value", [float("nan"), {b"a": 1}, "\ud800", b"\xff", {"a": {(1, 2): 3}}])
def test_a_line_parses_whatever_it_is_told(stream: io.StringIO, value: Any) -> None:
    configure_logs(form="json", stream=stream)
    logging.getLogger("a").info("odd", extra={"value": value})
    (line,) = stream.getvalue().splitlines()
    assert json.loads(line, parse_constant=pytest.fail)["event"] == "odd"


@pytest.mark.parametrize("form", ["json", "human"])
def test_secrets_are_cut_out_wherever_they_stand(stream: io.StringIO, form: str) -> None:
    secrets = ["s3cr3t", 's3cr3t "quoted"', "abc"]
    configure_logs(form=form, stream=stream, secrets=secrets)
    try:
        raise LookupError(f"with {secrets[1]} inside")
    except LookupError:
        logging.getLogger("a").exception("failed s3cr3t", extra={"header": "Bearer s3cr3t"})
    assert "s3cr3t" not in stream.getvalue()
    assert "quoted" not in stream.getvalue()
    assert stream.getvalue().count(REDACTED) >= 3


def test_the_level_holds_and_a_second_call_replaces_the_first(stream: io.StringIO) -> None:
    configure_logs(stream=stream)
    configure_logs(level="WARN", form="JSON", stream=stream)
    logging.getLogger("a").info("quiet")
    logging.getLogger("a").error("loud")
    assert [entry["event"] for entry in entries(stream)] == ["loud"]


@pytest.mark.parametrize("setting", [{"level": "loud"}, {"form": "xml"}])
def test_a_setting_that_does_not_exist_is_refused(setting: dict[str, Any]) -> None:
    with pytest.raises(LogSettingError, match="use "):
        configure_logs(**setting)


class Inner(BaseModel):
    key: SecretStr | None = SecretStr("inner-key")
    plain: str = "plain"


class Outer(BaseModel):
    url: SecretStr = SecretStr("redis://user:p%40ss@host:6379/0")
    bare: SecretStr = SecretStr("redis://host:6379/0")
    empty: SecretStr = SecretStr("")
    one: Inner = Inner()
    many: dict[str, Inner] = {"a": Inner(key=SecretStr("dict-key")), "b": Inner(key=None)}
    headers: dict[str, SecretStr | str] = {"x": SecretStr("header-key"), "y": "open"}
    row: tuple[Inner, ...] = (Inner(key=SecretStr("row-key")),)


def test_every_secret_of_a_configuration_is_found() -> None:
    assert set(secrets_in(Outer())) == {
        "p%40ss",
        "p@ss",
        "inner-key",
        "dict-key",
        "header-key",
        "row-key",
    }


def test_variables_that_hold_credentials_count_by_their_names() -> None:
    environ = {
        "PAGER_TOKEN": "pager-token",
        "some_api_key": "lower-case-key",
        "AWS_SECRET_ACCESS_KEY": "aws-secret",
        "OTEL_EXPORTER_OTLP_HEADERS": "authorization=Basic%20Zm9vOmJhcg==,x-team=core",
        "OTEL_EXPORTER_OTLP_CLIENT_KEY": "/etc/keys/client.pem",
        "SHORT_KEY": "true",
        "MAX_TOKENS": "not-a-secret",
    }
    assert set(secrets_in(Inner(key=SecretStr("proxy://of/it")), environ)) == {
        "proxy://of/it",
        "pager-token",
        "lower-case-key",
        "aws-secret",
        "Basic%20Zm9vOmJhcg==",
        "Basic Zm9vOmJhcg==",
    }


def test_lines_carry_the_ids_of_what_the_task_works_on_and_of_its_trace(
    stream: io.StringIO,
) -> None:
    configure_logs(form="json", stream=stream)
    logger = logging.getLogger("a")
    span = trace.NonRecordingSpan(trace.SpanContext(0xABC, 0xDEF, is_remote=False))
    with log_context(run_id="run_1"), log_context(attempt=2), trace.use_span(span):
        logger.info("lease_lost", extra={"attempt": 3})
    logger.info("ingress.stopped")
    inside, outside = entries(stream)
    assert (inside["run_id"], inside["attempt"]) == ("run_1", 3)
    assert (inside["trace_id"], inside["span_id"]) == (f"{0xABC:032x}", f"{0xDEF:016x}")
    assert not {"run_id", "attempt", "trace_id", "span_id"} & outside.keys()


async def test_a_task_that_is_started_inside_keeps_the_ids(stream: io.StringIO) -> None:
    configure_logs(form="json", stream=stream)

    async def work() -> None:
        logging.getLogger("a").info("job_failed")

    with log_context(run_id="run_1"):
        task = asyncio.create_task(work())
    await task
    assert entries(stream)[0]["run_id"] == "run_1"
