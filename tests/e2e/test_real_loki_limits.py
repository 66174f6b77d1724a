"""Every rule by which Loki refuses entries, with a limit so small that we meet it, against Loki itself.

For each the test says which of four things is true:
  prevented  what we send cannot break it: Loki's own counter stays at 0
  healed     Loki refuses, and what it refused is sent again in a form that it takes: nothing is lost
  retried    Loki says that it is busy: what it refused is kept, and arrives
  dropped    what it refuses for good stands in our ledger, as many as Loki counts; the neighbours are stored
loki_discarded_samples_total is Loki's word, and our ledger has to agree with it.
"""

from __future__ import annotations

import json
import os
import time
import unittest
from typing import Any, Dict, List, Optional

from support import Case, function_lines, sleipnir, stderr_of

from real_loki import Entry, LokiUnavailable, RealLoki

GENEROUS = {"ingestion_rate_mb": 100, "ingestion_burst_size_mb": 100, "per_stream_rate_limit": "100MB",
            "per_stream_rate_limit_burst": "100MB"}
# What Loki counts although it wants the entries again later.
RETRYABLE = {"rate_limited", "per_stream_rate_limit", "stream_limit"}
DAY_MS = 86_400_000

TENANTS: Dict[str, Dict[str, Any]] = {
    "defaults": {},
    "defaults-old": {},
    "defaults-new": {},
    "young": {"reject_old_samples_max_age": "24h"},
    "punctual": {"creation_grace_period": "1m"},
    "line-size": {"max_line_size": "3000B"},
    "label-names": {"max_label_names_per_series": 5},
    "metadata-size": {"max_structured_metadata_size": "128B"},  # the usual has 122, a level makes it 132
    "metadata-count": {"max_structured_metadata_entries_count": 3},
    "no-metadata": {"allow_structured_metadata": False, "discover_log_levels": False},
    "rate": {"ingestion_rate_mb": 0.3, "ingestion_burst_size_mb": 0.3},
    "burst": {"ingestion_rate_mb": 1.2, "ingestion_burst_size_mb": 1.2},
    "stream-rate": {"per_stream_rate_limit": "300KB", "per_stream_rate_limit_burst": "300KB"},
    "streams": {"max_global_streams_per_user": 1},
    "enforced": {"enforced_labels": ["team"]},
    "blocked": {"block_ingestion_until": "2099-01-01T00:00:00Z"},
}


def ledger_of(stderr: str) -> Dict[str, Any]:
    lines = [line for line in stderr.splitlines() if '"sleipnir":"ledger"' in line]
    found: Dict[str, Any] = json.loads(lines[-1][lines[-1].index("{"):]) if lines else {}
    return found


class Ran:
    """What one environment said at its end."""

    def __init__(self, stderr: str):
        self.stderr = stderr
        self.dropped: Dict[str, int] = ledger_of(stderr).get("dropped", {})
        # Our own lines are not in our ledger; Loki counts them like any other.
        self.own_lines = sum('"sleipnir":"ledger"' in line for line in stderr.splitlines())


