"""An hour of an environment's life in minutes: invocations, freezes, faults on both sides, at random.

In the test run it takes half a minute. The whole of it: SLEIPNIR_SOAK_SECONDS=300; SLEIPNIR_SEED repeats a run, SLEIPNIR_SOAK_STRATEGY sets the flush strategy, else drawn. The
function's clock runs so much faster that the records are spread over an hour; freezes are real (SIGSTOP, SIGCONT).
Whatever happens, nothing is lost and nothing stored twice, and memory, descriptors and spool come back to where they were.
"""

from __future__ import annotations

import os
import random
import time
import unittest
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, List

from spool_files import spooled_bytes
from support import EMULATED, Case, function_lines, scratch_folder, sleipnir, stderr_of
from standin import LokiStandin

SECONDS = float(os.environ.get("SLEIPNIR_SOAK_SECONDS", "15"))
HOUR_MS = 55 * 60_000  # Loki takes what is less than an hour behind its stream's newest
MEMORY_BYTES = 4 << 20
# What the C library and the kernel may round up in an hour.
RSS_SLACK_KB = 256

LOKI_FAULTS: List[Dict[str, Any]] = [
    dict(status=500), dict(status=503), dict(status=429), dict(status=429, headers={"Retry-After": "1"}),
    dict(kind="close"), dict(kind="close", store=True), dict(kind="reset"), dict(kind="reset_in_body", bytes=200),
    dict(kind="answer_then_close"), dict(kind="half_answer"), dict(kind="garbage"), dict(kind="delay", seconds=0.3),
    dict(kind="trickle", seconds=0.003)]


@dataclass
class Sample:
    rss_kb: int
    descriptors: int
    threads: int
    spool_bytes: int


class Life:
    def __init__(self, loki: LokiStandin, seed: int, spool: Path):
        self.loki = loki
        self.dice = random.Random(seed)
        self.spool = spool
        self.lines: List[str] = []
        self.samples: List[Sample] = []
        self.counts: Dict[str, int] = {}
        self.strategy = os.environ.get("SLEIPNIR_SOAK_STRATEGY") or self.dice.choice(["end", "adaptive"])
        env = {"LOKI_ENDPOINT": loki.url, "LOKI_FLUSH_STRATEGY": self.strategy, "LOKI_SPOOL_DIR": str(spool), "LOKI_MEMORY_LIMIT_BYTES": str(MEMORY_BYTES),
               "LOKI_FLUSH_BUDGET_MS": "200", "LOKI_REQUEST_TIMEOUT_MS": "2000"}
        self.lam = sleipnir(env, timeout_s=30, clock_offset_ms=-HOUR_MS)

    def count(self, what: str) -> None:
        self.counts[what] = self.counts.get(what, 0) + 1

    def some(self, count: int, length: int) -> List[str]:
        made = [f"{len(self.lines) + i:08d} " + "s" * length for i in range(count)]
        self.lines += made
        return made

    def invoke(self, **script: Any) -> None:
        self.count("invocations")
        self.lam.invoke(**script)

    def sample(self) -> None:
        process = Path("/proc") / str(self.lam.extension.pid)
        self.samples.append(Sample(self.lam.extension.rss_kb, len(os.listdir(process / "fd")),
                                   len(os.listdir(process / "task")), spooled_bytes(self.spool)))

    def settle(self, seconds: float) -> bool:
        """Until everything written so far is in Loki and the spool is empty."""
        self.loki.heal()
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.invoke(lines=self.some(1, 10), duration_ms=5)
            if not spooled_bytes(self.spool) and len(self.loki.entries) >= len(self.lines):
                if set(self.lines) <= {entry.line for entry in self.loki.entries}:
                    return True
        return False

    def overfill(self) -> None:
        """More than memory holds, while Loki takes nothing: the spool has to help out."""
        self.count("bursts into the spool")
        self.loki.heal()
        self.loki.fault(status=503)
        self.invoke(lines=self.some(3000, 900))
        self.loki.heal()

    def one(self) -> None:
        """One invocation, and whatever befalls it."""
        dice = self.dice
        # What did not strike is forgotten, or the faults would pile up to one long outage; whom one holds is let go.
        self.loki.heal()
        if dice.random() < 0.10:
            self.count("faults of Loki")
            self.loki.fault(times=dice.randrange(1, 4), **dice.choice(LOKI_FAULTS))
        elif dice.random() < 0.01:
            self.count("black holes")
            self.loki.fault("black_hole", times=1)
        if dice.random() < 0.10:
            self.count("faults of the telemetry's sender")
            delivery = self.lam.delivery
            delivery.duplicate_next = dice.randrange(2)
            delivery.break_next = dice.randrange(2)
            delivery.chunked = dice.random() < 0.5
            delivery.close_each = dice.random() < 0.2
        lines = self.some(*dice.choice([(0, 0), (1, 50), (5, 200), (20, 500), (300, 150)]))
        self.invoke(lines=lines, duration_ms=dice.choice([0, 0, 5, 20]),
                    error_type=dice.choice([None] * 9 + ["Runtime.Unhandled"]),
                    runtime_done=dice.choice(["normal"] * 8 + ["twice", "before_invoke"]),
                    report=dice.choice(["normal"] * 4 + ["late"]))
        if dice.random() < 0.3:
            self.count("freezes")
            self.lam.freeze()
            if dice.random() < 0.4:
                self.loki.kill_connections(reset=dice.random() < 0.5)
            time.sleep(dice.choice([0.0, 0.0, 0.05, 1.2]) if dice.random() < 0.3 else 0.0)
            self.lam.thaw()

    def run(self, seconds: float) -> None:
        # Everything that is touched once is touched first: all of memory, the spool, its replay.
        self.overfill()
        self.warm = self.settle(120)
        begin = time.monotonic()
        burst_every = max(seconds / 6, 8)
        next_burst, next_sample = begin + burst_every, begin
        while (passed := time.monotonic() - begin) < seconds:
            self.lam.clock_offset_ms = int(-HOUR_MS * (1 - passed / seconds))
            self.one()
            now = time.monotonic()
            if now >= next_burst:
                self.overfill()
                next_burst = now + burst_every
            if now >= next_sample:
                self.sample()
                next_sample = now + seconds / 60


