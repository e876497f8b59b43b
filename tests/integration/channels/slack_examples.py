"""Payloads as Slack documents them, shortened where the text of a field says nothing.

https://docs.slack.dev/reference/events, …/interactivity/implementing-slash-commands and
…/reference/interaction-payloads.
"""

from __future__ import annotations

from typing import Any, Final

_OUTER: Final = {
    "token": "XXYYZZ",
    "team_id": "T123ABC456",
    "api_app_id": "A123ABC456",
    "type": "event_callback",
    "event_id": "Ev123ABC456",
    "event_time": 1234567890,
    "authed_users": ["U0LAN0Z89"],
}

EVENTS: Final[dict[str, tuple[dict[str, Any], list[tuple[str, str, str, bool]]]]] = {
    "app_mention": (
        {
            **_OUTER,
            "event": {
                "type": "app_mention",
                "user": "U061F7AUR",
                "text": "<@U0LAN0Z89> is it everything a river should be?",
                "ts": "1515449522.000016",
                "channel": "C123ABC456",
                "event_ts": "1515449522000016",
            },
        },
        [("message", "is it everything a river should be?", "C123ABC456", True)],
    ),
    "message.channels": (
        {
            **_OUTER,
            "event": {
                "type": "message",
                "channel": "C123ABC456",
                "user": "U123ABC456",
                "text": "Hello world",
                "ts": "1355517523.000005",
                "event_ts": "1355517523.000005",
                "channel_type": "channel",
            },
        },
        [("message", "Hello world", "C123ABC456", False)],
    ),
    "message.im": (
        {
            **_OUTER,
            "event": {
                "type": "message",
                "channel": "D024BE91L",
                "user": "U2147483697",
                "text": "Hello hello can you hear me?",
                "ts": "1355517523.000005",
                "event_ts": "1355517523.000005",
                "channel_type": "im",
            },
        },
        [("message", "Hello hello can you hear me?", "D024BE91L", False)],
    ),
    "message_changed": (
        {
            **_OUTER,
            "event": {
                "type": "message",
                "subtype": "message_changed",
                "hidden": True,
                "channel": "C123ABC456",
                "ts": "1358878755.000001",
                "message": {
                    "type": "message",
                    "user": "U123ABC456",
                    "text": "Hello, world!",
                    "ts": "1355517523.000005",
                    "edited": {"user": "U123ABC456", "ts": "1358878755.000001"},
                },
            },
        },
        [("edited", "Hello, world!", "C123ABC456", False)],
    ),
    "message_deleted": (
        {
            **_OUTER,
            "event": {
                "type": "message",
                "subtype": "message_deleted",
                "hidden": True,
                "channel": "C123ABC456",
                "ts": "1358878755.000001",
                "deleted_ts": "1358878749.000002",
            },
        },
        [],
    ),
    "bot_message": (
        {
            **_OUTER,
            "event": {
                "type": "message",
                "subtype": "bot_message",
                "channel": "C123ABC456",
                "ts": "1358877455.000010",
                "text": "Pushing is the answer",
                "bot_id": "BB12033",
                "username": "github",
                "icons": {},
            },
        },
        [("message", "Pushing is the answer", "C123ABC456", False)],
    ),
    "reaction_added": (
        {
            **_OUTER,
            "event": {
                "type": "reaction_added",
                "user": "U123ABC456",
                "reaction": "thumbsup",
                "item_user": "U0LAN0Z89",
                "item": {"type": "message", "channel": "C123ABC456", "ts": "1360782400.498405"},
                "event_ts": "1360782804.083113",
            },
        },
        [("reaction", ":thumbsup:", "C123ABC456", True)],
    ),
    "app_rate_limited": (
        {
            "token": "Jhj5dZrVaK7ZwHHjRyZWjbDl",
            "type": "app_rate_limited",
            "team_id": "T123ABC456",
            "minute_rate_limited": 1518467820,
            "api_app_id": "A123ABC456",
        },
        [],
    ),
}

COMMAND: Final = {
    "token": "gIkuvaNzQIHg97ATvDxqgjtO",
    "team_id": "T0001",
    "team_domain": "example",
    "enterprise_id": "E0001",
    "enterprise_name": "Globular Construct Inc",
    "channel_id": "C2147483705",
    "channel_name": "test",
    "user_id": "U2147483697",
    "user_name": "Steve",
    "command": "/weather",
    "text": "94070",
    "response_url": "https://hooks.slack.com/commands/1234/5678",
    "trigger_id": "13345224609.738474920.8088930838d88f008e0",
    "api_app_id": "A123456",
}

_USER: Final = {"id": "U123ABC456", "username": "amymcgee", "team_id": "T123ABC456"}
_CHANNEL: Final = {"id": "C123ABC456", "name": "box-room"}

INTERACTIONS: Final[dict[str, tuple[dict[str, Any], list[tuple[str, str, str]]]]] = {
    "block_actions": (
        {
            "type": "block_actions",
            "team": {"id": "T123ABC456", "domain": "example"},
            "user": _USER,
            "api_app_id": "A123ABC456",
            "container": {
                "type": "message",
                "message_ts": "1548261231.000200",
                "channel_id": "C123ABC456",
                "is_ephemeral": False,
            },
            "trigger_id": "12321423423.333649436676.d8c1bb837935619ccad0f624c448ffb3",
            "channel": _CHANNEL,
            "message": {"ts": "1548261231.000200", "text": "Pick one", "bot_id": "B123"},
            "response_url": "https://hooks.slack.com/actions/AABA1ABCD/1232321423432/D09sSasdasdA",
            "actions": [
                {
                    "action_id": "WaXA",
                    "block_id": "=qXel",
                    "text": {"type": "plain_text", "text": "View"},
                    "value": "click_me_123",
                    "type": "button",
                    "action_ts": "1548426417.840180",
                }
            ],
        },
        [("choice", "click_me_123", "channel:C123ABC456")],
    ),
    "message_action": (
        {
            "token": "Nj2rfC2hU8mAfgaJLemZgO7H",
            "callback_id": "chirp_message",
            "type": "message_action",
            "trigger_id": "13345224609.8534564800.6f8ab1f53e13d0cd15f96106292d5536",
            "response_url": "https://hooks.slack.com/app-actions/T0MJR11A4/21974584944/yk1S9ndf35Q1",
            "team": {"id": "T123ABC456", "domain": "pandamonium"},
            "channel": _CHANNEL,
            "user": _USER,
            "message": {
                "type": "message",
                "user": "U123ABC456",
                "ts": "1516229207.000133",
                "text": "World's smallest big cat! <https://youtube.com/watch?v=W86cTIoMv2U>",
            },
        },
        [
            (
                "command",
                "/chirp_message",
                "interaction:C123ABC456/U123ABC456:app-actions/T0MJR11A4/21974584944/yk1S9ndf35Q1",
            )
        ],
    ),
    "shortcut": (
        {
            "type": "shortcut",
            "token": "XXXXXXXXXXXXX",
            "action_ts": "1581106241.371594",
            "team": {"id": "T123ABC456", "domain": "shortcuts-test"},
            "user": _USER,
            "callback_id": "shortcut_create_task",
            "trigger_id": "944799105734.773906753841.38b5894552bdd4a780554ee59d1f3638",
        },
        [("command", "/shortcut_create_task", "user:U123ABC456")],
    ),
    "view_closed": (
        {
            "type": "view_closed",
            "team": {"id": "T123ABC456"},
            "user": _USER,
            "view": {"id": "V123ABC456", "hash": "xxxxx"},
            "is_cleared": False,
        },
        [],
    ),
}
