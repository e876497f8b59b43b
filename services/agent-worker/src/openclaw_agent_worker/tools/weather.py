"""`weather`: the weather of a place now, from a service that speaks Open-Meteo's protocol.

Two requests without a key: https://open-meteo.com/en/docs/geocoding-api finds the place,
https://open-meteo.com/en/docs the weather there. The answer begins with the members that the seed
documents show, `{"temperature": 68, "conditions": "Partly cloudy"}`, whose 68 are Fahrenheit: so
Fahrenheit is the default, and `unit` says what it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import aiohttp
import orjson

from openclaw_agent_worker.tools.region_names import ABBREVIATIONS
from openclaw_agent_worker.tools.tool import Tool, ToolContext, ToolError, ToolResult
from openclaw_common.runtime.config.web import Weather

MAX_ANSWER_BYTES: Final = 262_144
CANDIDATES: Final = 20
"""Places of one name among which the wanted region or country is looked for."""
_CURRENT: Final = (
    "temperature_2m,apparent_temperature,relative_humidity_2m,weather_code,wind_speed_10m"
)
_WIND_UNITS: Final = {"fahrenheit": "mph", "celsius": "kmh"}
_SHOWN_WIND_UNITS: Final = {"mph": "mph", "kmh": "km/h"}
CONDITIONS: Final[dict[int, str]] = {
    0: "Clear sky",
    1: "Mainly clear",
    2: "Partly cloudy",
    3: "Overcast",
    45: "Fog",
    48: "Rime fog",
    51: "Light drizzle",
    53: "Drizzle",
    55: "Dense drizzle",
    56: "Light freezing drizzle",
    57: "Freezing drizzle",
    61: "Light rain",
    63: "Rain",
    65: "Heavy rain",
    66: "Light freezing rain",
    67: "Freezing rain",
    71: "Light snow",
    73: "Snow",
    75: "Heavy snow",
    77: "Snow grains",
    80: "Light rain showers",
    81: "Rain showers",
    82: "Violent rain showers",
    85: "Light snow showers",
    86: "Heavy snow showers",
    95: "Thunderstorm",
    96: "Thunderstorm with light hail",
    99: "Thunderstorm with heavy hail",
}
"""Words for the WMO code 4677 as far as Open-Meteo gives it."""
_REGION_MEMBERS: Final = ("admin1", "admin2", "country", "country_code")
_UNAVAILABLE: Final = "The weather service is not available; try again later."


def weather(http: aiohttp.ClientSession, settings: Weather) -> Tool:
    """Return the tool. `http` goes to the addresses of `settings` only."""
    service = _Service(http, settings)

    async def call(_: ToolContext, arguments: dict[str, Any]) -> ToolResult:
        unit = arguments.get("unit", settings.unit)
        place = await service.find(arguments["location"])
        current = await service.current(place, unit)
        return {
            "temperature": _number(current, "temperature_2m"),
            "conditions": CONDITIONS.get(int(_number(current, "weather_code")), "Unknown"),
            "unit": unit,
            "location": _name(place),
            "feels_like": _number(current, "apparent_temperature"),
            "humidity_percent": _number(current, "relative_humidity_2m"),
            "wind_speed": _number(current, "wind_speed_10m"),
            "wind_unit": _SHOWN_WIND_UNITS[_WIND_UNITS[unit]],
            "observed_at": str(current.get("time", "")),
        }

    return Tool(
        name="weather",
        description="The weather of a place right now.",
        parameters={
            "type": "object",
            "properties": {
                "location": {
                    "type": "string",
                    "minLength": 2,
                    "maxLength": 200,
                    "description": "A town or postal code; a region or country may follow a comma.",
                },
                "unit": {"type": "string", "enum": list(_WIND_UNITS)},
            },
            "required": ["location"],
            "additionalProperties": False,
        },
        call=call,
        idempotent=True,
        timeout_s=settings.timeout_seconds,
    )


class _Service:
    """The two requests."""

    def __init__(self, http: aiohttp.ClientSession, settings: Weather) -> None:
        self._http = http
        self._search = settings.geocoding_url.rstrip("/") + "/v1/search"
        self._forecast = settings.forecast_url.rstrip("/") + "/v1/forecast"
        self._timeout = aiohttp.ClientTimeout(total=settings.timeout_seconds)

    async def find(self, location: str) -> Mapping[str, Any]:
        """Return the place that `location` most likely means."""
        # The service knows names and postal codes; it finds nothing for "Paris, Texas".
        name, _, region = location.partition(",")
        query = {"name": name.strip(), "count": str(CANDIDATES), "language": "en", "format": "json"}
        places = (await self._ask(self._search, query)).get("results") or []
        wanted = _regions(region)
        for place in places:
            if isinstance(place, dict) and all(_lies_in(place, each) for each in wanted):
                return place
        raise ToolError(f"No place called '{location}' was found.")

    async def current(self, place: Mapping[str, Any], unit: str) -> Mapping[str, Any]:
        """Return the current weather of a place."""
        query = {
            "latitude": str(_number(place, "latitude", digits=5)),
            "longitude": str(_number(place, "longitude", digits=5)),
            "current": _CURRENT,
            "temperature_unit": unit,
            "wind_speed_unit": _WIND_UNITS[unit],
            "timezone": "auto",
        }
        current = (await self._ask(self._forecast, query)).get("current")
        if not isinstance(current, dict):
            raise ToolError(_UNAVAILABLE)
        return current

    async def _ask(self, url: str, query: Mapping[str, str]) -> dict[str, Any]:
        try:
            async with self._http.get(
                url, params=query, timeout=self._timeout, allow_redirects=False
            ) as response:
                if response.status != 200:
                    raise ToolError(_UNAVAILABLE)
                raw = await _read(response.content)
        except (aiohttp.ClientError, TimeoutError):
            raise ToolError(_UNAVAILABLE) from None
        try:
            answer = orjson.loads(raw)
        except orjson.JSONDecodeError:
            raise ToolError(_UNAVAILABLE) from None
        if not isinstance(answer, dict):
            raise ToolError(_UNAVAILABLE)
        return answer


async def _read(content: aiohttp.StreamReader) -> bytes:
    raw = bytearray()
    async for chunk in content.iter_any():
        raw += chunk
        if len(raw) > MAX_ANSWER_BYTES:
            raise ToolError(_UNAVAILABLE)
    return bytes(raw)


def _regions(text: str) -> list[str]:
    parts = [part.strip().casefold() for part in text.split(",")]
    return [part for part in parts if part]


def _lies_in(place: Mapping[str, Any], region: str) -> bool:
    names = {str(place.get(member, "")).casefold() for member in _REGION_MEMBERS}
    wanted = {region, ABBREVIATIONS.get(region, region)}
    return not wanted.isdisjoint(names)


def _name(place: Mapping[str, Any]) -> str:
    words = (place.get(member) for member in ("name", "admin1", "country"))
    return ", ".join(dict.fromkeys(str(word) for word in words if word))


def _number(values: Mapping[str, Any], member: str, *, digits: int = 1) -> int | float:
    """Return a number of the service's answer; a whole one as an integer."""
    value = values.get(member)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ToolError(_UNAVAILABLE)
    rounded = round(float(value), digits)
    return int(rounded) if rounded.is_integer() else rounded
