"""What a function with 128 MB pays: the same binary with 7 % of a core, by the kernel's CPU bandwidth control."""

from __future__ import annotations

import contextlib
import os
import statistics
from pathlib import Path
from typing import Iterator, Optional

import lab
from hold import gateway
from report import Section, table

SHARE = 0.07
PERIOD_US = 20_000  # Lambda's own period is of this order


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


def measure(place: lab.Lab, quick: bool) -> Section:
    """First and later holds of fresh environments, over http and https, with and without the quota."""
    rows: list[list[str]] = []
    figures: dict[str, float] = {}
    notes = [f"{SHARE:.0%} of a core (period {PERIOD_US / 1000:.0f} ms), 20 records an invocation, 50 ms apart, strategy `end`. The first hold "
             "includes what was not ready yet: thread, trust store, TLS handshake."]
    upstream = lab.free_port()
    with _group() as procs, gateway(place.folder, upstream, True, True) as tls:
        if procs is None:
            notes.append("Not measured: this machine gives no CPU quota (a writable cpu cgroup).")
        enter = ["/bin/sh", "-c", f'echo $$ > {procs} && exec "$0" "$@"']
        for name, wrap in (("a whole core", []), (f"{SHARE:.0%} of a core", enter)):
            for scheme, environment in (("http", {}), ("https", tls)):
                if (wrap and procs is None) or environment is None:
                    continue
                firsts, laters, starts = [], [], []
                for _ in range(2 if quick else 15):
                    # Real-time tasks are outside the bandwidth control, so the player must not hand that on.
                    run = place.play(lab.sleipnir(), wrap=wrap, invocations=10, records=20, gap_ms=50, port=upstream, realtime=0,
                                     environment={**environment, "LOKI_FLUSH_STRATEGY": "end"})
                    firsts.append(run["holds_us"][0] / 1000)
                    laters += [hold / 1000 for hold in run["holds_us"][1:]]
                    starts.append(run["next_ms"])
                figures[f"{name}, {scheme}"] = statistics.median(firsts)
                rows.append([f"{name}, {scheme}", f"{statistics.median(starts):.2f} ms", f"{statistics.median(firsts):.2f} ms",
                             f"{max(firsts):.2f} ms", f"{statistics.median(laters):.2f} ms"])
    return Section("At a small function's share of CPU", "perf/run --only quota", table(
        ["", "exec to the first /next", "first hold, median", "first hold, worst", "later holds, median"], rows), notes, figures)
