"""What came in from a chat platform, in one form for all of them.

A channel makes it of the platform's words; `inbound` in common decides what becomes of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

ChatKind = Literal["direct", "group", "channel"]
"""A conversation with one person, a group of people, a channel of a server or workspace."""
InboundKind = Literal["message", "edited", "command", "choice", "reaction", "membership"]
"""What happened: somebody wrote, changed a message, gave a platform command (its words stand in
`text`, `/name words`), chose a button (its value stands in `text`), reacted (`text` is the emoji),
or the account was let into a chat or put out of it (`text` is `joined` or `left`)."""
IMAGE: Final = "image"


@dataclass(frozen=True, slots=True)
class Sender:
    """Who wrote: the platform's id, and what people see. `roles` are ids, where there are any."""

    id: str
    name: str | None = None
    username: str | None = None
    roles: tuple[str, ...] = ()
    is_bot: bool = False


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file beside a message; nothing of it is read yet.

    `reference` is what the channel's `fetch` needs to get it (a file id, a URL), never a secret.
    `kind` is `image`, `audio`, `video`, `document`, `sticker`, `location` or `contact`; what has no
    bytes has an empty `reference`. `size` is in bytes, where the platform says it. `note` says
    what a model is told instead of the bytes (coordinates, a caption, a duration).
    """

    kind: str
    reference: str = ""
    mime: str = ""
    name: str = ""
    size: int | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class InboundMessage:
    """One event of a platform that may become a run.

    `event_id` is equal for all repeats of the platform, over every way it may come; it is unique
    within the account. `chat_id` is the chat's own id, `to` and `thread_id` where a reply goes, in
    the form of `contracts.delivery.Destination`. `thread_id` is a thread's or topic's id, None
    outside one; `starts_thread` says that a reply opens it, so that the message itself still
    belongs to its parent. `guild_id` is Discord's server, `team_id` Slack's workspace.
    `mentions_me` counts only explicit words (a mention, a reply to the bot, a command, a button of
    ours). `sent_at_ms` is Unix time. `album_id` is equal for messages of one chat that somebody
    sent as one, such as several photos with one caption; they come shortly behind each other.
    """

    channel: str
    account_id: str
    event_id: str
    kind: InboundKind
    chat_kind: ChatKind
    chat_id: str
    to: str
    sender: Sender
    text: str
    sent_at_ms: int
    message_id: str | None = None
    thread_id: str | None = None
    starts_thread: bool = False
    chat_name: str | None = None
    mentions_me: bool = False
    reply_text: str | None = None
    attachments: tuple[Attachment, ...] = ()
    guild_id: str | None = None
    team_id: str | None = None
    album_id: str | None = None
