"""docs/metrics.md, dashboards and rules speak of the instruments that there are."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import yaml

from openclaw_common.runtime.metrics.instruments import INSTRUMENTS, Instrument
from tests.integration.observability.demo import DASHBOARDS, OBSERVABILITY, queries

ROOT = Path(__file__).resolve().parents[3]
DOCUMENT = ROOT / "docs" / "metrics.md"
METRIC = re.compile(r"\b(?:openclaw|gen_ai|http|process)_[a-z_]+\b")
RECORDED = re.compile(r"\bopenclaw:[a-z_:0-9]+")


def row(instrument: Instrument) -> list[str]:
    labels = ", ".join(f"`{label.replace('.', '_')}`" for label in instrument.labels) or "\u2013"
    name = f"`{instrument.prometheus}`"
    return [name, instrument.kind, labels, instrument.description, f"`{instrument.name}`"]


def test_every_instrument_is_a_row_of_the_document_and_the_other_way_round() -> None:
    lines = DOCUMENT.read_text(encoding="utf-8").splitlines()
    rows = [line for line in lines if line.startswith("| `") and line.count("|") == 6]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in rows]
    assert cells == [row(instrument) for instrument in INSTRUMENTS]


def rules() -> list[dict[str, str]]:
    found = []
    for name in ("gateway.rules.yml", "gateway.alerts.yml"):
        groups = yaml.safe_load((OBSERVABILITY / "rules" / name).read_text("utf-8"))["groups"]
        found += [rule for group in groups for rule in group["rules"]]
    return found


def test_dashboards_and_rules_ask_for_metrics_that_there_are() -> None:
    known = {
        instrument.prometheus + end
        for instrument in INSTRUMENTS
        for end in (("_bucket", "_sum", "_count") if instrument.buckets else ("",))
    }
    labels = {label.replace(".", "_") for each in INSTRUMENTS for label in each.labels}
    expressions = [query.expression for query in queries()] + [rule["expr"] for rule in rules()]
    asked = {name for text in expressions for name in METRIC.findall(RECORDED.sub("", text))}
    assert asked - labels - known == set()
    recorded = {rule["record"] for rule in rules() if "record" in rule}
    assert {name for text in expressions for name in RECORDED.findall(text)} <= recorded


def test_the_dashboards_are_what_the_script_makes(tmp_path: Path) -> None:
    script = DASHBOARDS.parent / "make_dashboards.py"
    code = "import make_dashboards, json; print(json.dumps(make_dashboards.files()))"
    made = subprocess.run(
        [sys.executable, "-c", code], cwd=script.parent, capture_output=True, check=True, text=True
    )
    kept = {path.name: path.read_text(encoding="utf-8") for path in DASHBOARDS.glob("*.json")}
    assert yaml.safe_load(made.stdout) == kept


def test_every_alert_says_what_people_notice_and_what_to_do() -> None:
    for rule in rules():
        if "alert" in rule:
            assert rule["labels"]["severity"] in {"page", "warning"}  # type: ignore[index]
            assert {"summary", "description"} <= set(rule["annotations"])
