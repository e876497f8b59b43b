"""`tools.web` and `tools.weather`: the tools that ask the web."""

from __future__ import annotations

from typing import Literal

from openclaw_common.runtime.config import openclaw_keys
from openclaw_common.runtime.config.base import Flag, NonNegative, Positive, Section


class WebFetch(Section):
    """The tool `web_fetch`; which hosts it may reach is `egress`'s to say."""

    accepted_keys = openclaw_keys.WEB_FETCH

    enabled: Flag = True
    """Whether the tool exists."""
    max_chars: Positive = 50_000
    """Characters of readable text that one call returns."""
    max_response_bytes: Positive = 2_000_000
    """How much of a page is read, in bytes."""
    max_redirects: NonNegative = 3
    """Redirects followed in one call."""
    timeout_seconds: Positive = 30
    """How long fetching one page may take, in seconds."""


class Web(Section):
    """Tools of the web."""

    accepted_keys = openclaw_keys.WEB

    fetch: WebFetch = WebFetch()


class Weather(Section):
    """The tool `weather`, over a service that speaks Open-Meteo's protocol. Ours."""

    enabled: Flag = True
    """Whether the tool exists."""
    geocoding_url: str = "https://geocoding-api.open-meteo.com"
    """Where places are looked up; `/v1/search` is added."""
    forecast_url: str = "https://api.open-meteo.com"
    """Where the weather is asked for; `/v1/forecast` is added."""
    unit: Literal["fahrenheit", "celsius"] = "fahrenheit"
    """The unit of temperatures where a call names none."""
    timeout_seconds: Positive = 10
    """How long one call may take, in seconds."""