class LimitsCase(Case):
    tenant = ""

    def opened_loki(self, **options: Any) -> RealLoki:
        try:
            loki: RealLoki = self.opened(RealLoki(**options))
        except LokiUnavailable as reason:
            raise unittest.SkipTest(f"REAL LOKI NOT AVAILABLE: {reason}") from None
        return loki

    def run_function(self, loki: RealLoki, *invocations: Dict[str, Any], env: Optional[Dict[str, str]] = None,
                     **config: Any) -> Ran:
        variables = {"LOKI_ENDPOINT": loki.url, **({"LOKI_TENANT_ID": self.tenant} if self.tenant else {}), **(env or {})}
        with sleipnir(variables, timeout_s=30, **config) as lam:
            for script in invocations:
                lam.invoke(**script)
            lam.shutdown("spindown")
            self.assertEqual(0, lam.extension.exit_code)
            return Ran(stderr_of(lam))

    def stored(self, loki: RealLoki, **query: Any) -> List[Entry]:
        found: List[Entry] = loki.query_all('{source="lambda"}', tenant=self.tenant, page_entries=100, **query)
        return found

    def refused_for_good(self, loki: RealLoki) -> Dict[str, int]:
        return {reason: count for reason, count in loki.discarded(self.tenant).items() if reason not in RETRYABLE}

    def assert_healed(self, loki: RealLoki, ran: Ran, reason: str) -> None:
        self.assertEqual({}, ran.dropped)
        self.assertEqual({reason}, set(loki.discarded(self.tenant)), "the limit was not met")

    def assert_dropped(self, loki: RealLoki, ran: Ran, reason: str, own_lines_refused: bool) -> int:
        """Loki's count of the entries, and it is the ledger's."""
        refused = self.refused_for_good(loki)
        refused.pop("invalid_labels", None)
        self.assertEqual({reason}, set(refused))
        own = ran.own_lines if own_lines_refused else 0
        self.assertEqual({"rejected": refused[reason] - own}, ran.dropped, (refused, ran.stderr))
        return refused[reason] - own


