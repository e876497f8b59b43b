"""From Markdown to Slack's mrkdwn: `*b* _i_ ~s~`, `<url|label>`, and `& < >` escaped.

https://docs.slack.dev/messaging/formatting-message-text. All `<…>` of the text are escaped, so
that it can notify nobody (`<!channel>`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Final

# How far emphasis may reach: what nothing closes must not be sought to the end each time.
_REACH: Final = "{1,1000}?"
_TOKENS: Final = re.compile(
    "|".join(
        (
            rf"(?P<code>(?P<ticks>`+)(?!`)(?P<coded>.{_REACH})(?<!`)(?P=ticks)(?!`))",
            r"\\(?P<escaped>[\\`*_{}\[\]()#+\-.!~<>|&])",
            r"!?\[(?P<label>[^\[\]\n]{0,500})\]\(\s?<?(?P<url>(?:[^\s()<>]|\([^\s()<>]*\)){1,2000})>?"
            r"(?:\s\"[^\"\n]{0,500}\")?\s?\)",
            r"<(?P<auto>(?:https?://|mailto:)[^\s<>]{1,2000})>",
            rf"\*\*\*(?=[^\s*])(?P<both>.{_REACH})(?<=[^\s*])\*\*\*(?!\*)",
            rf"\*\*(?=[^\s*])(?P<bold>.{_REACH})(?<=\S)\*\*(?!\*)",
            rf"(?<!\w)__(?=[^\s_])(?P<bold_>.{_REACH})(?<=[^\s_])__(?!\w)",
            rf"~~(?=[^\s~])(?P<strike>.{_REACH})(?<=[^\s~])~~",
            rf"(?<![\w*])\*(?=[^\s*])(?P<italic>.{_REACH})(?<=[^\s*])\*(?![\w*])",
            rf"(?<!\w)_(?=[^\s_])(?P<italic_>.{_REACH})(?<=[^\s_])_(?!\w)",
        )
    )
)
_FENCE: Final = re.compile(r"[ \t]*(`{3,}(?=[^`]*\Z)|~{3,})")
_HEADING: Final = re.compile(r" {0,3}#{1,6}[ \t]+(.*?)[ \t]*#*[ \t]*\Z")
_RULE: Final = re.compile(r" {0,3}([-*_])(?:[ \t]*\1){2,}[ \t]*\Z")
_BULLET: Final = re.compile(r"([ \t]*)[-*+][ \t]+(?=\S)")
_QUOTE: Final = re.compile(r" {0,3}>[ \t]?")
_EMPHASIS: Final = re.compile(r"[*_~`]")
_FRAMES: Final[Mapping[str, tuple[str, str]]] = {
    "both": ("*_", "_*"),
    "bold": ("*", "*"),
    "bold_": ("*", "*"),
    "strike": ("~", "~"),
    "italic": ("_", "_"),
    "italic_": ("_", "_"),
}


def escaped(text: str) -> str:
    """Return `text` such that Slack shows it as it is, markup aside."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def escaped_length(text: str) -> int:
    """Return the length of `escaped(text)`."""
    return len(text) + 4 * text.count("&") + 3 * (text.count("<") + text.count(">"))


def to_mrkdwn(markdown: str) -> str:
    """Return the mrkdwn of Markdown without tables; it is as long as `escaped` at most.

    What would be longer, such as a URL with `|`, is only escaped.
    """
    converted = "\n".join(_lines(markdown.split("\n")))
    plain = escaped(markdown)
    return converted if converted.strip() and len(converted) <= len(plain) else plain


def _lines(lines: list[str]) -> Iterator[str]:
    fence = ""
    for line in lines:
        found = _FENCE.match(line)
        if fence:
            closes = found and found[1].startswith(fence) and line.strip() == found[1]
            yield "```" if closes else escaped(line.replace("```", "'''"))
            fence = "" if closes else fence
        elif found:
            fence = found[1]
            yield "```"
        else:
            yield _line(line)


def _line(line: str) -> str:
    quotes = ""
    while found := _QUOTE.match(line):
        quotes, line = quotes + "> ", line[found.end() :]
    return quotes + _unquoted(line)


def _unquoted(line: str) -> str:
    if found := _HEADING.match(line):
        inner = _inline(found[1], lambda text: text.replace("*", ""))
        return f"*{inner}*" if inner else ""
    if _RULE.match(line):
        return "\u2014\u2014\u2014"
    if found := _BULLET.match(line):
        return f"{found[1]}\u2022 {_inline(line[found.end() :])}"
    return _inline(line)


def _inline(text: str, tidy: Callable[[str], str] = str) -> str:
    pieces, place = [], 0
    for found in _TOKENS.finditer(text):
        pieces += [tidy(escaped(text[place : found.start()])), tidy(_token(found))]
        place = found.end()
    pieces.append(tidy(escaped(text[place:])))
    return "".join(pieces)


def _token(found: re.Match[str]) -> str:
    if found["code"]:
        return "`" + escaped(found["coded"].replace("`", "'")) + "`"
    if found["escaped"]:
        return escaped(found["escaped"])
    if found["url"]:
        return _link(found["url"], found["label"])
    if found["auto"]:
        return _link(found["auto"], "")
    kind = next(name for name in _FRAMES if found[name])
    opening, closing = _FRAMES[kind]
    return opening + _inline(found[kind]) + closing


def _link(url: str, label: str) -> str:
    target = escaped(url.replace("|", "%7C"))
    shown = escaped(_EMPHASIS.sub("", label).replace("|", "/")).strip()
    return f"<{target}|{shown}>" if shown and shown != target else f"<{target}>"
