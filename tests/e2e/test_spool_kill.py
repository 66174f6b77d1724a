"""kill -9 at 50 seeded points: in a push, in a spool write, at SHUTDOWN, in a replay, idle.

What was on disk is delivered by the next start, to the last record; what is lost was in memory and nowhere else, and is
printed as a number. SLEIPNIR_SEED repeats a run, SLEIPNIR_KILLS sets the number of points.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import tempfile
import threading
import time
import unittest
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import List

from spool_files import read_spool, spooled_bytes
from support import EMULATED, Case, function_lines, sleipnir
from standin import LokiStandin

POINTS = int(os.environ.get("SLEIPNIR_KILLS", "6" if EMULATED else "50"))
AT_ONCE = 4
KINDS = ("push", "spool", "shutdown", "replay", "idle")
MEMORY_BYTES = 4 << 20
LINE_BYTES = 1000
BURST = 3000  # lines: more than such a memory holds
# One telemetry body at most may have been stored without being acknowledged: Lambda delivers it again.
BODY_RECORDS = 1000


@dataclass
class Outcome:
    kind: str
    seed: int
    written: int = 0     # lines of the function
    lost: int = 0
    doubled: int = 0
    on_disk: int = 0     # records in whole frames at the moment of the kill
    torn_bytes: int = 0
    too_late: bool = False
    problem: str = ""


def one_point(kind: str, seed: int) -> Outcome:
    outcome = Outcome(kind, seed)
    try:
        with LokiStandin() as loki, tempfile.TemporaryDirectory(prefix="sleipnir-kill-", dir="/tmp") as folder:
            Point(outcome, loki, Path(folder) / "spool").run()
    except Exception as error:  # of another process: told in words
        outcome.problem = f"{type(error).__name__}: {error}"
    return outcome


class Point:
    def __init__(self, outcome: Outcome, loki: LokiStandin, folder: Path):
        self.outcome = outcome
        self.loki = loki
        self.folder = folder
        self.dice = random.Random(outcome.seed)
        self.lines: List[str] = []
        self.all_delivered = False  # before the kill
        self.env = {"LOKI_ENDPOINT": loki.url, "LOKI_SPOOL_DIR": str(folder), "LOKI_FLUSH_BUDGET_MS": "200",
                    "LOKI_MEMORY_LIMIT_BYTES": str(MEMORY_BYTES),
                    # Plain frames are larger, so that more kills fall into the writing of one.
                    "LOKI_ENABLE_GZIP": self.dice.choice(["true", "false"])}

    def some(self, count: int) -> List[str]:
        made = [f"{len(self.lines) + i:06d} {self.dice.randbytes(LINE_BYTES // 2 - 4).hex()}" for i in range(count)]
        self.lines += made
        return made

    def run(self) -> None:
        with sleipnir(self.env, timeout_s=30) as lam:
            self.lam = lam
            lam.invoke(lines=self.some(3))
            getattr(self, self.outcome.kind)()
            self.loki.heal()
            on_disk = read_spool(self.folder)
            # The same sandbox, the same /tmp: the next invocation starts a new process.
            for _ in range(100):
                lam.invoke(lines=self.some(1), duration_ms=20)
                if not spooled_bytes(self.folder) and lam.wait_delivered(0):
                    break
            lam.shutdown("spindown")
            self.judge(on_disk.lines, on_disk.records, on_disk.torn_bytes)

    def kill(self) -> None:
        # After a reset the next invocation starts it, which takes a busy machine longer than us to come here.
        assert self.lam.wait(lambda: self.lam.extension.process is not None)
        process = self.lam.extension.process
        try:
            os.kill(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            self.outcome.too_late = True  # it had left in order
        assert self.lam.wait(lambda: not process.running)

    def burst_and_kill(self, seconds_max: float) -> None:
        pending = self.lam.start_invoke(lines=self.some(BURST))
        time.sleep(self.dice.random() * seconds_max)
        self.kill()
        pending.result(timeout=60)

    # ---- the points ----

    def push(self) -> None:
        """Pushes are under way all the time: Loki takes 20 ms for each."""
        self.loki.fault("delay", seconds=0.02)
        self.burst_and_kill(0.3)

    def spool(self) -> None:
        """Memory is full and Loki takes nothing: batch after batch goes to disk."""
        self.loki.fault(status=503)
        self.burst_and_kill(0.4)

    def shutdown(self) -> None:
        """In the two seconds of a SHUTDOWN after which the sandbox is started anew."""
        self.loki.fault(status=503)
        self.lam.invoke(lines=self.some(1500))
        killer = threading.Timer(self.dice.random() * 0.015, self.kill)
        killer.start()
        self.lam.reset("timeout")
        killer.join()

    def replay(self) -> None:
        """What is on disk is being sent."""
        self.loki.fault(status=503)
        self.lam.invoke(lines=self.some(BURST))
        self.lam.reset("timeout")
        self.loki.heal()
        self.loki.fault("delay", seconds=0.02)
        pending = self.lam.start_invoke(lines=self.some(3), duration_ms=100)
        time.sleep(self.dice.random() * 0.2)
        self.kill()
        pending.result(timeout=60)

    def idle(self) -> None:
        """Frozen: with the records of an outage in memory, or with nothing in it."""
        self.all_delivered = self.dice.random() < 0.5
        if not self.all_delivered:
            self.loki.fault(status=503)
        self.lam.invoke(lines=self.some(200))
        self.lam.freeze()
        self.kill()
        self.lam.thaw()
        self.lam.reset("failure")

    def judge(self, spooled: List[str], records: int, torn_bytes: int) -> None:
        stored = function_lines(self.loki.entries)
        distinct = set(stored)
        self.outcome.written = len(self.lines)
        self.outcome.lost = len(set(self.lines) - distinct)
        self.outcome.doubled = len(stored) - len(distinct)
        self.outcome.on_disk, self.outcome.torn_bytes = records, torn_bytes
        # A line of the spool may be a platform event or our own: these are looked for among all.
        missing = set(spooled) - {entry.line for entry in self.loki.entries}
        if missing:
            self.outcome.problem = f"{len(missing)} spooled records were not recovered"
        elif self.all_delivered and self.outcome.lost:
            self.outcome.problem = f"{self.outcome.lost} records lost though nothing waited"
        elif spooled_bytes(self.folder):
            self.outcome.problem = f"{spooled_bytes(self.folder)} bytes are still in the spool"
        elif not distinct <= set(self.lines):
            self.outcome.problem = "lines that nobody wrote"
        elif self.outcome.lost * LINE_BYTES > MEMORY_BYTES:
            self.outcome.problem = f"{self.outcome.lost} records lost: more than memory holds"
        elif self.outcome.doubled > BODY_RECORDS:
            self.outcome.problem = f"{self.outcome.doubled} records twice: more than one telemetry body"


class Kill(Case):
    def test_kill_9_costs_at_most_what_was_in_memory_and_nothing_that_was_spooled(self) -> None:
        seed = int(os.environ.get("SLEIPNIR_SEED") or random.randrange(2**32))
        print(f"SLEIPNIR_SEED={seed}", flush=True)
        dice = random.Random(seed)
        points = [(KINDS[i % len(KINDS)], dice.randrange(2**32)) for i in range(POINTS)]
        # Processes: the sandboxes of one process share an interpreter, and wait for each other.
        with ProcessPoolExecutor(AT_ONCE, mp_context=multiprocessing.get_context("fork")) as pool:
            outcomes = list(pool.map(one_point, *zip(*points)))
        for kind in KINDS:
            of_kind = [each for each in outcomes if each.kind == kind]
            print(f"kill -9 in {kind:8} {len(of_kind):3} points: {sum(o.lost for o in of_kind):6} of "
                  f"{sum(o.written for o in of_kind)} records were in memory and are lost (at most "
                  f"{max(o.lost for o in of_kind)} at once), {sum(o.on_disk for o in of_kind)} on disk were recovered, "
                  f"{sum(o.doubled for o in of_kind)} twice, {sum(o.torn_bytes > 0 for o in of_kind)} torn tails, "
                  f"{sum(o.too_late for o in of_kind)} kills too late", flush=True)
        self.assertEqual([], [each for each in outcomes if each.problem], f"SLEIPNIR_SEED={seed}")
        if POINTS >= 50:  # the points were such that something was at stake
            self.assertTrue(any(each.lost for each in outcomes))
            self.assertTrue(any(each.on_disk for each in outcomes))


if __name__ == "__main__":
    unittest.main()
