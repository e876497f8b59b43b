"""What a curl command of a document sends; a machine that runs the tests need not have curl."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True)
class Curl:
    """One request."""

    method: str
    url: str
    headers: dict[str, str]
    data: str | None

    @classmethod
    def parse(cls, command: str) -> Self:
        """Read the flags that the documents use: -X, -H, -d, --data-binary, -i, -s, -S, -N."""
        words = shlex.split(command.replace("\\\n", " "))
        assert words[0] == "curl", command
        method, url, data, headers = "GET", "", None, {}
        arguments = iter(words[1:])
        for word in arguments:
            if word == "-X":
                method = next(arguments)
            elif word == "-H":
                name, _, value = next(arguments).partition(":")
                headers[name] = value.strip()
            elif word in ("-d", "--data-binary"):
                data, method = next(arguments), "POST"
            elif not re.fullmatch("-[isSN]+", word):
                url = word
        return cls(method, url, headers, data)
