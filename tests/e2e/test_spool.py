"""What memory cannot keep: restarts of the sandbox, a full memory, and a spindown from which nobody comes back."""

from __future__ import annotations

import json
import os
import tempfile
import time
import unittest

from support import Case, EMULATED, function_lines, sleipnir, stderr_of
from standin import LokiStandin


def ledger(stderr: str) -> dict:
    lines = [line for line in stderr.splitlines() if '"sleipnir":"ledger"' in line]
    return json.loads(lines[-1][lines[-1].index("{"):]) if lines else {}


def balanced(found: dict) -> bool:
    taken = found["received"] + found["restored"]
    settled = sum(found[key] for key in ("sent", "pending", "spooled", "filtered", "duplicate"))
    return taken == settled + sum(found["dropped"].values())


class Spool(Case):
    def setUp(self) -> None:
        self.loki = self.opened(LokiStandin())
        self.folder = tempfile.mkdtemp(prefix="sleipnir-spool-test-", dir="/tmp")
        self.env = {"LOKI_ENDPOINT": self.loki.url, "LOKI_FLUSH_BUDGET_MS": "200",
                    "LOKI_SPOOL_DIR": os.path.join(self.folder, "spool")}

    def spooled_bytes(self) -> int:
        folder = self.env["LOKI_SPOOL_DIR"]
        return sum(entry.stat().st_size for entry in os.scandir(folder)) if os.path.isdir(folder) else 0

    def test_a_reset_keeps_what_loki_did_not_take_and_the_next_start_delivers_it(self) -> None:
        with sleipnir(self.env, timeout_s=5) as lam:
            lam.invoke(lines=["well"])
            self.loki.fault(status=503)
            lam.invoke(lines=["in the outage 1"])
            lam.invoke(lines=["in the outage 2"])
            lam.reset("timeout")
            self.assertGreater(self.spooled_bytes(), 0)
            found = ledger(stderr_of(lam))
            self.assertGreater(found["spooled"], 0)
            self.assertEqual(0, found["pending"])
            self.assertTrue(balanced(found), found)
            self.loki.heal()
            lam.invoke(lines=["after the restart"])
            lam.invoke(lines=["and once more"])
            lam.shutdown("spindown")
            self.assertEqual(0, lam.extension.exit_code)
        expected = ["well", "in the outage 1", "in the outage 2", "after the restart", "and once more"]
        self.assertEqual(expected, function_lines(self.loki.entries))
        self.assertEqual(0, self.spooled_bytes())

    def test_a_spindown_with_loki_down_counts_every_record_as_dropped(self) -> None:
        with sleipnir(self.env, timeout_s=5) as lam:
            self.loki.fault(status=503)
            lam.invoke(lines=["lost 1"])
            lam.invoke(lines=["lost 2"])
            lam.shutdown("spindown")
            self.assertEqual(0, lam.extension.exit_code)
            found = ledger(stderr_of(lam))
        self.assertEqual(found["received"], found["filtered"] + found["dropped"]["shutdown"])
        self.assertTrue(balanced(found), found)

    def test_a_full_memory_goes_to_the_spool_and_comes_back(self) -> None:
        count = 4_000 if EMULATED else 60_000
        line = "y" * 140
        with sleipnir({**self.env, "LOKI_MEMORY_LIMIT_BYTES": str(4 << 20)}, timeout_s=60) as lam:
            lam.invoke(lines=["well"])
            self.loki.fault(status=503)
            lam.invoke(lines=(f"{i:08d} {line}" for i in range(count)))
            self.loki.heal()
            deadline = time.monotonic() + 60
            while len(function_lines(self.loki.entries)) < count + 1 and time.monotonic() < deadline:
                lam.invoke(lines=(), duration_ms=300)
            lam.shutdown("spindown")
            self.assertEqual(0, lam.extension.exit_code)
            self.assertNotIn("overflow", stderr_of(lam))
        got = [text[:8] for text in function_lines(self.loki.entries) if text != "well"]
        self.assertEqual([f"{i:08d}" for i in range(count)], got)


if __name__ == "__main__":
    unittest.main()
