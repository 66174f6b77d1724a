"""Awkward records, repeats and searches in a real Loki, read back by its own query_range."""

from __future__ import annotations

import json
import time
import unittest
from typing import Any, Dict, List, Tuple

from records import AwkwardRecords
from support import Case, function_lines, sleipnir, stderr_of

from real_loki import Entry, LokiUnavailable, RealLoki

WITHOUT_RATES = {"ingestion_rate_mb": 1000, "ingestion_burst_size_mb": 1000, "per_stream_rate_limit": "1GB",
                 "per_stream_rate_limit_burst": "1GB"}


class RealCase(Case):
    def loki(self, **options: Any) -> RealLoki:
        try:
            loki: RealLoki = self.opened(RealLoki(**options))
        except LokiUnavailable as reason:
            raise unittest.SkipTest(f"REAL LOKI NOT AVAILABLE: {reason}")
        return loki


class Records(AwkwardRecords, RealCase):
    def loki_without_rates(self) -> RealLoki:
        return self.loki(limits=WITHOUT_RATES)

    def entries_of(self, loki: RealLoki, request_id: str) -> List[Entry]:
        self.assertEqual({}, loki.discarded())
        found: List[Entry] = loki.query_all(
            f'{{source="lambda"}} | request_id="{request_id}" | log_type="function"', page_entries=100)
        return found


class Repeats(RealCase):
    """Loki swallows an entry that repeats another's time, line and metadata: none of ours may."""

    MILLISECOND = time.strftime("%Y-%m-%dT%H:%M:%S.123Z", time.gmtime(time.time() - 60))

    def same(self, count: int, line: str) -> List[bytes]:
        event = {"time": self.MILLISECOND, "type": "function", "record": line + "\n"}
        return [json.dumps(event).encode()] * count

    def test_50_identical_lines_of_one_millisecond_come_back_as_50(self) -> None:
        loki = self.loki()
        with sleipnir({"LOKI_ENDPOINT": loki.url}, timeout_s=10) as lam:
            request_id = lam.invoke(raw_events=self.same(50, "the same")).request_id
            lam.shutdown("spindown")
        selector = f'{{source="lambda"}} | request_id="{request_id}" | log_type="function"'
        found = loki.wait_for(selector, 50)
        self.assertEqual(["the same"] * 50, [entry.line for entry in found])
        self.assertEqual({self.MILLISECOND}, {millisecond_of(entry) for entry in found})
        self.assertEqual(50, loki.count(selector))

    def two_environments(self, *subscribe_answers: Tuple[int, bytes]) -> None:
        """Both of one function, both printing the same while they start, before any request."""
        loki = self.loki()
        for _ in range(2):
            with sleipnir({"LOKI_ENDPOINT": loki.url}, timeout_s=10) as lam:
                lam.answer("subscribe", *subscribe_answers)
                self.assertIsNone(lam.init())
                lam.emit(raw_events=self.same(50, "loading"))
                self.assertTrue(lam.wait_delivered())
                lam.invoke(lines=["hello"])
                lam.shutdown("spindown")
                self.assertEqual("", stderr_of(lam))
        selector = '{source="lambda"} | log_type="function" |= "loading"'
        found = loki.wait_for(selector, 100)
        self.assertEqual(["loading"] * 100, [entry.line for entry in found])
        self.assertEqual({self.MILLISECOND}, {millisecond_of(entry) for entry in found})
        self.assertEqual(2, len({entry.metadata.get("instance") for entry in found}))
        self.assertEqual([], [entry for entry in found if "request_id" in entry.metadata])
        self.assertEqual(100, loki.count(selector))

    def test_two_environments_that_print_the_same_init_lines_in_one_millisecond_give_100(self) -> None:
        self.two_environments()

    def test_two_environments_without_a_name_from_lambda_stay_apart_as_well(self) -> None:
        """The oldest telemetry schema does not tell the instance; the newer two are refused here."""
        self.two_environments((400, b"{}"), (400, b"{}"))


