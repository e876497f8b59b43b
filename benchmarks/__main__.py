"""`python -m benchmarks [NAME…]`: run benchmarks on this machine and print what was measured."""

from __future__ import annotations

import argparse
import asyncio
import json
import platform
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

import uvloop

from benchmarks import cells, chat, deliveries, hooks, providers, queue, sizing, telemetry, tenants
from benchmarks.figures import Figure

BENCHMARKS: dict[str, Callable[[Path], Awaitable[list[Figure]]]] = {
    "queue": queue.run,
    "first-token": chat.first_token,
    "short-runs": chat.short_runs,
    "tokens": chat.tokens,
    "providers": providers.run,
    "deliveries": deliveries.run,
    "hooks": hooks.run,
    "tenants": tenants.run,
    "sizing": sizing.run,
    "cells": cells.run,
    "telemetry": telemetry.run,
}


async def _main(names: list[str], *, as_json: bool) -> None:
    report = {}
    for name in names:
        if not as_json:
            print(f"{name} …", flush=True)
        with tempfile.TemporaryDirectory(prefix="openclaw-bench-") as folder:
            figures = await BENCHMARKS[name](Path(folder))
        report[name] = [figure.to_wire() for figure in figures]
        if not as_json:
            for figure in figures:
                print(f"  {figure}", flush=True)
    if as_json:
        json.dump({"python": platform.python_version(), "figures": report}, sys.stdout, indent=2)
        print()


def main() -> None:
    """Parse the command line and run."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHMARKS))
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    args = parser.parse_args()
    if unknown := set(args.names) - set(BENCHMARKS):
        parser.error(f"unknown benchmark {sorted(unknown)[0]!r}; known: {', '.join(BENCHMARKS)}")
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_main(args.names or list(BENCHMARKS), as_json=args.json))


if __name__ == "__main__":
    main()
