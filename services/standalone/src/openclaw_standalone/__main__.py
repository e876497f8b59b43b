"""`openclaw-standalone`: the whole gateway in one process; `openclaw-gateway up` is the same."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from openclaw_standalone.command import run
from openclaw_standalone.setup import Options


def main(argv: Sequence[str] | None = None) -> int:
    """Run until told to stop; 0 after a drain, 1 when it cannot go on, 2 for bad settings."""
    parser = argparse.ArgumentParser(prog="openclaw-standalone", description=__doc__)
    parser.add_argument("--config", type=Path, help="configuration file")
    parser.add_argument("--port", type=int, help="TCP port; 0 lets the system choose")
    parser.add_argument("--json", action="store_true", help="report the start as one line of JSON")
    arguments = parser.parse_args(argv)
    options = Options(arguments.config, arguments.port, arguments.json)
    return run(options, os.environ, Path.cwd(), sys.stdout)  # noqa: TID251 - composition root


if __name__ == "__main__":
    sys.exit(main())
