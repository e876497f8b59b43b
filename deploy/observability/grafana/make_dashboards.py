"""Writes the dashboards: `python deploy/observability/grafana/make_dashboards.py`.

They are JSON of Grafana's schema 39 (https://grafana.com/docs/grafana/latest/dashboards/
build-dashboards/view-dashboard-json-model/), made here so that a metric is named once and a panel
is a few lines. A test holds the files to this script and its queries to the instruments.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from boards import DASHBOARDS
from panels import HEIGHT, METRICS, WIDTH, Dashboard, Panel

FOLDER: Final = Path(__file__).parent / "dashboards"


def as_json(dashboard: Dashboard) -> dict[str, Any]:
    """Return Grafana's model of a dashboard."""
    return {
        "uid": dashboard.uid,
        "title": dashboard.title,
        "tags": ["openclaw"],
        "timezone": "browser",
        "schemaVersion": 39,
        "editable": False,
        "refresh": "30s",
        "time": {"from": "now-1h", "to": "now"},
        "links": [
            {
                "type": "dashboards",
                "tags": ["openclaw"],
                "asDropdown": True,
                "title": "Gateway",
                "includeVars": False,
                "keepTime": True,
            }
        ],
        "templating": {"list": [_variable(*variable) for variable in dashboard.variables]},
        "panels": list(_panels(dashboard)),
    }


def _variable(name: str, query: str) -> dict[str, Any]:
    if not query:
        return {"type": "textbox", "name": name, "label": name, "query": ""}
    return {
        "type": "query",
        "name": name,
        "label": name,
        "datasource": METRICS,
        "query": {"query": query, "refId": name},
        "refresh": 2,
        "sort": 1,
    }


def _panels(dashboard: Dashboard) -> Iterator[dict[str, Any]]:
    y, number = 0, 1
    for extra in dashboard.extra:
        yield {"id": number, **extra}
        number, y = number + 1, y + HEIGHT
    for title, panels in dashboard.rows:
        place = {"x": 0, "y": y, "w": WIDTH, "h": 1}
        yield {"id": number, "type": "row", "title": title, "gridPos": place, "panels": []}
        number, x, y = number + 1, 0, y + 1
        for panel in panels:
            if x + panel.width > WIDTH:
                x, y = 0, y + HEIGHT
            place = {"x": x, "y": y, "w": panel.width, "h": HEIGHT}
            yield {"id": number, **_panel(panel), "gridPos": place}
            number, x = number + 1, x + panel.width
        y += HEIGHT


def _panel(panel: Panel) -> dict[str, Any]:
    return {
        "type": panel.kind,
        "title": panel.title,
        "description": panel.text,
        "datasource": METRICS,
        "fieldConfig": {"defaults": {"unit": panel.unit, "min": 0}, "overrides": []},
        "targets": [
            {
                "refId": chr(ord("A") + index),
                "expr": expression,
                "legendFormat": legend,
                "datasource": METRICS,
            }
            for index, (legend, expression) in enumerate(panel.queries.items())
        ],
    }


def files() -> dict[str, str]:
    """Return the content of each file."""
    return {
        f"{dashboard.uid}.json": json.dumps(as_json(dashboard), indent=2) + "\n"
        for dashboard in DASHBOARDS
    }


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, text in files().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
