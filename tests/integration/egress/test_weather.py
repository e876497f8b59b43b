"""The tool `weather` against a server that speaks Open-Meteo's protocol."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from openclaw_agent_worker.tools.tool import Tool, ToolContext, ToolError
from openclaw_agent_worker.tools.weather import weather
from openclaw_common.runtime.config.web import Weather
from tests.integration.egress.open_meteo import OpenMeteo, open_meteo

CALLER = ToolContext("run", "call", "main", "agent:main:main")


@pytest.fixture
async def service() -> AsyncIterator[OpenMeteo]:
    """The weather service."""
    async with open_meteo() as service:
        yield service


@pytest.fixture
async def tool(service: OpenMeteo) -> AsyncIterator[Tool]:
    """The tool, asking that service."""
    settings = Weather(geocoding_url=service.url, forecast_url=service.url, timeout_seconds=5)
    async with aiohttp.ClientSession() as http:
        yield weather(http, settings)


async def ask(tool: Tool, location: str, **arguments: Any) -> Any:
    return await tool.call(CALLER, {"location": location, **arguments})


async def test_it_answers_as_the_seed_documents_do(tool: Tool) -> None:
    answer = await ask(tool, "San Francisco")
    assert list(answer.items())[:3] == [
        ("temperature", 68),
        ("conditions", "Partly cloudy"),
        ("unit", "fahrenheit"),
    ]
    assert answer["location"] == "San Francisco, California, United States"
    assert (answer["feels_like"], answer["humidity_percent"]) == (66.2, 71)
    assert (answer["wind_speed"], answer["wind_unit"]) == (9.4, "mph")
    assert answer["observed_at"] == "2026-11-21T12:00"


async def test_celsius_is_asked_for_by_name(tool: Tool, service: OpenMeteo) -> None:
    service.celsius = -3.25
    answer = await ask(tool, "San Francisco", unit="celsius")
    assert (answer["temperature"], answer["unit"]) == (-3.2, "celsius")
    assert answer["wind_unit"] == "km/h"


@pytest.mark.parametrize(
    ("location", "found"),
    [
        ("Paris", "Paris, Île-de-France, France"),
        ("paris, france", "Paris, Île-de-France, France"),
        ("Paris, Texas", "Paris, Texas, United States"),
        ("Paris, TX", "Paris, Texas, United States"),
        ("Paris, TX, USA", "Paris, Texas, United States"),
        ("Paris, us", "Paris, Texas, United States"),
        ("San Francisco, CA", "San Francisco, California, United States"),
    ],
)
async def test_a_region_behind_a_comma_chooses_among_places(
    tool: Tool, location: str, found: str
) -> None:
    assert (await ask(tool, location))["location"] == found


@pytest.mark.parametrize("location", ["Nowhere", "Paris, Germany", "Paris, TX, France"])
async def test_a_place_that_does_not_exist_is_told(tool: Tool, location: str) -> None:
    with pytest.raises(ToolError, match=f"No place called '{location}' was found"):
        await ask(tool, location)


async def test_a_code_without_words_is_unknown(tool: Tool, service: OpenMeteo) -> None:
    service.weather_code = 42
    assert (await ask(tool, "Paris"))["conditions"] == "Unknown"


@pytest.mark.parametrize(
    "answer",
    [
        web.json_response({"error": True, "reason": "limit exceeded"}, status=429),
        web.json_response({}, status=500),
        web.Response(text="<html>", status=200),
        web.Response(text="[]"),
        web.json_response({"current": {"temperature_2m": "warm"}}),
        web.json_response({"current": None}),
        web.Response(body=b" " * 300_000),
        web.Response(status=302, headers={"Location": "http://127.0.0.1:9/"}),
    ],
)
async def test_a_service_that_fails_is_told_without_its_words(
    tool: Tool, service: OpenMeteo, answer: web.Response
) -> None:
    service.broken = answer
    with pytest.raises(ToolError, match=r"not available; try again later"):
        await ask(tool, "Paris")


async def test_a_service_that_cannot_be_reached_is_told() -> None:
    settings = Weather(geocoding_url="http://127.0.0.1:9", forecast_url="http://127.0.0.1:9")
    async with aiohttp.ClientSession() as http:
        with pytest.raises(ToolError, match="not available"):
            await ask(weather(http, settings), "Paris")


async def test_nothing_of_the_place_can_change_the_request(tool: Tool, service: OpenMeteo) -> None:
    with pytest.raises(ToolError):
        await ask(tool, "x&count=1#/../../admin?a=b")
    assert service.asked[0]["name"] == "x&count=1#/../../admin?a=b"
