"""When Loki is down, slow, or somewhere behind a dead connection: nobody is held for it, and nothing is lost."""

from __future__ import annotations

import random
import unittest

from support import Case, EMULATED, function_lines, sleipnir, stderr_of
from standin import DelayProxy, FullBacklog, LokiStandin

BUDGET_MS = 300
SLACK_MS = 60  # of a busy machine


class Outage(Case):
    def setUp(self) -> None:
        self.loki = self.opened(LokiStandin())
        self.env = {"LOKI_ENDPOINT": self.loki.url, "LOKI_FLUSH_BUDGET_MS": str(BUDGET_MS)}

    def test_five_invocations_of_503_hold_once_and_lose_nothing(self) -> None:
        with sleipnir(self.env, timeout_s=10) as lam:
            lam.invoke(lines=["well"])
            self.loki.fault(status=503)
            holds = [lam.invoke(lines=[f"down {i}"]).hold_ms for i in range(5)]
            self.loki.heal()
            lam.invoke(lines=["up"])
            lam.shutdown("spindown")
            self.assertEqual(0, lam.extension.exit_code)
        self.assertEqual(["well", *(f"down {i}" for i in range(5)), "up"], function_lines(self.loki.entries))
        self.assertLess(holds[0], BUDGET_MS + SLACK_MS)
        self.assertLess(sum(holds[1:]), 100, holds)

    def test_refused_connections_hold_once_and_lose_nothing(self) -> None:
        with sleipnir(self.env, timeout_s=10) as lam:
            lam.invoke(lines=["well"])
            self.loki.stop()
            holds = [lam.invoke(lines=[f"down {i}"]).hold_ms for i in range(5)]
            self.loki.start()
            lam.shutdown("spindown")
        self.assertEqual(["well", *(f"down {i}" for i in range(5))], function_lines(self.loki.entries))
        self.assertLess(holds[0], BUDGET_MS + SLACK_MS)
        self.assertLess(sum(holds[1:]), 100, holds)

    def assert_black_hole(self, env: dict) -> None:
        """Bounds of holds and of the end; what was not delivered is counted."""
        with sleipnir({"LOKI_FLUSH_BUDGET_MS": str(BUDGET_MS), **env}, timeout_s=10) as lam:
            self.assertIsNone(lam.init())
            holds = [lam.invoke(lines=[f"line {i}"]).hold_ms for i in range(5)]
            ended = lam.shutdown("spindown")
            self.assertEqual(0, lam.extension.exit_code, ended)
            stderr = stderr_of(lam)
        self.assertLess(holds[0], 2 * BUDGET_MS + SLACK_MS)  # the first flush of an environment
        self.assertLess(sum(holds[1:]), 100, holds)
        self.assertIn('"dropped":{"shutdown":', stderr)
        self.assertIn('"pending":0', stderr)

    def test_a_loki_that_accepts_and_never_answers(self) -> None:
        self.loki.fault("black_hole")
        self.assert_black_hole({"LOKI_ENDPOINT": self.loki.url})

    def test_a_loki_whose_backlog_is_full(self) -> None:
        with FullBacklog() as backlog:
            self.assert_black_hole({"LOKI_ENDPOINT": f"http://127.0.0.1:{backlog.port}"})

    def test_connections_killed_during_a_freeze_cost_one_new_connection(self) -> None:
        one_way_ms = 10
        with DelayProxy(("127.0.0.1", self.loki.port), delay_ms=one_way_ms) as proxy:
            env = {**self.env, "LOKI_ENDPOINT": f"http://127.0.0.1:{proxy.port}", "LOKI_FLUSH_STRATEGY": "end"}
            with sleipnir(env, timeout_s=10) as lam:
                lam.invoke(lines=["first"])
                holds = []
                for i in range(8):
                    lam.freeze()
                    proxy.kill(reset=i % 2 == 1)
                    lam.thaw()
                    holds.append(lam.invoke(lines=[f"after freeze {i}"]).hold_ms)
                lam.shutdown("spindown")
        self.assertEqual(["first", *(f"after freeze {i}" for i in range(8))], function_lines(self.loki.entries))
        self.assertEqual([], self.loki.duplicates)
        # The proxy answers a connect by itself, so a new connection costs nothing but the push's own round trip.
        if not EMULATED:
            self.assertLess(max(holds), 2 * one_way_ms + 30, holds)

    def test_a_429_that_puts_us_off_beyond_the_budget_ends_the_hold_at_once(self) -> None:
        with sleipnir(self.env, timeout_s=10) as lam:
            lam.invoke(lines=["well"])
            self.loki.fault(status=429, headers={"Retry-After": "1"}, times=1)
            hold = lam.invoke(lines=["put off"]).hold_ms
            lam.shutdown("spindown")
        self.assertLess(hold, 100)
        self.assertEqual(["well", "put off"], function_lines(self.loki.entries))

    def test_a_timeout_of_the_function_still_delivers_its_lines(self) -> None:
        with sleipnir(self.env, timeout_s=1.5) as lam:
            lam.invoke(lines=["well"])
            result = lam.invoke(lines=["the last words"], hang=True)
            self.assertEqual("timeout", result.status)
        self.assertIn("the last words", function_lines(self.loki.entries))

    def test_random_faults_lose_nothing_and_store_nothing_twice(self) -> None:
        invocations = 40 if EMULATED else 300
        seed = random.randrange(2**32)
        print(f"seed {seed}", flush=True)
        dice = random.Random(seed)
        faults = [dict(status=503), dict(status=500), dict(status=429), dict(status=429, headers={"Retry-After": "0"}),
                  dict(kind="close"), dict(kind="reset"), dict(kind="reset_in_body", bytes=20),
                  dict(kind="answer_then_close"), dict(kind="half_answer"), dict(kind="garbage")]
        with sleipnir(self.env, timeout_s=10) as lam:
            for i in range(invocations):
                if dice.random() < 0.25:
                    self.loki.fault(times=1, **dice.choice(faults))
                if dice.random() < 0.1:
                    lam.freeze()
                    if dice.random() < 0.5:
                        self.loki.kill_connections(reset=dice.random() < 0.5)
                    lam.thaw()
                lam.invoke(lines=[f"line {i}"])
            self.loki.heal()
            lam.shutdown("spindown")
            self.assertEqual(0, lam.extension.exit_code)
        self.assertEqual([f"line {i}" for i in range(invocations)], function_lines(self.loki.entries), f"seed {seed}")


