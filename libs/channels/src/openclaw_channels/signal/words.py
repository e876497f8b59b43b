"""The text of a Signal message, with its mentions as names.

Where somebody is mentioned the text has U+FFFC, and `mentions` says who; offsets count UTF-16 units
(signal-cli, JsonMention).
"""

from __future__ import annotations

from dataclasses import dataclass

from openclaw_channels.said import Said


@dataclass(frozen=True, slots=True)
class Me:
    """The account itself: its number, and its id in lower case where it is known."""

    number: str
    uuid: str = ""

    def is_called(self, name: str) -> bool:
        """Whether a number or an id is the account's."""
        return bool(name) and (name == self.number or name.lower() == self.uuid)


@dataclass(frozen=True, slots=True)
class Words:
    """A text, and whether it mentions the account."""

    text: str
    mentions_me: bool


def read_text(said: Said, name: str, me: Me) -> Words:
    """Return the field `name` of a message or quote, with `@name` for each mention."""
    raw = said.text(name).encode("utf-16-le", "surrogatepass")
    mentioned, untouched = False, len(raw)
    found = said.parts("mentions")
    for mention in sorted(found, key=lambda item: item.whole("start") or 0, reverse=True):
        start, length = mention.whole("start"), mention.whole("length")
        if start is None or length is None or start < 0 or length < 0:
            continue
        begin, end = start * 2, (start + length) * 2
        names = [mention.text(field) for field in ("number", "uuid", "name")]
        mentioned = mentioned or any(me.is_called(given) for given in names)
        shown = mention.text("name") or next(filter(None, names), "")
        if end <= untouched and shown:
            raw = raw[:begin] + f"@{shown}".encode("utf-16-le", "surrogatepass") + raw[end:]
            untouched = begin
    return Words(raw.decode("utf-16-le", "replace"), mentioned)
