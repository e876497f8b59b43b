"""`./.openclaw`: what one standalone gateway keeps between two starts.

gateway-token    the generated token, if none is configured
gateway-url      where the gateway of this folder listens; there only while it runs
valkey/          data, log, lock and socket of the embedded Valkey
model.log        what the embedded model server says
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Final

from openclaw_standalone.errors import StartError

NAME: Final = ".openclaw"
TOKEN_BYTES: Final = 24


class StateFolder:
    """The folder, readable by its owner alone; it is made when something is first kept in it."""

    def __init__(self, root: Path) -> None:
        self.path = root / NAME
        self.token_path = self.path / "gateway-token"
        self.url_path = self.path / "gateway-url"
        self.valkey = self.path / "valkey"
        self.model_log = self.path / "model.log"

    def create(self) -> None:
        """Make the folder; raises StartError where that is not allowed."""
        try:
            self.path.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise StartError(
                f"{self.path} cannot be made ({error.strerror}); start the gateway in a folder "
                "that you may write to"
            ) from error

    def token(self) -> str:
        """Return the token kept here; the first call makes one."""
        try:
            kept = self.token_path.read_text(encoding="utf-8").strip()
        except FileNotFoundError:
            kept = ""
        return kept or self._new_token()

    def _new_token(self) -> str:
        token = secrets.token_hex(TOKEN_BYTES)
        draft = self.token_path.with_suffix(".new")
        draft.unlink(missing_ok=True)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(token + "\n")
        draft.replace(self.token_path)
        return token

    def announce(self, url: str) -> None:
        """Write down where the gateway listens, for commands that run in the same folder."""
        self.url_path.write_text(url + "\n", encoding="utf-8")

    def withdraw(self) -> None:
        """Take back what `announce` wrote."""
        self.url_path.unlink(missing_ok=True)