class Burst(Case):
    def burst(self, records: int, **loki_options) -> int:
        loki = self.opened(LokiStandin(**loki_options))
        if self.delay_s:
            loki.fault("delay", seconds=self.delay_s)
        limit = 8 << 20
        line = "x" * 130
        with sleipnir({"LOKI_ENDPOINT": loki.url, "LOKI_MEMORY_LIMIT_BYTES": str(limit)}, timeout_s=120) as lam:
            lam.invoke(lines=(f"{i:08d} {line}" for i in range(records)))
            peak = lam.extension.peak_rss_kb
            lam.shutdown("spindown")
            self.assertEqual(0, lam.extension.exit_code)
            # The spool may have helped out, which the ledger says; nothing else is said, and nothing was dropped.
            for said in stderr_of(lam).splitlines():
                self.assertIn('"sleipnir":"ledger"', said)
                self.assertIn('"pending":0', said)
                self.assertIn('"dropped":{}', said)
        got = function_lines(loki.entries)
        self.assertEqual(records, len(got))
        self.assertEqual([f"{i:08d}" for i in range(records)], [each[:8] for each in got])
        if not EMULATED:
            self.assertLess(peak, (limit + 6_000_000) / 1024)
        return peak

    @unittest.skipIf(EMULATED, "a burst under an emulator measures the emulator")
    def test_200000_records_in_one_invocation(self) -> None:
        self.delay_s = 0.0
        self.burst(200_000)

    @unittest.skipIf(EMULATED, "a burst under an emulator measures the emulator")
    def test_200000_records_into_a_loki_of_200_ms(self) -> None:
        self.delay_s = 0.2
        self.burst(200_000)


if __name__ == "__main__":
    unittest.main()
