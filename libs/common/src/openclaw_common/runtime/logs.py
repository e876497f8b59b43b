"""Logs: one line an event, JSON or for people, on standard error.

The message of a record is its stable event name (`ingress.listening`; docs/logs.md lists them),
everything else stands in `extra=` under the glossary's names (`run_id`, `session_key`, `attempt`,
`request_id`). The ids of what the task works on, its trace's included, come by themselves
(`log_context`). Secrets known at start, and what is shaped like one, are cut out of every finished
line, tracebacks included, wherever they came from.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Final, Literal, TextIO, cast, get_args

from openclaw_common.runtime.log_context import logged_ids
from openclaw_common.runtime.log_text import below, json_line, plain, shown
from openclaw_common.runtime.redaction import Redaction

LogFormat = Literal["json", "human"]

_LEVELS: Final = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warn": logging.WARNING,
    "warning": logging.WARNING,
    "error": logging.ERROR,
}
_STANDARD: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class LogSettingError(ValueError):
    """A log level or format that does not exist; the text names the choices."""


def configure_logs(
    *,
    level: str = "info",
    form: str = "human",
    secrets: Iterable[str] = (),
    stream: TextIO | None = None,
) -> None:
    """Send the root logger to `stream` (standard error) and nowhere else.

    `level` is debug, info, warn or error, `form` json or human; raises LogSettingError for others.
    """
    if level.lower() not in _LEVELS:
        raise LogSettingError(f"log level {level!r} is unknown; use one of {', '.join(_LEVELS)}")
    if form.lower() not in get_args(LogFormat):
        raise LogSettingError(f"log format {form!r} is unknown; use json or human")
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(EventFormatter(cast(LogFormat, form.lower()), secrets))
    root = logging.getLogger()
    for previous in root.handlers[:]:
        root.removeHandler(previous)
    root.addHandler(handler)
    root.setLevel(_LEVELS[level.lower()])


class EventFormatter(logging.Formatter):
    """Turns a record into one line (JSON), or one line and a traceback (human)."""

    def __init__(self, form: LogFormat, secrets: Iterable[str] = ()) -> None:
        super().__init__()
        self._form = form
        self._redact = Redaction(secrets)

    def format(self, record: logging.LogRecord) -> str:
        """Return the line without its newline."""
        if self._form == "json":
            return json_line(self._entry(record), self._redact)
        return self._redact(self._human(record))

    def _entry(self, record: logging.LogRecord) -> dict[str, Any]:
        entry: dict[str, Any] = {
            "time": _utc(record.created),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
            "logger": record.name,
            **_extras(record),
        }
        if record.exc_info:
            entry["exception"] = self.formatException(record.exc_info)
        return entry

    def _human(self, record: logging.LogRecord) -> str:
        extras = "".join(f" {name}={plain(value)}" for name, value in _extras(record).items())
        line = f"{_utc(record.created)} {record.levelname.lower():7} {shown(record.getMessage())}"
        if record.exc_info:
            # Cleaned before it is indented, as a secret may go over several lines.
            return line + extras + below(self._redact(self.formatException(record.exc_info)))
        return line + extras


def _utc(unix_s: float) -> str:
    moment = datetime.fromtimestamp(unix_s, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _extras(record: logging.LogRecord) -> dict[str, Any]:
    said = {name: value for name, value in vars(record).items() if name not in _STANDARD}
    return {**logged_ids(), **said}
