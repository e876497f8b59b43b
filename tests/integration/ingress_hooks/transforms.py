"""Transforms that mappings of the tests name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def shouting(event: Mapping[str, Any]) -> dict[str, Any]:
    return {"message": str(event["payload"]["text"]).upper(), "name": event["path"]}


async def waking(event: Mapping[str, Any]) -> dict[str, Any]:
    return {"kind": "wake", "text": f"{event['headers']['x-event']} at {event['url']}"}


def dropping(_: Mapping[str, Any]) -> None:
    return None


def broken(event: Mapping[str, Any]) -> dict[str, Any]:
    return {"message": event["nothing"]}


def no_fields(_: Mapping[str, Any]) -> str:
    return "text"


def odd_mode(_: Mapping[str, Any]) -> dict[str, Any]:
    return {"sessionMode": "odd"}
