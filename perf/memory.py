"""Resident memory: idle, after many invocations, in a burst and ten seconds after it."""

from __future__ import annotations

import lab
from report import Section, table


def measure(place: lab.Lab, quick: bool) -> Section:
    rows, figures = [], {}
    other = lab.lambdawatch()
    for candidate in [lab.sleipnir(), *([other] if other else [])]:
        many = place.play(candidate, invocations=50 if quick else 1000, records=20, timeout_ms=240000)
        row = [candidate.name, f"{many['idle_kb']:,} kB", f"{many['after_kb']:,} kB"]
        figures[candidate.name] = {"idle_kb": many["idle_kb"], "after_kb": many["after_kb"]}
        if candidate.name == "Sleipnir":  # LambdaWatch does not come back from such a burst within a minute
            burst = place.play(candidate, records=20_000 if quick else 200_000, rest_ms=500 if quick else 10_000)
            row += [f"{burst['peak_kb']:,} kB", f"{burst['rested_kb']:,} kB"]
            figures[candidate.name] |= {"burst_peak_kb": burst["peak_kb"], "rested_kb": burst["rested_kb"]}
        rows.append(row + [""] * (5 - len(row)))
    return Section("Memory", "perf/run --only memory", table(
        ["", "idle", f"after {50 if quick else '1,000'} invocations of 20 records",
         f"peak in a burst of {20_000 if quick else 200_000:,} records", "ten seconds later"], rows), [], figures)
