"""Takes credentials out of text that leaves the process beside its answers: logs, spans, errors.

Two ways, as either alone misses some: the secrets that the configuration holds, word for word, and
what looks like a credential of a kind that is met here, wherever it came from.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Final
from urllib.parse import quote

REDACTED: Final = "[redacted]"
SHORTEST_SECRET: Final = 4
"""Shorter secrets are not searched for: they would blot out ordinary words."""

_ASCII: Final = (True, False)
_WORD: Final = r"[A-Za-z0-9_-]"
# What a text must hold for a shape to be looked for: most lines hold none, and looking for all
# shapes takes 150 µs a line. Of a hint that lines do hold, `_PIECES` knows more.
_SHAPES: Final = tuple(
    (hint, re.compile(pattern))
    for hints, pattern in (
        # RFC 6750 and RFC 7617; a long word behind it that is no credential goes as well.
        (("earer ", "EARER "), r"(?i:(?<=bearer ))[A-Za-z0-9._~+/=-]{8,}"),
        (("asic ", "ASIC "), r"(?i:(?<=basic ))[A-Za-z0-9._~+/=-]{8,}"),
        # Telegram's bot tokens, which stand in its URLs.
        ((":", "%3A"), rf"(?<![0-9])[0-9]{{6,12}}(?::|%3A){_WORD}{{30,}}"),
        # OpenAI, Anthropic, OpenRouter, Stripe; our own API keys (ock_).
        (("sk-", "pk-", "rk-", "sk_", "rk_", "ock_"), rf"\b(?:sk|pk|rk|ock)[-_]{_WORD}{{16,}}"),
        (("xox", "xapp-", "glpat-"), rf"\b(?:xox[a-z]|xapp|glpat)-{_WORD}{{8,}}"),
        (("gh",), r"\bgh[pousr]_[A-Za-z0-9]{20,}"),
        (("github_pat_",), rf"\bgithub_pat_{_WORD}{{20,}}"),
        (("AIza",), rf"\bAIza{_WORD}{{30,}}"),
        # RFC 7519.
        (("eyJ",), rf"\beyJ{_WORD}{{10,}}\.{_WORD}{{10,}}(?:\.{_WORD}+)?"),
        # Discord's bot tokens.
        ((".",), rf"\b[MNO]{_WORD}{{23,27}}\.{_WORD}{{6}}\.{_WORD}{{27,}}"),
        # Signatures of webhooks: Slack, GitHub, Stripe, Standard Webhooks.
        (
            ("v0=", "v1=", "v1,", "sha1=", "sha256="),
            r"(?:(?<=\bv0=)|(?<=\bv1=)|(?<=\bv1,)|(?<=\bsha1=)|(?<=\bsha256=))[A-Za-z0-9+/=]{32,}",
        ),
        (("hooks.slack.com",), r"(?<=hooks\.slack\.com/services/)[^\s\"'\\]+"),
        (("/api/webhooks/",), rf"(?<=/api/webhooks/)[0-9]+/{_WORD}+"),
        # RFC 3986: userinfo; credentials in a query are _IN_QUERY.
        (("@",), r"(?<=://)[^\s/@\"'\\]+:[^\s/@\"'\\]*(?=@)"),
    )
    for hint in hints
)
_PIECES: Final = {
    ":": re.compile(rf":{_WORD}{{30}}"),
    ".": re.compile(rf"\.{_WORD}{{6}}\.{_WORD}{{27}}"),
}
"""What begins with a hint in a credential, to be found without a look at every character."""
_IN_QUERY: Final = re.compile(
    r"=(?i:(?<=[?&]token=)|(?<=[?&]key=)|(?<=[?&]secret=)|(?<=[?&]sig=)|(?<=_token=)"
    # The key of a session opens nothing.
    r"|(?<=_key=)(?<!session_key=)|(?<=apikey=)|(?<=password=)|(?<=signature=))[^&\s\"'\\]+"
)


def spellings(secrets: Iterable[str]) -> list[str]:
    """Return how secrets may stand in a text, the longest first; without those that are too short.

    So that a secret that contains another goes as a whole. It may stand in an address, in JSON, and
    in a text (a body, a `repr`) that stands in JSON.
    """
    known = {secret for secret in secrets if len(secret) >= SHORTEST_SECRET}
    quoted = {quote(secret, safe=safe, errors="replace") for secret in known for safe in ("", "/")}
    shown = known | {repr(secret)[1:-1] for secret in known}
    escaped = _escaped(shown)
    return sorted(shown | quoted | escaped | _escaped(escaped), key=len, reverse=True)


def _escaped(texts: Iterable[str]) -> set[str]:
    return {json.dumps(text, ensure_ascii=ascii)[1:-1] for text in texts for ascii in _ASCII}


class Redaction:
    """Cleans text of `secrets` and of what is shaped like one."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._secrets = spellings(secrets)

    def __call__(self, text: str) -> str:
        """Return `text` without them."""
        for secret in self._secrets:
            text = text.replace(secret, REDACTED)
        for hint, shape in _SHAPES:
            if hint in text and (hint not in _PIECES or _PIECES[hint].search(text)):
                text = shape.sub(REDACTED, text)
        return _IN_QUERY.sub(f"={REDACTED}", text) if "=" in text else text
