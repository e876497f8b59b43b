"""A server that speaks Open-Meteo's documented JSON."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer

PLACES = [
    {
        "id": 5391959,
        "name": "San Francisco",
        "latitude": 37.77493,
        "longitude": -122.41942,
        "elevation": 18.0,
        "feature_code": "PPLA2",
        "country_code": "US",
        "timezone": "America/Los_Angeles",
        "country": "United States",
        "admin1": "California",
        "admin2": "San Francisco",
    },
    {
        "id": 2988507,
        "name": "Paris",
        "latitude": 48.85341,
        "longitude": 2.3488,
        "country_code": "FR",
        "timezone": "Europe/Paris",
        "country": "France",
        "admin1": "Île-de-France",
    },
    {
        "id": 4717560,
        "name": "Paris",
        "latitude": 33.66094,
        "longitude": -95.55551,
        "country_code": "US",
        "timezone": "America/Chicago",
        "country": "United States",
        "admin1": "Texas",
        "admin2": "Lamar",
    },
]


@dataclass
class OpenMeteo:
    """Answers for PLACES; `broken` answers every forecast instead. `asked` are the queries."""

    url: str = ""
    celsius: float = 20.0
    weather_code: int = 2
    broken: web.Response | None = None
    asked: list[dict[str, str]] = field(default_factory=list)

    async def search(self, request: web.Request) -> web.Response:
        """`/v1/search`; without a match there is no `results` at all."""
        self.asked.append(dict(request.query))
        name = request.query["name"].casefold()
        found = [place for place in PLACES if str(place["name"]).casefold() == name]
        answer: dict[str, Any] = {"generationtime_ms": 0.7}
        if found:
            answer["results"] = found[: int(request.query.get("count", "10"))]
        return web.json_response(answer)

    async def forecast(self, request: web.Request) -> web.Response:
        """`/v1/forecast` with `current`."""
        self.asked.append(dict(request.query))
        if self.broken is not None:
            return self.broken
        if request.query["temperature_unit"] not in ("celsius", "fahrenheit"):
            reason = "Cannot initialize TemperatureUnit from invalid String value"
            return web.json_response({"error": True, "reason": reason}, status=400)
        warm = request.query["temperature_unit"] == "fahrenheit"
        values = {
            "temperature_2m": self.celsius * 1.8 + 32 if warm else self.celsius,
            "apparent_temperature": 66.2 if warm else 19.0,
            "relative_humidity_2m": 71,
            "weather_code": self.weather_code,
            "wind_speed_10m": 9.4,
        }
        wanted = request.query["current"].split(",")
        return web.json_response(
            {
                "latitude": 37.763283,
                "longitude": -122.41286,
                "generationtime_ms": 0.06,
                "utc_offset_seconds": -28800,
                "timezone": "America/Los_Angeles",
                "timezone_abbreviation": "PST",
                "elevation": 18.0,
                "current_units": {
                    "time": "iso8601",
                    "interval": "seconds",
                    "temperature_2m": "\N{DEGREE SIGN}F" if warm else "\N{DEGREE SIGN}C",
                },
                "current": {
                    "time": "2026-11-21T12:00",
                    "interval": 900,
                    **{name: values[name] for name in wanted},
                },
            }
        )


@asynccontextmanager
async def open_meteo() -> AsyncIterator[OpenMeteo]:
    """Serve on the loopback."""
    service = OpenMeteo()
    app = web.Application()
    app.router.add_get("/v1/search", service.search)
    app.router.add_get("/v1/forecast", service.forecast)
    async with TestServer(app, host="127.0.0.1") as server:
        service.url = str(server.make_url(""))
        yield service