class Tenants(LimitsCase):
    """One server; the limits are those of a tenant."""

    loki: RealLoki

    @classmethod
    def setUpClass(cls) -> None:
        try:
            cls.loki = RealLoki(auth_enabled=True, limits=GENEROUS, tenants=TENANTS).start()
        except LokiUnavailable as reason:
            raise unittest.SkipTest(f"REAL LOKI NOT AVAILABLE: {reason}") from None
        cls.addClassCleanup(cls.loki.stop)

    # ---- prevented ----

    def test_prevented_what_parsing_or_the_default_limits_refuse(self) -> None:
        self.tenant = "defaults"
        labels = {f"label_{i:02}": "v" for i in range(20)}                        # 15 are allowed
        labels.update({"n" * 1100: "v", "value": "v" * 3000, "b-c": "v", "1a": "v", "__x__": "v", "source": "mine"})
        records = [rb'"a lone surrogate \ud800 in a line"', b'"invalid \xff\xfe UTF-8"', rb'"a NUL \u0000 and \n a newline"',
                   json.dumps("x" * 600_000).encode(),                            # a line of 256 KiB is allowed
                   json.dumps({"requestId": "r" * 70_000, "message": "metadata"}).encode()]  # 64 KiB are allowed
        ran = self.run_function(self.loki, {"records": records}, {"lines": ["and on"]},
                                env={"LOKI_LABELS": json.dumps(labels), "LOKI_MAX_BATCH_SIZE_BYTES": "3670016",
                                     "LOKI_MEMORY_LIMIT_BYTES": str(32 << 20), "LOKI_LOG_LEVEL": "error"})
        self.assertEqual({}, ran.dropped)
        self.assertEqual({}, self.loki.discarded(self.tenant))
        stored = function_lines(self.stored(self.loki))
        self.assertEqual(600_000, sum(len(line) for line in stored if set(line) == {"x"}))
        self.assertEqual(len(records) - 1 + 1 + 3, len(stored))                   # the long one in three parts

    def test_prevented_missing_required_labels_once_they_are_configured(self) -> None:
        self.tenant = "enforced"
        before = self.loki.discarded(self.tenant)
        ran = self.run_function(self.loki, {"lines": ["with a team"]}, env={"LOKI_LABELS": '{"team":"blue"}'})
        self.assertEqual({}, ran.dropped)
        self.assertEqual(before, self.loki.discarded(self.tenant))
        self.assertEqual(["with a team"], function_lines(self.stored(self.loki)))

    # ---- healed ----

    def test_healed_a_line_longer_than_the_server_takes_is_split(self) -> None:
        self.tenant = "line-size"
        ran = self.run_function(self.loki, {"lines": ["before", "y" * 10_000, "after"]}, {"lines": ["z" * 10_000]})
        self.assert_healed(self.loki, ran, "line_too_long")
        self.assertEqual({"line_too_long": 1}, self.loki.discarded(self.tenant), "the limit was learnt")
        lines = function_lines(self.stored(self.loki))
        for letter in "yz":
            self.assertEqual(letter * 10_000, "".join(line for line in lines if line[0] == letter))
        self.assertEqual(1, lines.count("before"))
        self.assertEqual(1, lines.count("after"))

    def test_healed_a_server_without_structured_metadata(self) -> None:
        self.tenant = "no-metadata"
        lines = [f"line {i}" for i in range(20)]
        ran = self.run_function(self.loki, {"lines": lines}, {"lines": ["second"]})
        self.assert_healed(self.loki, ran, "disallowed_structured_metadata")
        stored = [entry.line for entry in self.stored(self.loki)]
        self.assertEqual([*lines, "second"], [line for line in stored if not line.startswith("{")])

    def test_prevented_records_too_old_for_the_default_limits(self) -> None:
        self.tenant = "defaults-old"
        lines = [f"old {i}" for i in range(30)]
        ran = self.run_function(self.loki, {"lines": lines}, clock_offset_ms=-8 * DAY_MS)
        self.assertEqual({}, ran.dropped)
        self.assertEqual({}, self.loki.discarded(self.tenant))
        self.assert_restamped(lines)

    def test_prevented_records_too_new_for_the_default_limits(self) -> None:
        self.tenant = "defaults-new"
        lines = [f"new {i}" for i in range(30)]
        ran = self.run_function(self.loki, {"lines": lines}, clock_offset_ms=20 * 60_000)
        self.assertEqual({}, ran.dropped)
        self.assertEqual({}, self.loki.discarded(self.tenant))
        self.assert_restamped(lines)

    def test_healed_records_older_than_this_server_takes(self) -> None:
        self.tenant = "young"
        lines = [f"old {i}" for i in range(30)]
        ran = self.run_function(self.loki, {"lines": lines}, clock_offset_ms=-2 * DAY_MS)
        self.assert_healed(self.loki, ran, "greater_than_max_sample_age")
        self.assert_restamped(lines)

    def test_healed_records_newer_than_this_server_takes(self) -> None:
        self.tenant = "punctual"
        lines = [f"new {i}" for i in range(30)]
        ran = self.run_function(self.loki, {"lines": lines}, clock_offset_ms=4 * 60_000)
        self.assert_healed(self.loki, ran, "too_far_in_future")
        self.assert_restamped(lines)

    def assert_restamped(self, lines: List[str]) -> None:
        """They are there, in their order, with a time that the server takes, and their own as event_time."""
        self.loki.flush()
        stored = self.loki.wait_for('{source="lambda"} | log_type="function"', len(lines), tenant=self.tenant,
                                    start_ns=time.time_ns() - 8 * DAY_MS * 1_000_000)
        self.assertEqual(lines, function_lines(stored))
        self.assertTrue(all("event_time" in entry.metadata for entry in stored))

    def test_healed_an_environment_frozen_for_61_minutes_while_a_sibling_writes(self) -> None:
        """Both write to the one stream of their function. The tail of the frozen one lies an hour behind the sibling."""
        self.tenant = "frozen"
        hour_ago = -61 * 60_000
        environment = {"LOKI_ENDPOINT": self.loki.url, "LOKI_TENANT_ID": self.tenant, "LOKI_FLUSH_STRATEGY": "end"}
        with sleipnir(environment, timeout_s=30, clock_offset_ms=hour_ago) as frozen, sleipnir(environment, timeout_s=30) as sibling:
            frozen.invoke(lines=["before the freeze"])
            frozen.freeze()
            sibling.invoke(lines=[f"sibling {i}" for i in range(5)])
            frozen.thaw()
            # What was still on its way when the environment froze, the report among it; then the present.
            frozen.emit(lines=[f"tail {i}" for i in range(40)])
            frozen.clock_offset_ms = 0
            frozen.invoke(lines=["after the thaw"])
            sibling.invoke(lines=["sibling again"])
            for each in (frozen, sibling):
                each.shutdown("spindown")
                self.assertEqual({}, Ran(stderr_of(each)).dropped)
            emitted = len(frozen.platform_events) + len(sibling.platform_events)
        stored = self.stored(self.loki, start_ns=time.time_ns() - 2 * 3_600_000_000_000)
        self.assertEqual({"too_far_behind"}, set(self.loki.discarded(self.tenant)))
        lines = [entry.line for entry in stored if entry.metadata["log_type"] == "function"]
        expected = ["before the freeze", *(f"tail {i}" for i in range(40)), "after the thaw",
                    *(f"sibling {i}" for i in range(5)), "sibling again"]
        self.assertEqual(sorted(expected), sorted(lines))
        late = [entry for entry in stored if "event_time" in entry.metadata]
        self.assertTrue(set(f"tail {i}" for i in range(40)) <= {entry.line for entry in late})
        platform = [entry for entry in stored if entry.metadata["log_type"] == "platform"]
        dropped_types = ("platform.telemetrySubscription", "platform.extension")
        wanted = emitted - sum(event["type"] in dropped_types for each in (frozen, sibling) for event in each.platform_events)
        self.assertEqual(wanted, len(platform))

    # ---- retried ----

    def assert_retried(self, reason: str, env: Dict[str, str], count: int = 1000) -> None:
        lines = [f"{i:06} " + "r" * 1000 for i in range(count)]
        ran = self.run_function(self.loki, {"lines": lines, "duration_ms": 4000}, env=env)
        self.assertEqual({}, ran.dropped)
        self.assertEqual({reason}, set(self.loki.discarded(self.tenant)), "the limit was not met")
        self.assertEqual(lines, function_lines(self.stored(self.loki)))

    def test_retried_a_tenant_over_its_rate(self) -> None:
        self.tenant = "rate"
        self.assert_retried("rate_limited", {"LOKI_MAX_BATCH_SIZE_BYTES": "131072"})

    def test_retried_a_push_larger_than_the_burst_is_halved(self) -> None:
        self.tenant = "burst"
        self.assert_retried("rate_limited", {"LOKI_MAX_BATCH_SIZE_BYTES": "3000000", "LOKI_MEMORY_LIMIT_BYTES": str(32 << 20),
                                             "LOKI_FLUSH_INTERVAL_MS": "2000"}, 2600)

    def test_retried_a_stream_over_its_rate(self) -> None:
        self.tenant = "stream-rate"
        self.assert_retried("per_stream_rate_limit", {"LOKI_MAX_BATCH_SIZE_BYTES": "131072"})

    def test_retried_a_tenant_with_too_many_streams_and_counted_at_the_end(self) -> None:
        self.tenant = "streams"
        self.assertEqual(204, self.loki.push({"app": "first"}, [[str(time.time_ns()), "x"]], self.tenant)[0])
        ran = self.run_function(self.loki, {"lines": ["no stream for it"]})
        self.assertEqual({"stream_limit"}, set(self.loki.discarded(self.tenant)))
        self.assertEqual({"shutdown"}, set(ran.dropped))  # kept to the end: it might have found room
        self.assertEqual([], self.stored(self.loki))
        self.assertEqual(204, self.loki.push({"app": "first"}, [[str(time.time_ns()), "y"]], self.tenant)[0])

    # ---- dropped ----

    def test_dropped_too_many_labels(self) -> None:
        self.tenant = "label-names"
        ran = self.run_function(self.loki, {"lines": [f"line {i}" for i in range(25)]}, env={"LOKI_LABELS": '{"team":"blue"}'})
        both = self.loki.discarded(self.tenant)  # Loki counts these entries under two names
        self.assertEqual(both["max_label_names_per_series"], both.pop("invalid_labels"))
        self.assertGreater(self.assert_dropped(self.loki, ran, "max_label_names_per_series", True), 25)
        # One label less, and all is well.
        ran = self.run_function(self.loki, {"lines": ["fits"]})
        self.assertEqual({}, ran.dropped)
        self.assertEqual(["fits"], function_lines(self.stored(self.loki)))

    def test_dropped_structured_metadata_too_large(self) -> None:
        self.tenant = "metadata-size"
        big = b'{"level":"ERROR","message":"big"}'
        ran = self.run_function(self.loki, {"records": [b'"one"', big, b'"two"', big, big, b'"three"']})
        self.assertGreaterEqual(self.assert_dropped(self.loki, ran, "structured_metadata_too_large", False), 3)
        self.assertEqual(["one", "two", "three"], function_lines(self.stored(self.loki)))

    def test_dropped_too_many_structured_metadata(self) -> None:
        self.tenant = "metadata-count"
        records = [b'"plain 1"', b'{"level":"ERROR","message":"four of them"}', b'"plain 2"']
        ran = self.run_function(self.loki, {"records": records})
        self.assertGreaterEqual(self.assert_dropped(self.loki, ran, "structured_metadata_too_many", False), 1)
        self.assertEqual(["plain 1", "plain 2"], function_lines(self.stored(self.loki)))

    def test_dropped_required_labels_missing(self) -> None:
        self.tenant = "enforced"
        ran = self.run_function(self.loki, {"lines": [f"line {i}" for i in range(12)]})
        self.assertGreater(self.assert_dropped(self.loki, ran, "missing_enforced_labels", True), 12)

    def test_dropped_ingestion_blocked_which_is_a_2xx(self) -> None:
        self.tenant = "blocked"
        ran = self.run_function(self.loki, {"lines": [f"line {i}" for i in range(12)]})
        self.assertGreater(self.assert_dropped(self.loki, ran, "blocked_ingestion", True), 12)
        self.assertIn("ingestion blocked", ran.stderr)


