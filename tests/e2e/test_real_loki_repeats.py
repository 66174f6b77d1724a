"""What Loki cannot know: a repeat of what it has already, after the chunk with the first copy was flushed."""

from __future__ import annotations

import time
import unittest

from support import Case, sleipnir
from standin import DelayProxy

from real_loki import LokiUnavailable, RealLoki


class Repeats(Case):
    def repeat(self, flush_between: bool) -> tuple[int, int]:
        """One line whose first push arrives and whose answer does not. How often a query shows it, and Loki counts it."""
        try:
            loki: RealLoki = self.opened(RealLoki())
        except LokiUnavailable as reason:
            raise unittest.SkipTest(f"REAL LOKI NOT AVAILABLE: {reason}") from None
        with DelayProxy(("127.0.0.1", int(loki.url.rpartition(":")[2])), delay_ms=400) as proxy:
            env = {"LOKI_ENDPOINT": f"http://127.0.0.1:{proxy.port}", "LOKI_FLUSH_BUDGET_MS": "100",
                   "LOKI_REQUEST_TIMEOUT_MS": "600"}
            with sleipnir(env, timeout_s=10) as lam:
                lam.invoke(lines=["once"])
                self.assertEqual(1, len(loki.wait_for('{source="lambda"} |= "once"', 1)))
                if flush_between:
                    loki.flush()
                proxy.delay_ms = 0
                time.sleep(0.7)  # the first attempt's time is over
                lam.shutdown("spindown")
                self.assertEqual(0, lam.extension.exit_code)
        shown = len(loki.query('{source="lambda"} |= "once"'))
        return shown, loki.count('{source="lambda"} |= "once"')

    def test_a_repeat_is_stored_once(self) -> None:
        self.assertEqual((1, 1), self.repeat(flush_between=False))

    def test_a_repeat_behind_a_flushed_chunk_is_shown_once_and_counted_twice(self) -> None:
        self.assertEqual((1, 2), self.repeat(flush_between=True))


if __name__ == "__main__":
    unittest.main()
