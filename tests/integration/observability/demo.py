"""Whether every query of every dashboard finds something, after a load, in a real Prometheus."""

from __future__ import annotations

import asyncio
import json
import math
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import aiohttp
import yaml

from tests.harness.observed import ObservedGateway
from tests.harness.processes import ROOT, Process, free_port, start

OBSERVABILITY: Final = ROOT / "deploy" / "observability"
DASHBOARDS: Final = OBSERVABILITY / "grafana" / "dashboards"
SCRAPE_S: Final = 1
START_LIMIT_S: Final = 30
FILLED: Final[Mapping[str, str]] = {"$__rate_interval": "1m", "$__range": "5m"}
QUEUES: Final = ("runs", "deliveries")
_METRIC: Final = re.compile(r"\b(?:openclaw|gen_ai|http|process)_[a-z_]+\b")


@dataclass(frozen=True, slots=True)
class Query:
    """One PromQL query of a panel."""

    dashboard: str
    panel: str
    expression: str

    @property
    def metrics(self) -> set[str]:
        """The names of metrics in it; recording rules are none."""
        return set(_METRIC.findall(re.sub(r"openclaw:[a-z_:0-9]+", "", self.expression)))

    def filled(self) -> Iterator[str]:
        """Yield it with its variables filled in."""
        text = self.expression
        for name, value in FILLED.items():
            text = text.replace(name, value)
        for queue in QUEUES if "$queue" in text else ("",):
            yield text.replace("$queue", queue)


def queries() -> Iterator[Query]:
    """Yield the queries of all dashboards."""
    for path in sorted(DASHBOARDS.glob("*.json")):
        board = json.loads(path.read_text(encoding="utf-8"))
        for panel in board["panels"]:
            for target in panel.get("targets", []):
                if target["datasource"]["type"] == "prometheus":
                    yield Query(board["title"], panel["title"], target["expr"])


def configuration(gateway: ObservedGateway) -> dict[str, Any]:
    """Return our Prometheus configuration, scraping this gateway's processes instead."""
    config: dict[str, Any] = yaml.safe_load((OBSERVABILITY / "prometheus.yml").read_text("utf-8"))
    config["global"] = dict.fromkeys(("scrape_interval", "evaluation_interval"), f"{SCRAPE_S}s")
    config["rule_files"] = [str(OBSERVABILITY / name) for name in config["rule_files"]]
    (job,) = config["scrape_configs"]
    del job["dns_sd_configs"], job["relabel_configs"]
    job["static_configs"] = [
        {"targets": [f"127.0.0.1:{port}"], "labels": {"service": role}}
        for role, port in gateway.ports.items()
    ]
    return config


class Prometheus:
    """A running Prometheus."""

    def __init__(self, process: Process, url: str, http: aiohttp.ClientSession) -> None:
        self._process = process
        self._url = url
        self._http = http

    async def query(self, expression: str) -> list[float]:
        """Return the values of an instant query."""
        async with self._http.get(
            f"{self._url}/api/v1/query", params={"query": expression}
        ) as answer:
            body = await answer.json()
        if body["status"] != "success":
            raise AssertionError(f"{expression}: {body['error']}")
        return [float(sample["value"][1]) for sample in body["data"]["result"]]

    async def until(self, expression: str, least: int) -> None:
        """Return once a query has at least so many results."""
        try:
            async with asyncio.timeout(START_LIMIT_S):
                while True:
                    try:
                        if len(await self.query(expression)) >= least:
                            return
                    except aiohttp.ClientError:
                        pass
                    await asyncio.sleep(0.1)
        except TimeoutError:
            raise AssertionError(f"{expression}\n{self._process.tail()}") from None


@asynccontextmanager
async def prometheus(gateway: ObservedGateway, folder: Path) -> Any:
    """Run Debian's Prometheus over `gateway`."""
    program = shutil.which("prometheus")
    if program is None:
        raise SystemExit("Prometheus is missing; on Debian and Ubuntu: apt install prometheus")
    path = folder / "prometheus.yml"
    path.write_text(yaml.safe_dump(configuration(gateway)), encoding="utf-8")
    url = f"127.0.0.1:{free_port()}"
    process = start(
        "prometheus",
        [
            program,
            f"--config.file={path}",
            f"--storage.tsdb.path={folder / 'tsdb'}",
            f"--web.listen-address={url}",
        ],
        folder,
    )
    try:
        async with aiohttp.ClientSession() as http:
            yield Prometheus(process, f"http://{url}", http)
    finally:
        await process.end()


async def empty_queries(folder: Path) -> tuple[int, list[str]]:
    """Put a load on a gateway; return how many queries were asked, and which found nothing."""
    async with ObservedGateway(folder) as gateway, prometheus(gateway, folder) as server:
        await server.until('up{job="openclaw-gateway"} == 1', len(gateway.ports))
        # A rate needs a series to grow while it is watched.
        for _ in range(2):
            await gateway.load()
            scraped = "count_over_time(up[1h])"
            seen = max(await server.query(scraped))
            await server.until(f"{scraped} >= {seen + 2}", len(gateway.ports))
        asked, empty = 0, []
        for query in queries():
            for expression in query.filled():
                asked += 1
                found = await server.query(expression)
                if not [value for value in found if not math.isnan(value)]:
                    empty.append(f"{query.dashboard} · {query.panel}: {expression}")
        return asked, empty
