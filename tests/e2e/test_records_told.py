"""What is told of a record beside its line: its time, whatever clocks say; request, trace, tenant, cold start; and the
records that were not wanted."""

from __future__ import annotations

import json
import re
import time
import unittest
from typing import Any, Callable, Dict, List

from support import Case, function_lines, sleipnir, stderr_of

from standin import LokiStandin

HOUR_NS = 3600 * 10**9
STAMP = "%Y-%m-%dT%H:%M:%S"


def event(line: str, stamp: str) -> bytes:
    return json.dumps({"time": stamp, "type": "function", "record": line + "\n"}).encode()


def ago(seconds: float) -> str:
    return time.strftime(STAMP, time.gmtime(time.time() - seconds)) + ".123Z"


class ToldCase(Case):
    def loki(self, clock_ns: Callable[[], int] = time.time_ns) -> LokiStandin:
        loki: LokiStandin = self.opened(LokiStandin(clock_ns=clock_ns))
        return loki

    def run_one(self, loki: LokiStandin, env: Dict[str, str], invocations: List[Dict[str, Any]], **config: Any) -> List[Any]:
        with sleipnir({"LOKI_ENDPOINT": loki.url, **env}, timeout_s=10, **config) as lam:
            self.assertIsNone(lam.init())
            results = [lam.invoke(**invocation) for invocation in invocations]
            lam.shutdown("spindown")
            self.assertEqual(0, lam.extension.exit_code)
            self.assertEqual("", stderr_of(lam))
        return results

    def function_entries(self, loki: LokiStandin) -> List[Any]:
        return [entry for entry in sorted(loki.entries, key=lambda entry: entry.ns)
                if entry.metadata["log_type"] == "function"]


