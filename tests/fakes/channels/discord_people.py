"""What people do on a fake Discord: messages, commands and buttons, signed as Discord signs."""

from __future__ import annotations

import itertools
import re
import time
from dataclasses import dataclass, field
from typing import Any, Final

import aiohttp
import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

APPLICATION: Final = "800"
_EPOCH_MS: Final = 1_420_070_400_000
_MENTION: Final = re.compile(r"<@!?([0-9]+)>")


@dataclass(frozen=True)
class Application:
    """An application with its key; `endpoint` is where interactions are posted to."""

    id: str = APPLICATION
    key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)

    @property
    def public_key(self) -> str:
        """The key of `channels.discord.publicKey`."""
        raw = self.key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        return raw.hex()

    def signed(self, body: bytes, at_s: float | None = None) -> dict[str, str]:
        """Return the headers of a post."""
        timestamp = str(int(time.time() if at_s is None else at_s))
        return {
            "X-Signature-Timestamp": timestamp,
            "X-Signature-Ed25519": self.key.sign(timestamp.encode() + body).hex(),
            "Content-Type": "application/json",
        }

    async def post(self, url: str, interaction: dict[str, Any]) -> tuple[int, Any]:
        """Post an interaction as Discord does; returns the status and the JSON."""
        body = orjson.dumps(interaction)
        async with (
            aiohttp.ClientSession() as http,
            http.post(url, data=body, headers=self.signed(body)) as answer,
        ):
            raw = await answer.read()
            is_json = answer.content_type == "application/json"
            return answer.status, orjson.loads(raw) if is_json and raw else raw


_numbers = itertools.count(1)


def snowflake() -> str:
    """Return an id of now; later ones are greater."""
    return str(((int(time.time() * 1000) - _EPOCH_MS) << 22) + next(_numbers) % (1 << 22))


def user(user_id: str, *, bot: bool = False) -> dict[str, Any]:
    """Return a user object."""
    name = f"user{user_id}"
    return {
        "id": user_id,
        "username": name,
        "discriminator": "0",
        "global_name": name.title(),
        "avatar": None,
        "bot": bot,
    }


def message(channel: str, text: str, sender: str, **fields: Any) -> dict[str, Any]:
    """Return a message object; mentions are those of the text."""
    return {
        "id": snowflake(),
        "channel_id": channel,
        "type": 0,
        "content": text,
        "author": user(sender),
        "timestamp": time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime()),
        "edited_timestamp": None,
        "tts": False,
        "mention_everyone": False,
        "mentions": [user(found) for found in _MENTION.findall(text)],
        "mention_roles": [],
        "attachments": [],
        "embeds": [],
        "pinned": False,
        **fields,
    }


def command(
    name: str, text: str | None = None, *, channel: dict[str, Any], sender: str, token: str
) -> dict[str, Any]:
    """Return the interaction of a slash command with one text."""
    options = [] if text is None else [{"name": "text", "type": 3, "value": text}]
    data = {"id": "1", "name": name, "type": 1, "options": options}
    return interaction(2, data, channel=channel, sender=sender, token=token)


def interaction(
    kind: int, data: dict[str, Any], *, channel: dict[str, Any], sender: str, token: str
) -> dict[str, Any]:
    """Return an interaction; in a guild its user stands in a member."""
    guild = channel.get("guild_id")
    who: dict[str, Any] = {"user": user(sender)}
    if guild:
        who = {"guild_id": guild, "member": {**who, "roles": ["5"], "nick": None}}
    return {
        "id": snowflake(),
        "application_id": APPLICATION,
        "type": kind,
        "token": token,
        "version": 1,
        "data": data,
        "channel": channel,
        "channel_id": channel["id"],
        "authorizing_integration_owners": {"0": guild or "0"},
        "context": 0 if guild else 1,
        **who,
    }
