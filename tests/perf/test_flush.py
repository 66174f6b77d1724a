"""The flush table in its small size: what the strategies promise holds for every pattern and some seeds, and the README's
table is what perf/flush prints."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import unittest
from pathlib import Path
from typing import Any, Dict

ROOT = Path(__file__).resolve().parents[2]
FLUSH = ROOT / "perf" / "flush"
SPARSE = "sparse cron"
Table = Dict[str, Dict[str, Dict[str, Any]]]


def run(*arguments: str) -> str:
    return subprocess.run([sys.executable, str(FLUSH), *arguments], stdout=subprocess.PIPE, text=True, check=True).stdout


def quick_table(seed: int) -> Table:
    table: Table = {}
    for line in run("--quick", "--json", "--seed", str(seed)).splitlines():
        row = json.loads(line)
        table.setdefault(row["pattern"], {})[row["strategy"]] = row
    return table


class FlushTable(unittest.TestCase):
    seed: int
    table: Table

    @classmethod
    def setUpClass(cls) -> None:
        cls.seed = random.randrange(2**32)
        print(f"seed {cls.seed}", flush=True)
        cls.table = quick_table(cls.seed)

    def test_every_strategy_sees_the_same_invocations(self) -> None:
        self.assertEqual(4, len(self.table))
        for pattern in self.table.values():
            self.assertEqual({"end", "adaptive", "background"}, set(pattern))
            self.assertEqual(1, len({(row["invocations"], row["records"]) for row in pattern.values()}))
            self.assertGreater(pattern["end"]["records"], 1000)

    def test_background_never_holds_and_adaptive_never_longer_than_end(self) -> None:
        for pattern in self.table.values():
            self.assertEqual(0, pattern["background"]["hold_mean_ms"])
            self.assertLessEqual(pattern["adaptive"]["hold_mean_ms"], pattern["end"]["hold_mean_ms"])

    def test_adaptive_is_end_where_invocations_are_rare(self) -> None:
        sparse = self.table[SPARSE]
        self.assertEqual({**sparse["end"], "strategy": "adaptive"}, sparse["adaptive"])

    def test_adaptive_spares_busy_functions_a_round_trip(self) -> None:
        for name, pattern in self.table.items():
            if name != SPARSE:
                self.assertLess(pattern["adaptive"]["hold_mean_ms"], pattern["end"]["hold_mean_ms"] - 15, name)

    def test_an_error_reaches_loki_at_once_but_in_the_background(self) -> None:
        for name, pattern in self.table.items():
            self.assertLess(pattern["end"]["error_age_p99_ms"], 100, name)
            self.assertLess(pattern["adaptive"]["error_age_p99_ms"], 100, name)
            self.assertGreater(pattern["background"]["error_age_p99_ms"], 900, name)

    def test_end_leaves_nothing_but_the_invocation_under_way_to_be_lost(self) -> None:
        for name, pattern in self.table.items():
            self.assertLessEqual(pattern["end"]["unsent_most"], 40, name)  # 30 lines and its start, done, and an early one

    def test_background_of_rare_invocations_goes_with_the_next_one(self) -> None:
        sparse = self.table[SPARSE]["background"]
        self.assertLess(sparse["age_p99_ms"], 302_000)
        self.assertLess(sparse["unsent_most"], 2 * 40)

    def test_background_of_busy_functions_goes_every_interval(self) -> None:
        steady = self.table["steady"]
        for strategy in ("adaptive", "background"):
            self.assertLess(steady[strategy]["age_p99_ms"], 1300)

    def test_the_same_seed_gives_the_same_table(self) -> None:
        self.assertEqual(self.table, quick_table(self.seed))

    def test_the_readme_shows_what_is_printed(self) -> None:
        printed = run()
        table = printed[:printed.index("seed ")]
        self.assertIn(f"<!-- flush table: begin -->\n{table}<!-- flush table: end -->", (ROOT / "README.md").read_text(),
                      "perf/flush --write brings it up to date")


if __name__ == "__main__":
    unittest.main()