class Soak(Case):
    @unittest.skipIf(EMULATED, "an hour under an emulated processor is an hour")
    def test_an_hour_of_life_leaves_memory_descriptors_and_spool_as_they_were(self) -> None:
        seed = int(os.environ.get("SLEIPNIR_SEED") or random.randrange(2**32))
        print(f"SLEIPNIR_SEED={seed} SLEIPNIR_SOAK_SECONDS={SECONDS:.0f}", flush=True)
        loki = self.opened(LokiStandin())
        spool = Path(scratch_folder()) / "spool"
        life = Life(loki, seed, spool)
        with life.lam as lam:
            life.run(SECONDS)
            self.assertTrue(life.warm, "the first burst was not delivered")
            settled = life.settle(120)
            life.sample()
            pid = lam.extension.pid
            lam.shutdown("spindown")
            self.assertEqual(0, lam.extension.exit_code)
            stderr = stderr_of(lam)
        self.tell(life, loki)
        self.assertTrue(settled, f"SLEIPNIR_SEED={seed}\n{stderr[-2000:]}")
        self.assertGreater(pid, 0)

        stored = function_lines(loki.entries)
        self.assertEqual([], sorted(set(life.lines) - set(stored))[:5], "lost")
        self.assertEqual(len(set(stored)), len(stored), "twice")
        self.assertNotIn("overflow", stderr)

        early, late = life.samples[:len(life.samples) // 2], life.samples[len(life.samples) // 2:]
        self.assertLessEqual(max(s.rss_kb for s in late), max(s.rss_kb for s in early) + RSS_SLACK_KB, f"SLEIPNIR_SEED={seed}")
        self.assertLess(max(s.rss_kb for s in life.samples), (MEMORY_BYTES + 6_000_000) / 1024)
        self.assertLessEqual(max(s.descriptors for s in late), max(s.descriptors for s in early) + 2)
        self.assertEqual({2}, {s.threads for s in life.samples})
        # Four black holes, each of which costs its 2 s of timeout, leave no time for it in 15 s.
        if SECONDS >= 60:
            self.assertIn(0, {s.spool_bytes for s in late[:-1]}, "the spool was never empty again")
        self.assertEqual(0, life.samples[-1].spool_bytes)

    def tell(self, life: Life, loki: LokiStandin) -> None:
        print(f"strategy {life.strategy}: " + ", ".join(f"{count} {what}" for what, count in life.counts.items()), flush=True)
        print(f"{len(life.lines)} lines, {len(loki.pushes)} pushes, {len(loki.duplicates)} raw repeats swallowed", flush=True)
        quarter = max(1, len(life.samples) // 4)
        for i in range(0, len(life.samples), quarter):
            part = life.samples[i:i + quarter]
            print(f"samples {i + 1:2} to {i + len(part):2}: resident {min(s.rss_kb for s in part)} to "
                  f"{max(s.rss_kb for s in part)} kB, descriptors {min(s.descriptors for s in part)} to "
                  f"{max(s.descriptors for s in part)}, spool up to {max(s.spool_bytes for s in part)} bytes", flush=True)


if __name__ == "__main__":
    unittest.main()
