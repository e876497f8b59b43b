"""The listener, and the image limits in both of their places."""

from __future__ import annotations

import ipaddress
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from pydantic import ValidationError

from openclaw_common.runtime.config import Gateway, LoadedConfig

Load = Callable[..., LoadedConfig]


@pytest.mark.parametrize(
    ("gateway", "host"),
    [
        (Gateway(), "127.0.0.1"),
        (Gateway(bind="auto"), "127.0.0.1"),
        (Gateway(bind="lan"), "0.0.0.0"),
        (Gateway(bind="custom", custom_bind_host="::1"), "::1"),
    ],
)
def test_the_bind_mode_names_an_address(gateway: Gateway, host: str) -> None:
    assert gateway.bind_host() == host


def test_the_tailnet_is_an_address_of_this_host() -> None:
    address = ipaddress.ip_address(Gateway(bind="tailnet").bind_host())
    assert address.is_loopback or address in ipaddress.ip_network("100.64.0.0/10")


@pytest.mark.parametrize(
    ("chat", "parts", "total"),
    [
        ({"maxImageParts": 3, "maxTotalImageBytes": 20_000_000}, 3, 20_000_000),
        ({"maxImageParts": 3, "images": {"maxParts": 4}}, 4, 20_971_520),
        ({"images": {"maxTotalBytes": 11_000_000}}, 8, 11_000_000),
    ],
)
def test_image_limits_are_read_in_openclaws_place_too(
    chat: dict[str, Any], parts: int, total: int, load: Load
) -> None:
    loaded = load({"gateway": {"http": {"endpoints": {"chatCompletions": chat}}}})
    images = loaded.config.gateway.http.endpoints.chat_completions.images
    assert (images.max_parts, images.max_total_bytes) == (parts, total)
    assert loaded.warnings == ()


def test_a_configuration_cannot_be_changed(load: Load) -> None:
    config = load().config
    with pytest.raises(ValidationError):
        config.gateway.port = 1  # type: ignore[misc]


def test_reading_the_configuration_imports_no_server_and_no_client() -> None:
    """So that every command starts fast: importing costs little more than pydantic itself."""
    code = (
        "import sys, openclaw_common.runtime.config;"
        "print({'aiohttp', 'redis', 'arq', 'openai', 'uvloop'} & sys.modules.keys())"
    )
    found = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=30
    )
    assert found.stdout.strip() == "set()"
