"""The child process that serves the embedded model over an OpenAI-compatible HTTP API.

A process of its own, so that generating never shares the gateway's interpreter and a crash of the
native code is not a crash of the gateway. Its standard input is its leash: the first line tells
what to serve, and its end, which also a killed parent brings about, ends the process.

    stdin   {"path": <GGUF file>, "alias": <model id>, "api_key": <secret>,
             "context_tokens": <int>, "max_tokens": <int>}
    stdout  {"url": "http://127.0.0.1:<port>"} once the model is loaded
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any, Final

import xllamacpp

SLOTS: Final = 4
"""Answers generated at the same time; further requests wait in the model server."""
MAX_THREADS: Final = 4
WARNINGS: Final = 2
"""llama.cpp's log level: nothing is written for a request that goes well."""
TEMPERATURE: Final = 0.0
"""The same question gets the same words, so that a run whose worker died goes on in its stream
where it stopped; a request may say otherwise."""
REPEAT_PENALTY: Final = 1.1
"""Without one a model of this size falls into repeating a sentence."""


def parameters(order: dict[str, Any]) -> Any:
    """Return the server's settings: CPU only, a free port of loopback, closed without the key."""
    params = xllamacpp.CommonParams()
    params.model.path = order["path"]
    params.model_alias = [order["alias"]]
    params.api_keys = [order["api_key"]]
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.n_gpu_layers = 0
    params.n_parallel = SLOTS
    params.kv_unified = True
    params.n_ctx = order["context_tokens"]
    params.n_predict = order["max_tokens"]
    params.cpuparams.n_threads = min(os.cpu_count() or 1, MAX_THREADS)
    params.sampling.temp = TEMPERATURE
    params.sampling.penalty_repeat = REPEAT_PENALTY
    params.verbosity = WARNINGS
    params.ui = False
    # Fitting to the memory of a GPU takes a third of the loading time, for nothing.
    params.fit_params = False
    return params


def main() -> None:
    """Serve until standard input ends."""
    server = xllamacpp.Server(parameters(json.loads(sys.stdin.readline())))
    print(json.dumps({"url": server.listening_address}), flush=True)
    sys.stdin.read()
    # There is nothing to save, and taking the native server down in order was seen to hang.
    os._exit(0)


if __name__ == "__main__":
    main()
