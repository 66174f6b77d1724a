"""What a function with 128 MB pays: the same binary with 7 % of a core, by the kernel's CPU bandwidth control."""

from __future__ import annotations

import contextlib
import os
import statistics
import subprocess
import time
from pathlib import Path
from typing import Iterator, Optional

import lab
from hold import gateway
from report import Section, table

SHARE = 0.07
PERIOD_US = 20_000  # Lambda's own period is of this order
UNITS = 20_000       # of the function's work in each invocation, about a microsecond each
INVOCATIONS, GAP_MS = 5, 50


@contextlib.contextmanager
def _group() -> Iterator[Optional[Path]]:
    """The file to write a process id to, so that it runs at SHARE of a core; None where this machine lets nobody do that."""
    one, two = Path("/sys/fs/cgroup/cpu"), Path("/sys/fs/cgroup")
    base = one if (one / "cpu.cfs_quota_us").exists() else two
    group = base / f"sleipnir-perf-{os.getpid()}"
    try:
        group.mkdir()
        if base is one:
            (group / "cpu.cfs_period_us").write_text(str(PERIOD_US))
            (group / "cpu.cfs_quota_us").write_text(str(int(SHARE * PERIOD_US)))
        else:
            (group / "cpu.max").write_text(f"{int(SHARE * PERIOD_US)} {PERIOD_US}")
    except OSError:
        yield None
        return
    try:
        yield group / "cgroup.procs"
    finally:
        with contextlib.suppress(OSError):
            group.rmdir()


def _entering(folder: Path, program: Path, procs: Optional[Path]) -> Path:
    """The program, or a script that joins the group first."""
    if procs is None:
        return program
    script = folder / f"{program.name}-in-the-group"
    script.write_text(f'#!/bin/sh\necho $$ > {procs}\nexec {program} "$@"\n')
    script.chmod(0o755)
    return script


def _alone(function: Path, invocations: int) -> list[float]:
    """The function's work with nobody beside it, in ms."""
    took = []
    with subprocess.Popen([str(function)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin and process.stdout
        for _ in range(invocations):
            time.sleep(GAP_MS / 1000)
            process.stdin.write(f"{UNITS}\n")
            process.stdin.flush()
            took.append(int(process.stdout.readline()) / 1e6)
        process.stdin.close()
    return took


def _rows(place: lab.Lab, name: str, procs: Optional[Path], tls: Optional[dict[str, str]], upstream: int, rounds: int,
          figures: dict[str, float]) -> list[list[str]]:
    function = _entering(place.folder, place.burner, procs)
    alone = [took for _ in range(rounds) for took in _alone(function, INVOCATIONS)]
    rows = [[f"{name}, no extension", "", "", "", "", f"{statistics.median(alone):.2f} ms"]]
    enter = ["/bin/sh", "-c", f'echo $$ > {procs} && exec "$0" "$@"'] if procs else []
    for scheme, environment in (("http", {}), ("https", tls)):
        if environment is None:
            continue
        firsts, laters, starts, works = [], [], [], []
        for _ in range(rounds):
            # Real-time tasks are outside the bandwidth control, so the player must not hand that on.
            run = place.play(lab.sleipnir(), wrap=enter, invocations=INVOCATIONS, records=20, gap_ms=GAP_MS, port=upstream, realtime=0,
                             burn=UNITS, function=function, environment={**environment, "LOKI_FLUSH_STRATEGY": "end"})
            firsts.append(run["holds_us"][0] / 1000)
            laters += [hold / 1000 for hold in run["holds_us"][1:]]
            works += [work / 1000 for work in run["burns_us"]]
            starts.append(run["next_ms"])
        figures[f"{name}, {scheme}, first hold"] = statistics.median(firsts)
        figures[f"{name}, {scheme}, function"] = statistics.median(works) - statistics.median(alone)
        rows.append([f"{name}, {scheme}", f"{statistics.median(starts):.2f} ms", f"{statistics.median(firsts):.2f} ms",
                     f"{max(firsts):.2f} ms", f"{statistics.median(laters):.2f} ms", f"{statistics.median(works):.2f} ms"])
    return rows


def measure(place: lab.Lab, quick: bool) -> Section:
    """First and later holds of fresh environments, and the function's own work, over http and https, with and without the quota."""
    rows: list[list[str]] = []
    figures: dict[str, float] = {}
    notes = [f"{SHARE:.0%} of a core (period {PERIOD_US / 1000:.0f} ms), {INVOCATIONS} invocations of 20 records, {GAP_MS} ms apart, strategy "
             "`end`. The first hold includes what was not ready yet: thread, trust store, TLS handshake. The function computes for "
             f"{UNITS / 1000:.0f} ms of a whole core in each invocation, in the same group as the extension."]
    upstream = lab.free_port()
    with _group() as procs, gateway(place.folder, upstream, True, True) as tls:
        rows += _rows(place, "a whole core", None, tls, upstream, 1 if quick else 10, figures)
        if procs is None:
            notes.append("The quota was not measured: this machine gives none (a writable cpu cgroup).")
        else:
            rows += _rows(place, f"{SHARE:.0%} of a core", procs, tls, upstream, 1 if quick else 10, figures)
    return Section("At a small function's share of CPU", "perf/run --only quota", table(
        ["", "exec to the first /next", "first hold, median", "first hold, worst", "later holds, median", "the function's work, median"], rows),
        notes, figures)
