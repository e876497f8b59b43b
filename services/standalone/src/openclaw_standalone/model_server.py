"""`openclaw-model`: the embedded model on a port, for gateways that run as several processes.

The same server as `model_process`, without its leash and for whoever can reach it: it belongs in a
private network. `GET /health` answers 200 once the model is loaded, `/v1` is OpenAI's API.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Sequence
from typing import Final

from openclaw_standalone.embedded_model import (
    CONTEXT_TOKENS,
    MAX_ANSWER_TOKENS,
    MODEL,
    model_path,
)
from openclaw_standalone.errors import StartError

API_KEY: Final = "local-model"
"""What requests have to carry; no secret, but the server wants one."""


def main(argv: Sequence[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT; returns 1 where no model is installed."""
    parser = argparse.ArgumentParser(prog="openclaw-model", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, default=18792, help="TCP port")
    parser.add_argument("--api-key", default=API_KEY, help="what requests have to carry")
    arguments = parser.parse_args(argv)
    try:
        order = {
            "path": str(model_path()),
            "alias": MODEL,
            "api_key": arguments.api_key,
            "context_tokens": CONTEXT_TOKENS,
            "max_tokens": MAX_ANSWER_TOKENS,
        }
    except StartError as error:
        print(error, file=sys.stderr)
        return 1
    signals = {signal.SIGTERM, signal.SIGINT}
    # Before the native threads start, which would otherwise take the signal.
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    # The native library is loaded only by a process that serves.
    import xllamacpp

    from openclaw_standalone.model_process import parameters

    settings = parameters(order)
    settings.hostnames = [arguments.host]
    settings.port = arguments.port
    server = xllamacpp.Server(settings)
    print(f"{MODEL} on {server.listening_address}", flush=True)
    signal.sigwait(signals)
    # As in `model_process`: taking the native server down in order was seen to hang.
    os._exit(0)


if __name__ == "__main__":
    sys.exit(main())
