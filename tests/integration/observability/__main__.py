"""`make dashboards`: promtool over the rules, then every dashboard query in a real Prometheus."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.integration.observability.demo import OBSERVABILITY, empty_queries

CHECKS = (
    ("promtool", "check", "config", "prometheus.yml"),
    ("promtool", "test", "rules", "rules/gateway.tests.yml"),
)


def main() -> int:
    """Return 0 when all is well, 1 with what is not."""
    for check in CHECKS:
        try:
            if subprocess.run(check, cwd=OBSERVABILITY, check=False).returncode:
                return 1
        except FileNotFoundError:
            print("promtool is missing; on Debian and Ubuntu: apt install prometheus")
            return 1
    with tempfile.TemporaryDirectory() as folder:
        asked, empty = asyncio.run(empty_queries(Path(folder)))
    print(f"{asked - len(empty)} of {asked} dashboard queries return data")
    print("\n".join(empty))
    return 1 if empty else 0


if __name__ == "__main__":
    sys.exit(main())
