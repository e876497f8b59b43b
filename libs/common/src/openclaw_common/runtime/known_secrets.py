"""Every secret that a process knows from its start: what is cut out of its log lines and spans."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from pydantic import BaseModel, SecretStr

SHORTEST_VALUE: Final = 8
"""Shorter values of variables are no credentials, whatever the variable is called."""

_REDIS_URL: Final = re.compile(r"(?:rediss?|valkeys?|unix)://")
_SECRET_VARIABLE: Final = re.compile(
    r"(?:TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE|KEY|AUTHORIZATION|COOKIE)\Z", re.I
)
_EXPORTER_HEADERS: Final = re.compile(r"OTEL_EXPORTER_OTLP_(?:[A-Z]+_)?HEADERS\Z")


def secrets_in(settings: BaseModel, environ: Mapping[str, str] | None = None) -> Iterator[str]:
    """Yield every secret in a configuration, and in the variables that may hold some.

    Of the URL of a Redis it is only the password. A variable is taken by its name (`…_TOKEN`,
    `…_KEY`), as credentials of channels and libraries need not stand in the configuration.
    """
    for _, value in settings:
        yield from _secrets_of(value)
    for name, text in (environ or {}).items():
        if _EXPORTER_HEADERS.match(name):
            yield from _header_values(text)
        elif _SECRET_VARIABLE.search(name) and _may_be_secret(text):
            yield text


def _may_be_secret(text: str) -> bool:
    # The path of a key's file is none, and worth reading.
    return len(text) >= SHORTEST_VALUE and not text.startswith(("/", "./", "~/"))


def _header_values(text: str) -> Iterator[str]:
    """Yield the values of `name=value,…`, percent-encoded or not."""
    for pair in text.split(","):
        value = pair.partition("=")[2].strip()
        for spelling in {value, unquote(value)}:
            if len(spelling) >= SHORTEST_VALUE:
                yield spelling


def _secrets_of(value: Any) -> Iterator[str]:
    if isinstance(value, SecretStr):
        text = value.get_secret_value()
        password = urlsplit(text).password if _REDIS_URL.match(text) else text
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
