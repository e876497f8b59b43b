"""One call of the daemon's JSON-RPC, `POST /api/v1/rpc` (signal-cli-jsonrpc(5))."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from openclaw_channels.base import AnswerLost, SendFailure, TemporaryFailure
from openclaw_channels.platform_http import Answer, PlatformHttp
from openclaw_channels.signal.errors import rest_failure, rpc_failure
from openclaw_channels.signal.settings import SignalSettings


class Rpc:
    """The methods of one account."""

    def __init__(self, settings: SignalSettings, http: PlatformHttp) -> None:
        self._settings = settings
        self._http = http

    async def call(
        self, method: str, params: Mapping[str, Any], *, max_bytes: int | None = None
    ) -> tuple[Any, int]:
        """Return the result of a method and the HTTP status; raises a SendFailure.

        An answer may have `max_bytes`, where they differ from the settings'.
        """
        request = {
            "jsonrpc": "2.0",
            "id": "1",
            "method": method,
            "params": {"account": self._settings.account, **params},
        }
        url = f"{self._settings.url}/api/v1/rpc"
        answer = await self._http.ask("POST", url, json=request, max_bytes=max_bytes)
        said = answer.json()
        if isinstance(said, dict) and isinstance(said.get("error"), dict):
            pause = self._settings.rate_limit_pause_seconds
            raise rpc_failure(said["error"], answer.status, pause)
        if not isinstance(said, dict) or "result" not in said:
            raise _unreadable(answer, self._settings.rate_limit_pause_seconds)
        return said["result"], answer.status


def _unreadable(answer: Answer, pause_s: float) -> SendFailure:
    if 200 <= answer.status < 300:
        return AnswerLost("signal-cli's answer cannot be read.", http_status=answer.status)
    if answer.status >= 500:
        text = f"Signal: HTTP status {answer.status}"
        return TemporaryFailure(text, http_status=answer.status)
    return rest_failure({}, answer.status, pause_s)
