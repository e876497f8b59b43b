"""`openclaw-gateway`: see `openclaw-gateway --help`."""

from __future__ import annotations

import os
from pathlib import Path

from openclaw_cli.app import app
from openclaw_cli.surroundings import Surroundings


def main() -> None:
    """Run the command line; ends the process with the command's exit status."""
    app(obj=Surroundings(os.environ, Path.cwd()))  # noqa: TID251 - the composition root


if __name__ == "__main__":
    main()
