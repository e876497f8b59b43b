"""From Slack's mrkdwn to the text that a model reads.

https://docs.slack.dev/messaging/formatting-message-text#retrieving-messages: what Slack made of a
mention or a link stands in `<…>`; `& < >` as people wrote them are escaped.
"""

from __future__ import annotations

import re
from typing import Final

_TOKEN: Final = re.compile(r"<([^<>\n]{1,4000})>")
_MENTIONED: Final = re.compile(r"<@([A-Z0-9]{2,20})(?:\|[^<>\n]*)?>")


def plain(text: str) -> str:
    """Return the text as people see it; a link keeps its URL beside its label."""
    return unescaped(_TOKEN.sub(_shown, text))


def unescaped(text: str) -> str:
    """Return the text without Slack's three escapes."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def mentions(text: str, user: str | None) -> bool:
    """Whether `user` is mentioned."""
    return user is not None and any(found[1] == user for found in _MENTIONED.finditer(text))


def without_address(text: str, user: str | None) -> str:
    """Return the text without the mention of `user` that it begins with."""
    found = _MENTIONED.match(text.lstrip())
    if found is None or found[1] != user:
        return text
    return text.lstrip()[found.end() :].lstrip(" \t,:")


def _shown(found: re.Match[str]) -> str:
    target, bar, label = found[1].partition("|")
    if target.startswith("@"):
        return "@" + label.removeprefix("@") if label else target
    if target.startswith("#"):
        return "#" + (label or target[1:])
    if target.startswith("!"):
        return _special(target[1:], label)
    address = target.removeprefix("mailto:").removeprefix("tel:")
    if not bar or label in (target, address) or target.endswith("://" + label):
        return address
    return f"{label} ({address})"


def _special(name: str, label: str) -> str:
    """`<!here>`, `<!subteam^S1|@group>`, `<!date^…|last Tuesday>`."""
    if label:
        return label
    name = name.partition("^")[2] if name.startswith("subteam^") else name.partition("^")[0]
    return f"@{name}"
