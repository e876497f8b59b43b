"""HTML as a flat run of tags and text, in time linear in its length.

Follows the tokenizer of the HTML standard (https://html.spec.whatwg.org/#tokenization) where it
decides what is text; no tree is built. A stranger chooses the page, so no input may be slow:
30 KB of `<a ` took html.parser of Python 3.11 18 s, 200 KB of `<div>` took a tree builder in C 5 s.
Every search here goes forward, and one that finds nothing ends the page.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import unescape
from typing import Final

_NAME: Final = re.compile(r"[a-zA-Z][^\s/>]*+")
_ATTRIBUTE: Final = re.compile(
    r"""[\s/]*+(?:(>)|([^\s/>][^\s/>=]*+)(?:\s*+=\s*+(?:"([^"]*+)"|'([^']*+)'|([^\s>"'][^\s>]*+)))?+)"""
)
_RAW: Final = {
    name: re.compile(rf"</{name}(?=[\s/>])", re.IGNORECASE)
    for name in (
        "iframe",
        "noembed",
        "noframes",
        "script",
        "style",
        "textarea",
        "title",
        "xmp",
    )
}
"""Elements whose content has no tags, and where each ends."""
MAX_ATTRIBUTES: Final = 100
"""Attributes of one tag; what stands behind them is passed over."""


@dataclass(frozen=True, slots=True)
class Text:
    """Text between tags, with its character references replaced."""

    text: str


@dataclass(frozen=True, slots=True)
class Start:
    """A start tag; names are in lower case, of an attribute given twice the first counts."""

    name: str
    attributes: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class End:
    """An end tag."""

    name: str


Token = Text | Start | End


def tokens(html: str) -> Iterator[Token]:
    """Yield the tags and texts of a page; comments and declarations are left out."""
    position, length = 0, len(html)
    while position < length:
        bracket = html.find("<", position)
        if bracket < 0:
            yield Text(unescape(html[position:]))
            return
        if bracket > position:
            yield Text(unescape(html[position:bracket]))
        following = html[bracket + 1 : bracket + 2]
        if following.isalpha() and following.isascii():
            tag, position = _start_tag(html, bracket)
            if tag is None:
                return
            yield tag
            if (end := _RAW.get(tag.name)) is not None:
                found = end.search(html, position)
                stop = found.start() if found else length
                yield Text(unescape(html[position:stop]))
                position = stop
        elif following and following in "/!?":
            name, position = _other_tag(html, bracket)
            if name:
                yield End(name)
        else:
            yield Text("<")
            position = bracket + 1


def _start_tag(html: str, bracket: int) -> tuple[Start | None, int]:
    """Return the tag at `bracket` and what follows it; no tag where the page ends within."""
    name = _NAME.match(html, bracket + 1)
    if name is None:
        return None, len(html)
    attributes: dict[str, str] = {}
    position, count = name.end(), 0
    while (found := _ATTRIBUTE.match(html, position)) is not None:
        position = found.end()
        if found[1]:
            return Start(name[0].lower(), attributes), position
        value = next((group for group in found.group(3, 4, 5) if group is not None), "")
        attributes.setdefault(found[2].lower(), unescape(value))
        count += 1
        if count == MAX_ATTRIBUTES:
            position = _found(html, ">", position)
    return None, len(html)


def _found(html: str, what: str, position: int) -> int:
    """Return where `what` stands next, the page's end where it does not."""
    found = html.find(what, position)
    return found if found >= 0 else len(html)


def _other_tag(html: str, bracket: int) -> tuple[str, int]:
    """Return the name of an end tag, empty for a comment or declaration, and what follows."""
    if html.startswith("<!--", bracket):
        # `<!-->` and `<!--->` are comments too.
        return "", _found(html, "-->", bracket + 2) + 3
    after = _found(html, ">", bracket) + 1
    name = _NAME.match(html, bracket + 2, after) if html.startswith("</", bracket) else None
    return name[0].lower() if name else "", after
