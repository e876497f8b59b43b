"""A webhook's target: the name of a configured receiver, or an https URL."""

from __future__ import annotations

import re
from typing import Final

from openclaw_channels.base import ChannelError
from openclaw_common.runtime.egress.errors import UrlRefused
from openclaw_common.runtime.egress.urls import parse_target as parse_url

_PREFIX: Final = "webhook:"
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}\Z")


def is_url(to: str) -> bool:
    """Whether a target in its own form is a URL."""
    return to.startswith("https://")


def parse_target(target: str) -> tuple[str, str | None]:
    """Return (`to`, None); raises ChannelError."""
    text = target.strip().removeprefix(_PREFIX)
    if _NAME.match(text):
        return text, None
    if text[:8].lower() == "https://":
        try:
            return str(parse_url(text).url), None
        except UrlRefused as refused:
            raise ChannelError(f"This is no URL to send to. {refused}") from None
    raise ChannelError(
        "This is no webhook target; write the name of one of channels.webhook.endpoints, or an"
        " https:// URL where channels.webhook.allowUrls is set"
    )
