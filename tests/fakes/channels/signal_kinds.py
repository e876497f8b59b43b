"""The two that a Signal account may be reached over, and its settings for each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from tests.fakes.channels.signal import ACCOUNT, FakeSignal
from tests.fakes.channels.signal_container import FakeSignalContainer

KINDS: Final[Mapping[str, type[FakeSignal]]] = {
    "external-native": FakeSignal,
    "container": FakeSignalContainer,
}


def own(signal: FakeSignal, **settings: Any) -> dict[str, Any]:
    """The account's settings."""
    kind = next(kind for kind, made in KINDS.items() if made is type(signal))
    transport = {"kind": kind, "url": signal.base_url}
    return {"account": ACCOUNT, "transport": transport, **settings}
