"""How Signal targets are written, and the one form in which they are kept.

+4915112345678                       the number
uuid:<id>  <id>                      the id in lower case
group:<id>  group.<encoded id>       group:<id>, in base64
username:<name>  u:<name>            username:<name>
any other word                       a name of `channels.signal.aliases`

`signal:` may stand before all of them.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import Final

from openclaw_channels.base import ChannelError

GROUP: Final = "group:"
USERNAME: Final = "username:"

_PREFIX: Final = re.compile(r"signal:", re.I)
_NUMBER: Final = re.compile(r"\+[1-9]\d{4,14}\Z", re.ASCII)
_UUID: Final = re.compile(r"(?:uuid:)?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\Z", re.I)
_GROUP: Final = re.compile(r"group:([A-Za-z0-9+/_-]{8,100}={0,2})\Z")
_ENCODED_GROUP: Final = re.compile(r"group\.([A-Za-z0-9+/_-]{8,200}={0,2})\Z")
_USERNAME: Final = re.compile(r"(?:username|u):([A-Za-z_]\w{2,31}\.\d{2,10})\Z", re.ASCII)
_ALIAS: Final = re.compile(r"[^\W\d_][\w .-]{0,63}\Z")
_HELP: Final = "write +<number>, uuid:<id>, group:<id>, username:<name> or an alias"


def parse_target(target: str) -> tuple[str, str | None]:
    """Return (`to`, None), Signal has no threads; raises ChannelError."""
    text = target.strip()
    bare = _PREFIX.sub("", text, count=1) if _PREFIX.match(text) else text
    to = _direct(bare) or _group(bare)
    if to is None and _ALIAS.match(bare):
        to = bare
    if to is None:
        raise ChannelError(f'"{text[:100]}" is no Signal target; {_HELP}')
    return to, None


def is_alias(to: str) -> bool:
    """Whether `to` is a name that the settings explain."""
    return _direct(to) is None and _group(to) is None


def _direct(text: str) -> str | None:
    if _NUMBER.match(text):
        return text
    if found := _UUID.match(text):
        return found[1].lower()
    found = _USERNAME.match(text)
    return f"{USERNAME}{found[1].lower()}" if found else None


def _group(text: str) -> str | None:
    if found := _GROUP.match(text):
        return GROUP + found[1].replace("-", "+").replace("_", "/")
    if found := _ENCODED_GROUP.match(text):
        try:
            inner = base64.b64decode(found[1], altchars=b"-_", validate=True).decode("ascii")
        except (binascii.Error, UnicodeDecodeError):
            return None
        return _group(GROUP + inner)
    return None
