"""Why a stranger's URL was not fetched.

    EgressError
    ├── UrlRefused        the URL itself: scheme, credentials, port, spelling of the host
    ├── AddressRefused    the host is not public
    ├── HostUnresolved    the host has no address at all
    ├── RedirectRefused   too many redirects, one without a target, or one from https to http
    ├── Unreachable       no connection, or not HTTP
    ├── TimedOut          a time limit ran out; nothing was sent but a question
    ├── Unanswered        a POST was on its way and no answer came: it may have arrived
    ├── BadStatus         the answer is no success; `status` says which
    ├── ContentRefused    media type or content encoding
    └── TooLarge          more bytes than allowed, also after decompression

Messages are fit for the stranger: no resolved address, and the same words for a host that is not
public as for one that does not exist, so that names of the inside cannot be found by asking.
"""

from __future__ import annotations

from typing import Final

NOT_PUBLIC: Final = "This host has no public address."


class EgressError(Exception):
    """The URL was not fetched; the text says why."""


class UrlRefused(EgressError):
    """The URL itself is refused."""


class AddressRefused(EgressError):
    """The host is not public."""

    def __init__(self) -> None:
        super().__init__(NOT_PUBLIC)


class HostUnresolved(EgressError):
    """The host has no address."""

    def __init__(self) -> None:
        super().__init__(NOT_PUBLIC)


class RedirectRefused(EgressError):
    """A redirect was not followed."""


class Unreachable(EgressError):
    """The host could not be reached, or did not answer with HTTP."""

    def __init__(self) -> None:
        super().__init__("The host could not be reached, or its answer is not HTTP.")


class TimedOut(EgressError):
    """A time limit ran out."""

    def __init__(self) -> None:
        super().__init__("The host did not answer in time.")


class Unanswered(EgressError):
    """A POST was on its way and no answer came: it may have arrived."""

    def __init__(self) -> None:
        super().__init__("The host did not answer what was sent to it.")


class BadStatus(EgressError):
    """The answer is no success."""

    def __init__(self, status: int) -> None:
        super().__init__(f"The host answered with status {status}.")
        self.status = status


class ContentRefused(EgressError):
    """The answer's media type or content encoding is not allowed."""


class TooLarge(EgressError):
    """The answer has more bytes than allowed."""

    def __init__(self, max_bytes: int) -> None:
        super().__init__(f"The answer is larger than {max_bytes} bytes.")
