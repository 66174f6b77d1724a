"""The dashboard's queries, run as Grafana would run them."""

from __future__ import annotations

import json
import time
import urllib.parse
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, List

DASHBOARD = Path(__file__).resolve().parents[1] / "dashboard.json"


@dataclass(frozen=True)
class Query:
    panel: str
    unit: str
    legend: str
    expression: str  # with Grafana's variables in it
    instant: bool


def queries() -> List[Query]:
    """Every target of every panel."""
    found = []
    for panel in json.loads(DASHBOARD.read_text())["panels"]:
        unit = panel.get("fieldConfig", {}).get("defaults", {}).get("unit", "")
        for target in panel.get("targets", []):
            found.append(Query(panel["title"], unit, target["legendFormat"], target["expr"], target["queryType"] == "instant"))
    return found


def filled_in(expression: str, interval: str, span: str, **variables: str) -> str:
    """With the variables' defaults, or `variables` in their place."""
    values = {"$__interval": interval, "$__range": span, "$function_name": ".+", "$request_id": ".*", "$log_type": ".*",
              "$search": "", "$slow_ms": "20", **{f"${name}": value for name, value in variables.items()}}
    for name in sorted(values, key=len, reverse=True):
        expression = expression.replace(name, values[name])
    if "$" in expression:
        raise ValueError(f"a variable that nobody knows: {expression}")
    return expression


def run(url: str, query: Query, minutes: int, interval: str = "1m", **variables: str) -> List[Dict[str, Any]]:
    """Loki's `result` over the last `minutes`."""
    now = time.time_ns() + 1_000_000_000
    parameters: Dict[str, Any] = {"query": filled_in(query.expression, interval, f"{minutes}m", **variables), "limit": 1000}
    if query.instant:
        parameters["time"] = now
    else:
        parameters.update(start=now - minutes * 60_000_000_000, end=now, step=interval)
    path = "query" if query.instant else "query_range"
    with urllib.request.urlopen(f"{url}/loki/api/v1/{path}?{urllib.parse.urlencode(parameters)}", timeout=60) as answer:
        result: List[Dict[str, Any]] = json.loads(answer.read())["data"]["result"]
        return result
