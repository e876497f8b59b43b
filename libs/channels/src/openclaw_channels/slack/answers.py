"""The answer to a slash command or a shortcut, posted to the URL that came with it.

https://docs.slack.dev/interactivity/handling-user-interaction#message_responses: five times within
half an hour, also where the app is no member; nobody can tell afterwards what was posted.
"""

from __future__ import annotations

from typing import Final

import aiohttp

from openclaw_channels.base import (
    AnswerLost,
    PermanentFailure,
    RateLimited,
    Receipt,
    TemporaryFailure,
)
from openclaw_channels.platform_http import Answer, PlatformHttp
from openclaw_channels.slack.settings import SlackSettings
from openclaw_channels.slack.targets import Interaction

_USED_UP: Final = frozenset({403, 404, 410})


class CommandAnswers:
    """Posts for one app."""

    def __init__(self, settings: SlackSettings, http: aiohttp.ClientSession) -> None:
        self._http = PlatformHttp("Slack", http, settings)
        self._settings = settings

    async def post(self, hook: Interaction, text: str) -> Receipt | None:
        """Post mrkdwn; returns None when the URL takes no more. Raises a SendFailure."""
        ephemeral = self._settings.slash_command.ephemeral
        body = {
            "text": text,
            "response_type": "ephemeral" if ephemeral else "in_channel",
            "replace_original": False,
        }
        try:
            answer = await self._http.ask(
                "POST", f"{self._settings.hooks_root}/{hook.path}", json=body
            )
        except AnswerLost as lost:
            raise AnswerLost(lost.message, repeat_is_safe=False) from None
        if answer.status in _USED_UP:
            return None
        self._check(answer)
        return Receipt(None, answer.status)

    def _check(self, answer: Answer) -> None:
        status = answer.status
        if 200 <= status < 300:
            return
        text = f"Slack answered a command's answer with status {status}."
        if status == 429:
            wait = answer.seconds("Retry-After")
            default = self._settings.default_retry_after_seconds
            raise RateLimited(text, retry_after_s=default if wait is None else wait)
        kind = TemporaryFailure if status >= 500 or status == 408 else PermanentFailure
        raise kind(text, http_status=status)