class Times(ToldCase):
    def the_one(self, stamp: str) -> Any:
        """An event of that time, told now, beside others of now."""
        loki = self.loki()
        self.begun = time.time_ns() - 10**9
        self.run_one(loki, {}, [{"lines": ["before"], "raw_events": [event("it", stamp)], "late_lines": ["after"]}])
        entries = self.function_entries(loki)
        self.assertEqual({"before", "it", "after"}, {entry.line for entry in entries})
        self.assertEqual(3, len(entries))
        return next(entry for entry in entries if entry.line == "it")

    def assert_now(self, entry: Any) -> None:
        self.assertGreater(entry.ns, self.begun)
        self.assertLess(entry.ns, time.time_ns() + 10**9)

    def test_a_time_of_a_moment_ago_is_kept_to_its_millisecond(self) -> None:
        stamp = ago(120)
        entry = self.the_one(stamp)
        self.assertEqual(stamp, time.strftime(STAMP, time.gmtime(entry.ns // 10**9)) + f".{entry.ns // 10**6 % 1000:03d}Z")
        self.assertNotIn("event_time", entry.metadata)

    def test_a_time_that_is_none_becomes_that_of_arrival(self) -> None:
        entry = self.the_one("yesterday at noon")
        self.assert_now(entry)
        self.assertEqual("yesterday at noon", entry.metadata["event_time"])

    def test_a_time_that_cannot_be_becomes_that_of_arrival(self) -> None:
        for stamp in ("2261-01-01T00:00:00.000Z", "1970-01-01T00:00:00.000Z", ago(-3 * 3600), ago(30 * 86400)):
            with self.subTest(stamp):
                entry = self.the_one(stamp)
                self.assert_now(entry)
                self.assertEqual(stamp, entry.metadata["event_time"])

    def test_a_time_too_far_behind_its_stream_becomes_the_earliest_that_loki_takes(self) -> None:
        stamp = ago(3 * 3600)
        entry = self.the_one(stamp)
        self.assertGreater(entry.ns, time.time_ns() - HOUR_NS)
        self.assertEqual(stamp[:23], entry.metadata["event_time"][:23])

    def test_nothing_is_lost_to_an_environment_whose_clock_is_hours_ahead_of_lokis(self) -> None:
        loki = self.loki(lambda: time.time_ns() - 3 * HOUR_NS)
        self.run_one(loki, {}, [{"lines": [f"{n} of {i}" for n in range(5)]} for i in range(3)])
        self.assertEqual([f"{n} of {i}" for i in range(3) for n in range(5)], function_lines(loki.entries))
        for entry in loki.entries:
            self.assertLess(abs(entry.ns - (time.time_ns() - 3 * HOUR_NS)), 60 * 10**9)
            self.assertIn("event_time", entry.metadata)

    def test_nothing_is_lost_to_an_environment_whose_clock_is_hours_behind_its_siblings(self) -> None:
        loki = self.loki()
        self.run_one(loki, {}, [{"lines": ["a sibling's"]}])
        self.run_one(loki, {}, [{"lines": ["hours behind"]}], clock_offset_ms=-5 * 3_600_000)
        self.assertEqual({"a sibling's", "hours behind"}, set(function_lines(loki.entries)))
        behind = next(entry for entry in loki.entries if entry.line == "hours behind")
        self.assertIn("event_time", behind.metadata)
        self.assertEqual([], loki.duplicates)

    def test_a_late_report_keeps_its_own_time(self) -> None:
        loki = self.loki()
        with sleipnir({"LOKI_ENDPOINT": loki.url}, timeout_s=10) as lam:
            lam.clock_offset_ms = -40 * 60_000
            first = lam.invoke(lines=["x"]).request_id
            lam.clock_offset_ms = 0
            lam.invoke(lines=["y"])
            lam.shutdown("spindown")
        report = next(entry for entry in loki.entries if "platform.report" in entry.line and first in entry.line)
        self.assertLess(report.ns, time.time_ns() - 30 * 60 * 10**9)


class Metadata(ToldCase):
    def test_the_report_of_the_first_invocation_alone_tells_of_a_cold_start(self) -> None:
        loki = self.loki()
        results = self.run_one(loki, {}, [{"lines": ["x"]}] * 3)
        cold = [entry for entry in loki.entries if "cold_start" in entry.metadata]
        self.assertEqual([results[0].request_id], [entry.metadata["request_id"] for entry in cold])
        self.assertEqual("platform.report", json.loads(cold[0].line)["type"])
        self.assertEqual("true", cold[0].metadata["cold_start"])

    def test_a_restore_is_a_cold_start(self) -> None:
        loki = self.loki()
        results = self.run_one(loki, {}, [{"lines": ["x"]}] * 2, init_type="snap-start")
        cold = [entry.metadata["request_id"] for entry in loki.entries if "cold_start" in entry.metadata]
        self.assertEqual([results[0].request_id], cold)

    def test_a_trace_is_told_only_where_it_is_sampled(self) -> None:
        for sampled in (True, False):
            loki = self.loki()
            self.run_one(loki, {}, [{"lines": ["x"]}], xray_sampled=sampled)
            found = {entry.metadata.get("trace_id", "") for entry in loki.entries if "request_id" in entry.metadata}
            self.assertEqual(1, len(found))
            self.assertRegex(found.pop(), r"^[0-9a-f]{32}$" if sampled else r"^$")

    def test_a_tenant_is_told_with_every_record_of_its_requests(self) -> None:
        loki = self.loki()
        self.run_one(loki, {}, [{"lines": ["x"]}], tenant_id="acme")
        of_request = [entry for entry in loki.entries if "request_id" in entry.metadata]
        self.assertEqual(4, len(of_request))
        self.assertEqual({"acme"}, {entry.metadata["tenant_id"] for entry in of_request})


class Wanted(ToldCase):
    LINES = ["[DEBUG] looking", "[INFO] loaded", "[ERROR] gone", "of no level", '{"level":20,"msg":"pino looks"}',
             '{"level":"fatal","msg":"gone"}', "[WARNING] slow"]

    def types(self, loki: LokiStandin) -> List[str]:
        return [json.loads(entry.line)["type"] for entry in sorted(loki.entries, key=lambda entry: entry.ns)
                if entry.metadata["log_type"] == "platform"]

    def test_events_choose_what_is_shipped(self) -> None:
        invocation = {"lines": ["function's"], "extension_lines": ["another extension's"]}
        for events, wanted in (("function", {"function"}), ("platform", {"platform"}), ("extension", {"extension"}),
                               ("platform,function,extension", {"platform", "function", "extension"})):
            loki = self.loki()
            self.run_one(loki, {"LOKI_EVENTS": events}, [invocation])
            self.assertEqual(wanted, {entry.metadata["log_type"] for entry in loki.entries}, events)

    def test_min_level_leaves_out_what_is_known_to_be_below_it(self) -> None:
        loki = self.loki()
        self.run_one(loki, {"LOKI_MIN_LEVEL": "warn"}, [{"lines": self.LINES}])
        self.assertEqual(["[ERROR] gone", "of no level", '{"level":"fatal","msg":"gone"}', "[WARNING] slow"],
                         function_lines(loki.entries))
        self.assertIn("platform.report", self.types(loki))

    def test_platform_types_can_be_left_out_known_or_not(self) -> None:
        loki = self.loki()
        invocation = {"lines": ["x"], "platform": [("platform.brandNew", {"a": 1}), ("platform.other", {"b": 2})]}
        self.run_one(loki, {"LOKI_DROP_PLATFORM": "platform.start,platform.brandNew"}, [invocation])
        types = self.types(loki)
        for left_out in ("platform.start", "platform.brandNew"):
            self.assertNotIn(left_out, types)
        for kept in ("platform.other", "platform.report", "platform.telemetrySubscription", "platform.extension"):
            self.assertIn(kept, types)

    def test_what_is_left_out_is_counted_as_filtered_in_the_ledger(self) -> None:
        loki = self.loki()
        with sleipnir({"LOKI_ENDPOINT": loki.url, "LOKI_MIN_LEVEL": "warn", "LOKI_DROP_PLATFORM": "platform.start"},
                      timeout_s=10) as lam:
            self.assertIsNone(lam.init())
            lam.invoke(lines=self.LINES)
            loki.fault(status=422, body="not this one")  # something has to be lost for a ledger to be written
            lam.invoke(lines=["lost"])
            lam.shutdown("spindown")
        ledger = json.loads(next(line[line.index("{"):] for line in reversed(stderr_of(lam).splitlines()) if '"filtered"' in line))
        # Three lines below the level and two starts, nothing else.
        self.assertEqual(5, ledger["filtered"], ledger)


class AsCloudWatch(ToldCase):
    ID = "[0-9a-f-]{36}"
    REPORT = (f"REPORT RequestId: {ID}\\tDuration: [0-9]+\\.[0-9]{{2}} ms\\tBilled Duration: [0-9]+ ms\\tMemory Size: 512 MB"
              "\\tMax Memory Used: [0-9]+ MB")

    def lines(self, loki: LokiStandin) -> List[str]:
        return [entry.line for entry in sorted(loki.entries, key=lambda entry: entry.ns)
                if entry.metadata["log_type"] == "platform" and not entry.line.startswith("{")]

    def assert_lines(self, patterns: List[str], lines: List[str]) -> None:
        self.assertEqual(len(patterns), len(lines), lines)
        for pattern, line in zip(patterns, lines):
            self.assertRegex(line, re.compile(f"^{pattern}$"))

    def test_two_invocations(self) -> None:
        loki = self.loki()
        self.run_one(loki, {"LOKI_PLATFORM_FORMAT": "text"}, [{"lines": ["x"]}] * 2)
        start = f"START RequestId: {self.ID} Version: \\$LATEST"
        end = f"END RequestId: {self.ID}"
        self.assert_lines([
            r"INIT_START Runtime Version: python:3\.13\.v61\tRuntime Version ARN: arn:aws:lambda:.*",
            r"INIT_REPORT Init Duration: [0-9]+\.[0-9]{2} ms\tPhase: init",
            start, end, self.REPORT + r"\tInit Duration: [0-9]+\.[0-9]{2} ms", start, end, self.REPORT], self.lines(loki))

    def test_a_restore(self) -> None:
        loki = self.loki()
        self.run_one(loki, {"LOKI_PLATFORM_FORMAT": "text"}, [{"lines": ["x"]}], init_type="snap-start")
        lines = [line for line in self.lines(loki) if "RESTORE" in line or "Restore" in line]
        self.assert_lines([
            r"RESTORE_START Runtime Version: python:3\.13\.v61\tRuntime Version ARN: arn:aws:lambda:.*",
            r"RESTORE_REPORT Restore Duration: [0-9]+\.[0-9]{2} ms",
            self.REPORT + r"\tRestore Duration: [0-9]+\.[0-9]{2} ms\tBilled Restore Duration: [0-9]+ ms"], lines)

    def test_a_timeout_and_an_exit(self) -> None:
        loki = self.loki()
        with sleipnir({"LOKI_ENDPOINT": loki.url, "LOKI_PLATFORM_FORMAT": "text"}, timeout_s=1) as lam:
            timed_out = lam.invoke(hang=True).request_id
            crashed = lam.invoke(crash=True).request_id
            lam.invoke(lines=["alive again"])
            lam.shutdown("spindown")
        lines = self.lines(loki)
        stamp = r"[0-9-]{10}T[0-9:.]{12}Z"
        for pattern in (f"{stamp} {timed_out} Task timed out after 1\\.00 seconds\n\nEND RequestId: {timed_out}",
                        f"RequestId: {crashed} Error: Runtime exited with error\nRuntime\\.ExitError\nEND RequestId: {crashed}"):
            self.assertTrue(any(re.fullmatch(pattern, line) for line in lines), (pattern, lines))
        by_line = {entry.line: entry for entry in loki.entries}
        for line in lines:
            if "timed out" in line or "Runtime exited" in line:
                self.assertEqual("error", by_line[line].metadata["level"])


if __name__ == "__main__":
    unittest.main()
