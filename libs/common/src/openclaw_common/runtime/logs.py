"""Logs: one line an event, JSON or for people, on standard error.

The message of a record is its stable event name (`ingress.listening`; docs/logs.md lists them),
everything else stands in `extra=` under the glossary's names (`run_id`, `session_key`, `attempt`,
`request_id`). The ids of what the task works on, its trace's included, come by themselves
(`log_context`). Secrets known at start, and what is shaped like one, are cut out of every finished
line, tracebacks included, wherever they came from.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final, Literal, TextIO, cast, get_args
from urllib.parse import unquote, urlsplit

from pydantic import BaseModel, SecretStr

from openclaw_common.runtime.log_context import logged_ids
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
        return self._redact(self._json(record) if self._form == "json" else self._human(record))

    def _json(self, record: logging.LogRecord) -> str:
        entry: dict[str, Any] = {
            "time": _utc(record.created),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
            "logger": record.name,
            **_extras(record),
        }
        if record.exc_info:
            entry["exception"] = self.formatException(record.exc_info)
        return json.dumps(entry, default=str)

    def _human(self, record: logging.LogRecord) -> str:
        extras = "".join(f" {name}={_plain(value)}" for name, value in _extras(record).items())
        line = f"{_utc(record.created)} {record.levelname.lower():7} {record.getMessage()}"
        if record.exc_info:
            return f"{line}{extras}\n{self.formatException(record.exc_info)}"
        return line + extras


def _utc(unix_s: float) -> str:
    moment = datetime.fromtimestamp(unix_s, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _extras(record: logging.LogRecord) -> dict[str, Any]:
    said = {name: value for name, value in vars(record).items() if name not in _STANDARD}
    return {**logged_ids(), **said}


def _plain(value: Any) -> str:
    text = str(value)
    # A line break or quote from outside must not be able to look like a line of its own.
    return text if text and text.isprintable() and " " not in text else json.dumps(text)


def secrets_in(settings: BaseModel) -> Iterator[str]:
    """Yield every secret in a configuration; of a URL, such as Redis's, only its password."""
    for _, value in settings:
        yield from _secrets_of(value)


def _secrets_of(value: Any) -> Iterator[str]:
    if isinstance(value, SecretStr):
        text = value.get_secret_value()
        password = urlsplit(text).password if "://" in text else text
        if password:
            yield password
            yield unquote(password)
    elif isinstance(value, BaseModel):
        yield from secrets_in(value)
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _secrets_of(item)
    elif isinstance(value, (tuple, list)):
        for item in value:
            yield from _secrets_of(item)
