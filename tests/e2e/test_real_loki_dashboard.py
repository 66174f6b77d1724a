"""The dashboard and the rules in layer/grafana against a real Loki that the extension has filled: every query returns data,
the ruler takes every rule, and the alerts fire."""

from __future__ import annotations

import json
import random
import re
import shutil
import sys
import tempfile
import time
import unittest
import urllib.request
from pathlib import Path
from typing import Any, Dict, List

from support import EMULATED, ROOT, binary, sleipnir

from real_loki import LokiUnavailable, RealLoki

GRAFANA = ROOT / "layer" / "grafana"
sys.path.insert(0, str(GRAFANA / "picture"))

import queries  # noqa: E402
from traffic import fill  # noqa: E402

MINUTES = 4
RULES = (GRAFANA / "rules.yaml").read_text()


@unittest.skipIf(EMULATED, "too much for an emulated processor")
class Dashboard(unittest.TestCase):
    loki: RealLoki

    @classmethod
    def setUpClass(cls) -> None:
        folder = Path(tempfile.mkdtemp(prefix="sleipnir-rules-"))
        cls.addClassCleanup(shutil.rmtree, folder, ignore_errors=True)
        rules = folder / "rules" / "fake" / "sleipnir.yaml"
        rules.parent.mkdir(parents=True)
        rules.write_text(RULES.replace("interval: 1m", "interval: 1s"))
        try:
            loki = RealLoki(settings={"ruler": {
                "storage": {"type": "local", "local": {"directory": str(folder / "rules")}},
                "rule_path": str(folder / "scratch"), "poll_interval": "1s", "enable_api": True}})
        except LokiUnavailable as reason:
            raise unittest.SkipTest(f"REAL LOKI NOT AVAILABLE: {reason}")
        cls.loki = loki.start()
        cls.addClassCleanup(cls.loki.stop)
        seed = random.randrange(2**32)
        print(f"seed {seed}", flush=True)
        fill(cls.loki.url, binary(), MINUTES, seed)

    def results(self, query: queries.Query, **variables: str) -> List[Dict[str, Any]]:
        return queries.run(self.loki.url, query, MINUTES + 2, **variables)

    def named(self, title: str) -> List[queries.Query]:
        found = [query for query in queries.queries() if query.panel == title]
        self.assertTrue(found, title)
        return found

    def value(self, title: str, **variables: str) -> float:
        (query,) = [query for query in self.named(title) if query.instant]
        return sum(float(series["value"][1]) for series in self.results(query, **variables))

    def test_every_query_returns_data(self) -> None:
        self.assertGreater(len(queries.queries()), 20)
        for query in queries.queries():
            with self.subTest(panel=query.panel, expression=query.expression):
                self.assertTrue(self.results(query))

    def test_what_the_numbers_say_happened(self) -> None:
        ours = "orders|billing"
        stored = self.loki.query(f'{{function_name=~"{ours}"}} | log_type="platform"')
        records = [json.loads(entry.line) for entry in stored]
        of_type = [record["type"] for record in records]
        statuses = [record["status"] for record in records if record["type"] == "platform.runtimeDone"]
        self.assertEqual(of_type.count("platform.start"), self.value("Invocations", function_name=ours))
        self.assertEqual(statuses.count("error"), self.value("Errors", function_name=ours))
        self.assertEqual(statuses.count("timeout"), self.value("Timeouts", function_name=ours))
        self.assertEqual(of_type.count("platform.initStart"), self.value("Cold starts", function_name=ours))
        self.assertEqual(14, self.value("Records lost by Lambda", function_name=ours))  # seven of each function
        dropped = [sum(json.loads(entry.line)["dropped"].values())
                   for entry in self.loki.query(f'{{function_name=~"{ours}"}} | log_type="extension"')]
        self.assertGreater(self.value("Records dropped", function_name=ours), 0)
        self.assertGreaterEqual(max(dropped) * 2, self.value("Records dropped", function_name=ours))

    def test_errors_on_managed_instances_are_told_by_their_reports(self) -> None:
        with sleipnir({"LOKI_ENDPOINT": self.loki.url, "LOKI_FLUSH_INTERVAL_MS": "100"}, function_name="managed",
                      init_type="lambda-managed-instances", handler_error_status="error") as lam:
            self.assertIsNone(lam.init())
            for error_type in (None, "Function.Oops", None, "Function.Oops"):
                lam.invoke(lines=["x"], error_type=error_type)
            lam.shutdown("spindown")
        self.loki.wait_for('{function_name="managed"} |= "platform.report"', 4)
        self.assertEqual(4, self.value("Invocations", function_name="managed"))
        self.assertEqual(2, self.value("Errors", function_name="managed"))

    def test_the_variables_narrow_every_panel(self) -> None:
        for query in queries.queries():
            with self.subTest(panel=query.panel):
                self.assertIn("$function_name", query.expression)
                self.assertEqual([], self.results(query, function_name="no-such-function"))

    def test_a_request_id_leads_to_the_logs_of_that_request_alone(self) -> None:
        (slow,) = self.named("Slow requests")
        request_id = self.results(slow)[0]["stream"]["request_id"]
        (logs,) = self.named("Logs")
        found = self.results(logs, request_id=request_id)
        self.assertTrue(found)
        self.assertEqual({request_id}, {stream["stream"]["request_id"] for stream in found})

    def test_slow_requests_are_those_above_the_limit(self) -> None:
        (slow,) = self.named("Slow requests")
        took = [float(stream["stream"]["duration_ms"]) for stream in self.results(slow, slow_ms="0")]
        limit = sorted(took)[len(took) // 2]
        self.assertEqual(sum(each > limit for each in took), len(self.results(slow, slow_ms=str(limit))))

    def test_no_query_makes_a_series_of_every_request(self) -> None:
        # Loki refuses a metric query of more than 500 series.
        for query in queries.queries():
            self.assertNotRegex(query.expression, r"by \([^)]*request_id")

    def test_the_dashboard_is_what_grafana_imports(self) -> None:
        dashboard = json.loads((GRAFANA / "dashboard.json").read_text())
        for name in ("uid", "title", "schemaVersion", "panels", "templating", "time"):
            self.assertIn(name, dashboard)
        ids = [panel["id"] for panel in dashboard["panels"]]
        self.assertEqual(len(ids), len(set(ids)))
        names = {variable["name"] for variable in dashboard["templating"]["list"]}
        self.assertLessEqual({"datasource", "function_name"}, names)
        known = names | {"__interval", "__range", "__data", "__url_time_range"}
        for name in re.findall(r"\$\{?(\w+)", json.dumps(dashboard["panels"])):
            self.assertIn(name, known)
        places = set()
        for panel in dashboard["panels"]:
            at = panel["gridPos"]
            cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
            self.assertFalse(places & cells, panel["title"])
            self.assertLessEqual(at["x"] + at["w"], 24)
            places |= cells
            for target in panel.get("targets", []):
                self.assertEqual({"type": "loki", "uid": "${datasource}"}, target["datasource"])

    def rules(self) -> List[Dict[str, Any]]:
        with urllib.request.urlopen(self.loki.url + "/prometheus/api/v1/rules", timeout=30) as answer:
            groups = json.loads(answer.read())["data"]["groups"]
        return [rule for group in groups for rule in group["rules"]]

    def test_the_ruler_takes_every_rule_and_every_expression_returns_data(self) -> None:
        written = re.findall(r"- (?:alert|record): (\S+)", RULES)
        deadline = time.monotonic() + 60
        while len(self.rules()) < len(written) and time.monotonic() < deadline:
            time.sleep(0.2)
        rules = self.rules()
        self.assertEqual(written, [rule["name"] for rule in rules])
        for rule in rules:
            with self.subTest(rule=rule["name"]):
                query = queries.Query(rule["name"], "", "", re.sub(r"\[1m\]", f"[{MINUTES + 2}m]", rule["query"]), True)
                self.assertTrue(queries.run(self.loki.url, query, MINUTES + 2), rule["query"])

    def test_the_alerts_fire(self) -> None:
        expected = set(re.findall(r"- alert: (\S+)", RULES))
        self.assertEqual(4, len(expected))
        deadline = time.monotonic() + 60
        firing: set = set()
        while firing != expected and time.monotonic() < deadline:
            time.sleep(0.2)
            firing = {rule["name"] for rule in self.rules() if rule.get("state") == "firing"}
        self.assertEqual(expected, firing, [(rule["name"], rule.get("health"), rule.get("lastError")) for rule in self.rules()])


if __name__ == "__main__":
    unittest.main()
