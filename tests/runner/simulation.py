"""Runs the simulation (tests/simulation): its seeds, the comparison of two runs, and the bugs planted for it to find."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Mapping, Optional, Sequence

from .command import Argument, Done, run
from .report import Stage

SEEDS = 10_000
SECONDS_MAX = 900
# In each of them within so many seeds. The names are those of src/base/planted_bug.cc.
PLANTED_SEEDS = 1000
PLANTED = ("lost_on_mid_body_reset", "restamped_on_retry", "ledger_off_by_one", "hold_over_budget", "torn_tail_taken",
           "breaker_stuck_open")


def every_seed_keeps_its_promises(stage: Stage, program: Path, count: int, *, at_once: int = 2,
                                  prefix: Sequence[Argument] = (), env: Optional[Mapping[str, str]] = None) -> None:
    """Seeds 1 to `count`, in so many processes side by side."""
    ends = [count * part // at_once for part in range(at_once + 1)]
    ranges = [f"{begin + 1}..{end}" for begin, end in zip(ends, ends[1:])]

    def one(which: str) -> Done:
        return run([*prefix, program, "--seeds", which], seconds_max=SECONDS_MAX, env=env)

    with ThreadPoolExecutor(at_once) as pool:
        for which, done in zip(ranges, pool.map(one, ranges)):
            if done.ok:
                stage.passed()
                stage.detail(done.output)
                stage.report.say(f"   {done.output.strip()}")
            else:
                # Each with its number: `simulation --seed N --verbose` tells the rest.
                stage.failed(f"seeds {which}: {done.ending}", done.output)


def repeats_itself(stage: Stage, program: Path, which: str) -> None:
    """Two runs of a seed are identical: in one process, and in another one with other addresses."""
    first = run([program, "--seeds", which, "--twice"], seconds_max=SECONDS_MAX)
    second = run([program, "--seeds", which], seconds_max=SECONDS_MAX)
    trace = re.compile(r"trace ([0-9a-f]{16})")
    traces = [trace.findall(done.output) for done in (first, second)]
    if first.ok and second.ok and traces[0] and traces[0] == traces[1]:
        stage.passed()
    else:
        stage.failed(f"seeds {which}: two runs differ", first.output + second.output)


def finds_planted_bugs(stage: Stage, program: Path) -> None:
    """Each of them, within PLANTED_SEEDS seeds."""
    def one(name: str) -> Done:
        return run([program, "--plant", name, "--first", "--seeds", f"1..{PLANTED_SEEDS}"], seconds_max=SECONDS_MAX)

    with ThreadPoolExecutor(2) as pool:
        for name, done in zip(PLANTED, pool.map(one, PLANTED)):
            found = re.search(r"^seed (\d+): (.*)$", done.output, re.MULTILINE)
            if done.status == 1 and found:
                stage.passed()
                stage.report.say(f"   {name}: found by seed {found[1]} ({found[2][:90]})")
            else:
                stage.failed(f"{name} was not found within {PLANTED_SEEDS} seeds: {done.ending}", done.output)


def nothing_planted(stage: Stage, program: Path, releases: Sequence[Path]) -> None:
    """The releases that were built have none of them; the simulation, in which they are, shows that this can be seen."""
    names = [name.encode() for name in PLANTED]
    if not all(name in program.read_bytes() for name in names):
        stage.failed("the planted bugs' names are not even in the simulation: nothing was looked at")
        return
    built = [path for path in releases if path.exists()]
    if not built:
        stage.skipped("no release was built: nothing to look for planted bugs in")
    for path in built:
        there = [name.decode() for name in names if name in path.read_bytes()]
        if there:
            stage.failed(f"{path.name} has planted bugs in it: {', '.join(there)}")
        else:
            stage.passed()