class Servers(LimitsCase):
    """Limits of the server itself: each needs one of its own. Loki counts none of these refusals in entries."""

    def big_and_small(self, big: int) -> List[bytes]:
        """Lines that do not compress, one of them of so many bytes."""
        small = [json.dumps(f"{i:04} " + os.urandom(100).hex()).encode() for i in range(300)]
        return [*small[:150], json.dumps("big " + os.urandom(big // 2).hex()).encode(), *small[150:]]

    def assert_only_the_big_one_is_lost(self, loki: RealLoki, ran: Ran, reason: str) -> None:
        self.assertEqual({reason: 1}, ran.dropped, ran.stderr)
        lines = function_lines(self.stored(loki))
        self.assertEqual(300, len(lines))
        self.assertEqual([f"{i:04}" for i in range(300)], [line[:4] for line in lines])

    def test_dropped_a_record_larger_than_a_body_may_be(self) -> None:
        for settings in ({"max_recv_msg_size": 20_000}, {"max_recv_msg_size": 20_000, "max_decompressed_size": 40_000}):
            with self.subTest(settings):
                loki = self.opened_loki(limits=GENEROUS, settings={"distributor": settings})
                ran = self.run_function(loki, {"records": self.big_and_small(100_000)})
                self.assert_only_the_big_one_is_lost(loki, ran, "rejected")

    def test_dropped_a_record_larger_than_the_ingester_takes(self) -> None:
        loki = self.opened_loki(limits=GENEROUS, settings={"server": {"grpc_server_max_recv_msg_size": 60_000}})
        ran = self.run_function(loki, {"records": self.big_and_small(100_000)})
        self.assert_only_the_big_one_is_lost(loki, ran, "too_large")

    def test_prevented_a_push_over_the_4_mib_of_the_ingester(self) -> None:
        loki = self.opened_loki(limits=GENEROUS)
        lines = [f"{i:06} " + "p" * 1000 for i in range(9000)]
        ran = self.run_function(loki, {"lines": lines}, env={"LOKI_MAX_BATCH_SIZE_BYTES": "100000000",
                                                             "LOKI_MEMORY_LIMIT_BYTES": str(64 << 20)})
        self.assertEqual({}, ran.dropped)
        self.assertNotIn("ResourceExhausted", ran.stderr)
        self.assertEqual({}, loki.discarded())
        self.assertEqual([line[:6] for line in lines], [line[:6] for line in function_lines(self.stored(loki))])


if __name__ == "__main__":
    unittest.main()
