"""`openclaw-ingress`: one replica of the HTTP ingress."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import uvloop

from openclaw_common.runtime.config import ConfigError
from openclaw_common.runtime.logs import LogSettingError
from openclaw_common.store.process import load_settings
from openclaw_ingress.service import serve

_logger = logging.getLogger("openclaw_ingress")


def main(argv: Sequence[str] | None = None) -> int:
    """Serve until told to stop; returns 0, 1 when the address cannot be had, 2 for bad settings."""
    arguments = _arguments(argv)
    environ = os.environ  # noqa: TID251 - the composition root
    try:
        loaded = load_settings(environ, arguments.config)
    except (ConfigError, LogSettingError) as error:
        print(error, file=sys.stderr)
        return 2
    for warning in loaded.warnings:
        _logger.warning("config.warning", extra={"warning": warning})
    try:
        uvloop.run(
            serve(
                loaded.config,
                environ,
                arguments.host,
                arguments.port,
                reuse_port=arguments.reuse_port,
            )
        )
    except ConfigError as error:
        print(error, file=sys.stderr)
        return 2
    except OSError as error:
        _logger.error("ingress.cannot_listen", extra={"reason": str(error)})
        return 1
    return 0


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="openclaw-ingress", description=__doc__)
    parser.add_argument("--config", type=Path, help="configuration file")
    parser.add_argument("--host", help="address to listen on")
    parser.add_argument("--port", type=int, help="TCP port; 0 lets the system choose")
    parser.add_argument("--reuse-port", action="store_true", help="share it with other processes")
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(main())
