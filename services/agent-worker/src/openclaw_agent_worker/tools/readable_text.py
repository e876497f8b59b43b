"""What a person would read of a web page, as plain text for a model.

Headings are marked with `#`, list items with `-`, links are `[text](address)`, cells are parted by
`|`. Navigation, scripts, forms' controls and what is hidden are left out; where the page says what
its main part is, only that is kept.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import islice
from typing import Final
from urllib.parse import urljoin

from openclaw_agent_worker.tools.html_tokens import End, Start, Text, tokens


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


MIN_MAIN_CHARS: Final = 200
"""A main part with less text than this is taken for a mistake."""
MAX_TITLE_CHARS: Final = 300
MAX_TOKENS: Final = 150_000
"""Tags and texts of a page after which the rest is left out, so that reading takes bounded time."""
_MAIN: Final = frozenset({"article", "main"})
_BOILERPLATE: Final = frozenset({"aside", "dialog", "footer", "nav"})
_UNREADABLE: Final = _names(
    "audio button canvas datalist iframe map math noembed noframes object script select style svg"
    " template textarea video xmp"
)
_BLOCKS: Final = _names(
    "address article aside blockquote body dd details dialog div dl dt fieldset figcaption figure"
    " footer form h1 h2 h3 h4 h5 h6 header hgroup hr html legend li main menu nav ol p pre section"
    " summary table tbody tfoot thead tr ul"
)
_END_OPTIONAL: Final = _names(
    "area base br col dd dt embed hr img input li link meta option p source tbody td tfoot th thead"
    " tr track wbr"
)
"""Elements of which a start tag may come without an end tag, so that depth cannot be counted."""
_HEADINGS: Final = {f"h{level}": "#" * level + " " for level in range(1, 7)}
_HIDDEN_STYLE: Final = re.compile(r"(?:display\s*:\s*none|visibility\s*:\s*hidden)", re.IGNORECASE)
_LINE_ENDS: Final = {ord("\n"): " ", ord("\r"): " "}
# Characters that show nothing: zero width, direction overrides, tags and variation supplements.
_INVISIBLE: Final = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff"
    "\U000e0000-\U000e0fff]"
)


@dataclass(frozen=True, slots=True)
class Page:
    """A page's title and its readable text."""

    title: str
    text: str


def readable_page(html: str, url: str) -> Page:
    """Return what is readable of a page that came from `url`; links become absolute."""
    reader = _Reader(url, skipped=_UNREADABLE | _BOILERPLATE)
    page = reader.read(html)
    # An unclosed <nav> takes the whole page with it: then it is better to have it than nothing.
    return page if page.text else _Reader(url, skipped=_UNREADABLE).read(html)


def without_invisible(text: str) -> str:
    """Return the text without characters that a person does not see and a model reads."""
    return _INVISIBLE.sub("", text)


@dataclass(slots=True)
class _Reader:
    """Gathers the blocks of one page."""

    url: str
    skipped: frozenset[str]
    title: str = ""
    blocks: list[tuple[bool, str]] = field(default_factory=list)
    """Whether each lies in the page's main part, and its text."""
    inline: list[str] = field(default_factory=list)
    prefix: str = ""
    main_depth: int = 0
    pre_depth: int = 0
    skipping: str = ""
    skip_depth: int = 0
    in_title: bool = False
    link: tuple[str, int] | None = None
    """The address of the open link, and where in `inline` its text begins."""

    def read(self, html: str) -> Page:
        """Return the page."""
        for token in islice(tokens(html), MAX_TOKENS):
            if self.skipping:
                self._skip(token)
            elif isinstance(token, Text):
                self._text(token.text)
            elif isinstance(token, Start):
                self._start(token)
            else:
                self._end(token.name)
        self._flush()
        main = [text for is_main, text in self.blocks if is_main]
        enough = sum(map(len, main)) >= MIN_MAIN_CHARS
        text = "\n".join(main if enough else [text for _, text in self.blocks])
        return Page(_one_line(without_invisible(self.title)), without_invisible(text).strip())

    def _skip(self, token: Text | Start | End) -> None:
        if isinstance(token, Text) or token.name != self.skipping:
            return
        self.skip_depth += 1 if isinstance(token, Start) else -1
        if self.skip_depth == 0:
            self.skipping = ""

    def _text(self, text: str) -> None:
        if self.in_title:
            self.title = self.title or text[:MAX_TITLE_CHARS]
        elif self.pre_depth:
            self.inline.append(text)
        elif self.inline or not text.isspace():
            self.inline.append(text.translate(_LINE_ENDS))

    def _start(self, tag: Start) -> None:
        name = tag.name
        if name in self.skipped or (name not in _END_OPTIONAL and _is_hidden(tag)):
            self.skipping, self.skip_depth = name, 1
            return
        if name in _BLOCKS:
            self._flush()
            self.prefix = _HEADINGS.get(name) or ("- " if name == "li" else self.prefix)
        if name in _MAIN:
            self.main_depth += 1
        elif name == "pre":
            self.pre_depth += 1
        elif name == "a":
            self._close_link()
            self.link = (tag.attributes.get("href", ""), len(self.inline))
        else:
            self._other_start(tag)

    def _other_start(self, tag: Start) -> None:
        if tag.name == "title":
            self.in_title = True
        elif tag.name == "br":
            self.inline.append("\n")
        elif tag.name in ("td", "th"):
            self.inline.append(" | " if self.inline else "")
        elif tag.name == "img" and (alt := _one_line(tag.attributes.get("alt", ""))):
            self.inline.append(f"[image: {alt}]")

    def _end(self, name: str) -> None:
        if name == "title":
            self.in_title = False
        elif name == "a":
            self._close_link()
        if name in _BLOCKS:
            self._flush()
        if name in _HEADINGS or name == "li":
            self.prefix = ""
        if name in _MAIN:
            self.main_depth = max(self.main_depth - 1, 0)
        elif name == "pre":
            self.pre_depth = max(self.pre_depth - 1, 0)

    def _close_link(self) -> None:
        if self.link is None:
            return
        href, begin = self.link
        self.link = None
        text = _one_line("".join(self.inline[begin:]))
        address = _absolute(self.url, href)
        if text and address:
            self.inline[begin:] = [f"[{text}]({address})"]

    def _flush(self) -> None:
        if not self.inline:
            return
        # A link around blocks belongs to the first of them that has text.
        still_open = self.link if self.link and self.link[1] == len(self.inline) else None
        self._close_link()
        joined = "".join(self.inline)
        self.inline.clear()
        if self.pre_depth:
            text = joined.strip("\n")
        else:
            text = "\n".join(filter(None, map(_one_line, joined.split("\n"))))
        if text.strip():
            self.blocks.append((self.main_depth > 0, self.prefix + text))
            self.prefix = ""
        self.link = (still_open[0], 0) if still_open else None


def _is_hidden(tag: Start) -> bool:
    attributes = tag.attributes
    return (
        "hidden" in attributes
        or attributes.get("aria-hidden", "").lower() == "true"
        or _HIDDEN_STYLE.search(attributes.get("style", "")) is not None
    )


def _absolute(base: str, href: str) -> str:
    if not href or href.startswith("#"):
        return ""
    try:
        address = urljoin(base, href.strip())
    except ValueError:
        return ""
    return address if address.startswith(("http://", "https://")) else ""


def _one_line(text: str) -> str:
    return " ".join(text.split())
