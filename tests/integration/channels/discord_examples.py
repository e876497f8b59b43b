"""Interactions as Discord documents them, with what they are answered and read as.

https://docs.discord.com/developers/interactions/receiving-and-responding and
…/interactions/application-commands, …/components/using-message-components.
"""

from __future__ import annotations

from typing import Any, Final

_MEMBER: Final = {
    "user": {
        "id": "53908232506183680",
        "username": "Mason",
        "avatar": "a_d5efa99b3eeaa7dd43acca82f5692432",
        "discriminator": "1337",
        "public_flags": 131141,
    },
    "roles": ["539082325061836999"],
    "premium_since": None,
    "permissions": "2147483647",
    "pending": False,
    "nick": None,
    "mute": False,
    "joined_at": "2017-03-13T19:19:14.040000+00:00",
    "is_pending": False,
    "deaf": False,
}
_BASE: Final = {
    "type": 2,
    "token": "A_UNIQUE_TOKEN",
    "member": _MEMBER,
    "id": "786008729715212338",
    "guild_id": "290926798626357999",
    "app_permissions": "442368",
    "guild_locale": "en-US",
    "locale": "en-US",
    "application_id": "775799577604522054",
    "channel_id": "645027906669510667",
    "version": 1,
}

Example = tuple[dict[str, Any], dict[str, Any], list[tuple[str, str, str, str]]]
EXAMPLES: Final[dict[str, Example]] = {
    "slash command": (
        {
            **_BASE,
            "data": {
                "options": [{"type": 3, "name": "cardname", "value": "The Gitrog Monster"}],
                "type": 1,
                "name": "cardsearch",
                "id": "771825006014889984",
            },
        },
        {"type": 5},
        [("command", "/cardsearch The Gitrog Monster", "channel", "645027906669510667")],
    ),
    "command in a direct conversation": (
        {
            "type": 2,
            "token": "A_UNIQUE_TOKEN",
            "user": {"id": "53908232506183680", "username": "Mason"},
            "id": "786008729715212338",
            "application_id": "775799577604522054",
            "channel_id": "645027906669510667",
            "data": {"type": 1, "name": "new", "id": "1"},
            "version": 1,
        },
        {"type": 5},
        [("command", "/new", "direct", "645027906669510667")],
    ),
    "user command": (
        {
            **_BASE,
            "data": {
                "type": 2,
                "name": "High Five",
                "id": "866818195033292850",
                "target_id": "809850198683418695",
                "resolved": {
                    "members": {"809850198683418695": {"nick": None, "roles": []}},
                    "users": {
                        "809850198683418695": {
                            "avatar": "afc428077119df8aabbbd84b0dc90c74",
                            "bot": True,
                            "discriminator": "7302",
                            "id": "809850198683418695",
                            "username": "VoltyDemo",
                        }
                    },
                },
            },
        },
        {"type": 5},
        [("command", "/High Five @VoltyDemo", "channel", "645027906669510667")],
    ),
    "message command": (
        {
            **_BASE,
            "data": {
                "type": 3,
                "name": "Bookmark",
                "id": "866818195033292851",
                "target_id": "867793854505943041",
                "resolved": {
                    "messages": {
                        "867793854505943041": {
                            "attachments": [],
                            "author": {"id": "1", "username": "Sean"},
                            "channel_id": "772908445358620702",
                            "content": "some message",
                            "id": "867793854505943041",
                            "type": 0,
                        }
                    }
                },
            },
        },
        {"type": 5},
        [("command", "/Bookmark", "channel", "645027906669510667")],
    ),
    "button": (
        {
            "version": 1,
            "type": 3,
            "token": "unique_interaction_token",
            "message": {
                "type": 0,
                "id": "846101994386350090",
                "content": "This is a message with components.",
                "channel_id": "345626669114982402",
                "author": {"id": "845027738276462632", "bot": True, "username": "test"},
            },
            "member": _MEMBER,
            "id": "846462639134605312",
            "guild_id": "290926798626357999",
            "data": {"custom_id": "click_one", "component_type": 2},
            "channel_id": "345626669114982999",
            "application_id": "845027738276462632",
        },
        {"type": 6},
        [("choice", "click_one", "channel", "345626669114982999")],
    ),
    "select menu": (
        {
            **_BASE,
            "type": 3,
            "data": {
                "component_type": 3,
                "custom_id": "class_select_1",
                "values": ["mage", "rogue"],
            },
        },
        {"type": 6},
        [("choice", "mage, rogue", "channel", "645027906669510667")],
    ),
    "modal": (
        {
            **_BASE,
            "type": 5,
            "data": {
                "custom_id": "bug_modal",
                "components": [
                    {
                        "type": 18,
                        "id": 1,
                        "component": {
                            "type": 3,
                            "custom_id": "bug_type",
                            "id": 2,
                            "values": ["Crash"],
                        },
                    },
                    {
                        "type": 1,
                        "id": 3,
                        "components": [
                            {"type": 4, "id": 4, "custom_id": "what", "value": "It fell over"}
                        ],
                    },
                ],
            },
        },
        {"type": 5},
        [("message", "bug_type: Crash\nwhat: It fell over", "channel", "645027906669510667")],
    ),
    "autocomplete": (
        {
            **_BASE,
            "type": 4,
            "data": {
                "type": 1,
                "name": "airhorn",
                "id": "816437322781949972",
                "version": "847194950382780532",
                "options": [
                    {"type": 3, "name": "variant", "value": "data a user is typ", "focused": True}
                ],
            },
        },
        {"type": 8, "data": {"choices": []}},
        [],
    ),
}