def millisecond_of(entry: Entry) -> str:
    seconds, rest = divmod(entry.ns // 1_000_000, 1000)
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{rest:03d}Z"


class Searches(RealCase):
    """The searches people make, each against what was printed: every entry it should find, and no other."""

    OTHER_TRACE = "0af7651916cd43dd8448eb211c80319c"
    LINES: List[Tuple[str, str]] = [  # (line, the level it has to get)
        ("cart loaded", ""), ("[ERROR] no such cart", "error"), ("[INFO] no error here", "info"),
        ('{"level":"error","message":"cart is gone"}', "error"), ('{"level":"info","message":"error budget is fine"}', "info"),
        ('{"level":50,"msg":"pino says so"}', "error"), ('{"level":40,"msg":"pino warns"}', "warn"),
        ("ERROR: cart service does not answer", "error"), ("0 errors found", ""), ('{"message":"plain"}', ""),
    ]
    RECORDS: List[Tuple[str, str]] = [
        ('{"timestamp":"2026-11-20T08:00:00Z","level":"ERROR","message":"as a record"}', "error"),
        ('{"level":"WARN","message":"a warning"}', "warn"), ('{"message":"no level"}', ""),
    ]

    def setUp(self) -> None:
        self.loki_server = self.loki()
        with sleipnir({"LOKI_ENDPOINT": self.loki_server.url}, timeout_s=10, xray_sampled=True,
                      handler_error_status="error") as lam:
            self.assertIsNone(lam.init())
            self.quick = lam.invoke(lines=[line for line, _ in self.LINES],
                                    records=[record.encode() for record, _ in self.RECORDS])
            self.slow = lam.invoke(lines=["slow one"], duration_ms=150)
            self.failed = lam.invoke(lines=["failing one"], error_type="Function.Broken")
            self.traced = lam.invoke(records=[
                ('{"level":"info","message":"theirs","trace_id":"%s"}' % self.OTHER_TRACE).encode()])
            lam.shutdown("spindown")
            self.assertEqual("", stderr_of(lam))
            self.platform = [event for event in lam.platform_events if event["type"] not in
                             ("platform.telemetrySubscription", "platform.extension")]
        self.loki_server.wait_for('{source="lambda"}', len(self.platform) + len(self.LINES) + len(self.RECORDS) + 3)

    def find(self, search: str) -> List[Entry]:
        return self.loki_server.query('{function_name="orders"} ' + search)

    def platform_lines(self, wanted: Any) -> List[str]:
        """The platform events that `wanted(type, record)` holds for, as they have to arrive."""
        return sorted(json.dumps({"type": event["type"], **event["record"]}, separators=(",", ":"))
                      for event in self.platform if wanted(event["type"], event["record"]))

    def assert_finds(self, search: str, function: List[str], platform: List[str]) -> None:
        entries = self.find(search)
        self.assertEqual(function, function_lines(entries))
        self.assertEqual(platform, sorted(e.line for e in entries if e.metadata["log_type"] == "platform"))
        self.assertEqual(len(function) + len(platform), len(entries))

    def trace_of(self, request_id: str) -> str:
        """As 32 digits; `Root=1-67aa0001-0123...` on Lambda's side."""
        record: Dict[str, Any] = next(event["record"] for event in self.platform if event["type"] == "platform.start"
                                      and event["record"]["requestId"] == request_id)
        root: str = record["tracing"]["value"].partition("Root=1-")[2].partition(";")[0]
        return root.replace("-", "")

    def test_by_request_id(self) -> None:
        for invocation, lines in ((self.quick, [line for line, _ in self.LINES + self.RECORDS]), (self.slow, ["slow one"])):
            request_id = invocation.request_id
            self.assert_finds(f'| request_id="{request_id}"', lines,
                              self.platform_lines(lambda _, record: record.get("requestId") == request_id))

    def test_by_level(self) -> None:
        failed = self.failed.request_id
        self.assert_finds('| level="error"', [line for line, level in self.LINES + self.RECORDS if level == "error"],
                          self.platform_lines(lambda type_, record: record.get("requestId") == failed and "errorType" in record))
        self.assert_finds('| level="warn"', [line for line, level in self.LINES + self.RECORDS if level == "warn"], [])
        self.assert_finds('| level="" | log_type="function"',
                          [line for line, level in self.LINES + self.RECORDS if level == ""] + ["slow one", "failing one"], [])

    def test_by_trace_id(self) -> None:
        for invocation, lines in ((self.slow, ["slow one"]), (self.traced, [])):
            self.assert_finds(f'| trace_id="{self.trace_of(invocation.request_id)}"', lines, self.platform_lines(
                lambda _, record, wanted=invocation.request_id: record.get("requestId") == wanted))
        self.assertEqual(1, len(self.find(f'| trace_id="{self.OTHER_TRACE}"')))

    def test_by_a_number_of_the_report(self) -> None:
        self.assert_finds('| log_type="platform" | json | metrics_durationMs > 100', [], self.platform_lines(
            lambda _, record: record.get("metrics", {}).get("durationMs", 0) > 100))
        slow = self.find('| log_type="platform" | json | type="platform.report" | metrics_durationMs > 100')
        self.assertIn(self.slow.request_id, [entry.metadata["request_id"] for entry in slow])
        self.assertNotIn(self.quick.request_id, [entry.metadata["request_id"] for entry in slow])


if __name__ == "__main__":
    unittest.main()
