"""What memory cannot keep: restarts of the sandbox, a full memory, and a spindown from which nobody comes back."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import time
import unittest
from pathlib import Path

from spool_files import spooled_bytes
from support import Case, EMULATED, function_lines, scratch_folder, sleipnir, stderr_of
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
        self.folder = scratch_folder()
        self.env = {"LOKI_ENDPOINT": self.loki.url, "LOKI_FLUSH_BUDGET_MS": "200",
                    "LOKI_SPOOL_DIR": os.path.join(self.folder, "spool")}

    def spooled_bytes(self) -> int:
        return spooled_bytes(Path(self.env["LOKI_SPOOL_DIR"]))

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

    def test_without_a_spool_a_full_memory_drops_the_oldest_counts_them_and_holds_nobody(self) -> None:
        count = 2_000 if EMULATED else 20_000
        env = {**self.env, "LOKI_MEMORY_LIMIT_BYTES": str(4 << 20), "LOKI_SPOOL_MAX_BYTES": "0"}
        with sleipnir(env, timeout_s=60) as lam:
            lam.invoke(lines=["well"])
            self.loki.fault(status=503)
            lam.invoke(lines=(f"{i:08d} " + "o" * 1000 for i in range(count)))
            self.assertTrue(lam.wait_delivered(20), "Lambda is not kept waiting")
            self.loki.heal()
            lam.shutdown("spindown")
            self.assertEqual(0, lam.extension.exit_code)
            found = ledger(stderr_of(lam))
        got = [text[:8] for text in function_lines(self.loki.entries) if text != "well"]
        dropped = found["dropped"]["overflow"]
        self.assertTrue(balanced(found), found)
        self.assertEqual(0, found["pending"])
        # Platform events are among both: the lines are the newest, without a gap.
        self.assertEqual([f"{i:08d}" for i in range(count - len(got), count)], got)
        self.assertLessEqual(count - len(got), dropped)
        self.assertGreater(dropped, count // 2)

    def test_a_spool_that_cannot_be_written_harms_nothing_and_what_it_would_have_held_is_counted(self) -> None:
        with sleipnir({**self.env, "LOKI_SPOOL_DIR": "/proc/sleipnir"}, timeout_s=5) as lam:
            self.loki.fault(status=503)
            lam.invoke(lines=["lost 1"])
            self.assertEqual({"sleipnir": 0}, lam.reset("timeout").exit_codes)
            found = ledger(stderr_of(lam))
            self.assertEqual({"shutdown": found["received"] - found["filtered"]}, found["dropped"])
            self.assertIn("LOKI_SPOOL_DIR", stderr_of(lam))
            self.loki.heal()
            lam.invoke(lines=["and on"])
            lam.shutdown("spindown")
        self.assertEqual(["and on"], function_lines(self.loki.entries))

    def test_a_spool_outside_tmp_is_found_by_the_next_environment(self) -> None:
        folder = tempfile.mkdtemp(prefix="sleipnir-spool-test-", dir="/var/tmp")
        self.addCleanup(shutil.rmtree, folder)
        env = {**self.env, "LOKI_SPOOL_DIR": os.path.join(folder, "spool")}
        self.loki.fault(status=503)
        with sleipnir(env, timeout_s=5) as lam:
            lam.invoke(lines=["kept"])
            lam.shutdown("spindown")
            self.assertEqual({}, ledger(stderr_of(lam))["dropped"])
        self.loki.heal()
        with sleipnir(env, timeout_s=5) as another:
            another.invoke(lines=["of another"])
            another.invoke(lines=["once more"], duration_ms=50)
            another.shutdown("spindown")
        self.assertEqual({"kept", "of another", "once more"}, set(function_lines(self.loki.entries)))
        self.assertEqual([], os.listdir(env["LOKI_SPOOL_DIR"]))

    def test_two_environments_with_one_directory_deliver_everything_once(self) -> None:
        self.loki.fault(status=503)
        with sleipnir(self.env, timeout_s=5) as one, sleipnir(self.env, timeout_s=5) as two:
            both = (("one", one), ("two", two))
            for name, lam in both:
                lam.invoke(lines=[f"{name} in the outage"])
                lam.reset("timeout")
            self.loki.heal()
            # Side by side: whoever comes first takes what lies there, and the other leaves it alone.
            for turn in range(4):
                for pending in [lam.start_invoke(lines=[f"{name} {turn}"], duration_ms=50) for name, lam in both]:
                    pending.result(20)
            for _, lam in both:
                lam.shutdown("spindown")
                self.assertEqual(0, lam.extension.exit_code)
        expected = [f"{name} {what}" for name in ("one", "two") for what in ("in the outage", *range(4))]
        self.assertEqual(sorted(expected), sorted(function_lines(self.loki.entries)))
        self.assertEqual(0, self.spooled_bytes())


if __name__ == "__main__":
    unittest.main()
