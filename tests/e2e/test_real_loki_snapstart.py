"""A snapshot's old init events into a real Loki, whose two limits of age decide what becomes of their times."""

from __future__ import annotations

import time
import unittest
from typing import Any, List

from support import Case, EMULATED, function_lines, sleipnir, stderr_of

from real_loki import LokiUnavailable, RealLoki

DAY_MS = 86_400_000
MARKED = '{source="lambda"} | snapshot="true"'
INIT = ["printed in the init", "and once more"]


@unittest.skipIf(EMULATED, "the times of an emulated processor")
class Snapshot(Case):
    def setUp(self) -> None:
        try:
            server = RealLoki()
        except LokiUnavailable as reason:
            raise unittest.SkipTest(f"REAL LOKI NOT AVAILABLE: {reason}")
        self.loki: RealLoki = self.opened(server)

    def restore(self, days: float, request_line: str = "after the restore") -> None:
        with sleipnir({"LOKI_ENDPOINT": self.loki.url}, init_type="snap-start", clock_offset_ms=-int(days * DAY_MS),
                      timeout_s=10) as lam:
            self.assertIsNone(lam.init())
            lam.emit(lines=INIT)
            lam.invoke(lines=[request_line])
            lam.shutdown("spindown")
            self.assertEqual("", stderr_of(lam))

    def marked(self, count: int, days: float = 1) -> List[Any]:
        """What is there of the snapshot's init: two lines and three platform events of each environment."""
        return self.loki.wait_for(MARKED, count, start_ns=time.time_ns() - int((days + 1) * DAY_MS * 1e6))

    def test_ten_days_old_it_arrives_restamped_and_tells_its_own_time(self) -> None:
        self.restore(10)
        entries = self.marked(5)
        self.assertEqual(INIT, function_lines(entries))
        self.assertEqual(5, len(entries))
        happened = time.strftime("%Y-%m-%d", time.gmtime(time.time() - 10 * 86_400))
        self.assertEqual({happened}, {entry.metadata["event_time"][:10] for entry in entries})
        self.assertEqual(["after the restore"], function_lines(self.loki.wait_for('{source="lambda"} | snapshot=""', 6)))

    def test_a_day_old_beside_an_older_sibling_it_arrives_restamped(self) -> None:
        with sleipnir({"LOKI_ENDPOINT": self.loki.url}, timeout_s=10) as sibling:
            sibling.invoke(lines=["the stream has a present"])
            sibling.shutdown("spindown")
        self.restore(1)
        entries = self.marked(5)
        self.assertEqual(INIT, function_lines(entries))
        self.assertEqual(5, sum("event_time" in entry.metadata for entry in entries))

    def test_minutes_old_it_keeps_its_times(self) -> None:
        self.restore(0.01)
        entries = self.marked(5)
        self.assertEqual(INIT, function_lines(entries))
        self.assertEqual(0, sum("event_time" in entry.metadata for entry in entries))
        self.assertEqual({}, self.loki.discarded())


if __name__ == "__main__":
    unittest.main()
