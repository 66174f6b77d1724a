"""CPU per record, from the telemetry POST to the acknowledged push, and how it grows with the record's size."""

from __future__ import annotations

import statistics
from typing import Any

import lab
from candidates import Candidate
from report import Line, Plot, Section, table

MIB = 1 << 20
# Bytes of a record, its form, and the largest push allowed (the default is 1 MiB).
SHAPES = [(150, "text", MIB), (50, "text", MIB), (1000, "text", MIB), (16000, "text", MIB), (150, "json", MIB), (1000, "json", MIB),
          (150, "text", 65536), (150, "text", 262144), (150, "text", 2 * MIB)]
BYTES_PER_RUN = 30_000_000
# LambdaWatch gives its own batches of 100 to a queue of its own; more at once than it holds it drops, so it is paced.
PACED_INVOCATIONS, PACED_RECORDS = 100, 1000
PACED_ROUNDS = 9


def _per_record_us(place: lab.Lab, candidate: Candidate, rounds: int, **load: Any) -> tuple[float, dict[str, Any]]:
    """The median over rounds, less what the same life costs without records."""
    nothing = statistics.median(place.play(candidate, **{**load, "records": 0})["cpu_us"] for _ in range(rounds))
    runs = [place.play(candidate, **load) for _ in range(rounds)]
    spent = statistics.median(run["cpu_us"] for run in runs) - nothing
    return spent / (load["records"] * load.get("invocations", 1)), runs[-1]


def measure(place: lab.Lab, quick: bool) -> Section:
    ours = lab.sleipnir()
    rounds = 1 if quick else 5
    rows, figures, points = [], {}, []
    for size, form, push in SHAPES[:1] if quick else SHAPES:
        records = min(200_000, BYTES_PER_RUN // size) // (10 if quick else 1)
        us, run = _per_record_us(place, ours, rounds, records=records, bytes=size, form=form,
                                 environment={"LOKI_MAX_BATCH_SIZE_BYTES": str(push)})
        of_push = "" if push == MIB else f", pushes of {push // 1024} KiB"
        rows.append([f"{size} bytes, {form}{of_push}", f"{records:,}", f"{records / run['settled_ms']:,.0f} thousand/s", f"{us:.2f} us", f"{us / size * 1e3:.2f} ms",
                     f"{run['push_bytes'] / records:.0f} bytes", f"{run['peak_kb']:,} kB"])
        figures[f"{form}-{size}{of_push}"] = us
        if form == "text" and push == MIB:
            points.append((float(size), us))
    notes = _beside_lambdawatch(place, ours, rounds, figures)
    points.sort()
    if len(points) > 1:
        (small, small_us), (large, large_us) = points[0], points[-1]
        slope = (large_us - small_us) / (large - small) * 1e3
        notes.append(f"Slope over the record's size: {slope:.2f} ns a byte; {small_us - slope * small / 1e3:.2f} us a record besides.")
    return Section("CPU per record", "perf/run --only cpu", table(
        ["record", "records in one invocation", "until all is acknowledged", "CPU per record", "per MB", "sent per record", "peak memory"], rows),
        notes, figures, [Plot("CPU per record", "bytes of the record", "us", [Line("text", points)])] if len(points) > 1 else [])


def _beside_lambdawatch(place: lab.Lab, ours: Candidate, rounds: int, figures: dict[str, Any]) -> list[str]:
    other = lab.lambdawatch()
    if not other:
        return []
    load = {"invocations": 5 if rounds == 1 else PACED_INVOCATIONS, "records": PACED_RECORDS, "bytes": 150}
    # In turn, so that both meet the machine as it is at the moment.
    spent: dict[tuple[str, int], list[float]] = {}
    for _ in range(1 if rounds == 1 else PACED_ROUNDS):
        for candidate in (ours, other):
            for records in (0, load["records"]):
                run = place.play(candidate, **{**load, "records": records})
                spent.setdefault((candidate.name, records), []).append(run["cpu_us"])
    paced = {}
    for candidate in (ours, other):
        of_records = statistics.median(spent[candidate.name, load["records"]]) - statistics.median(spent[candidate.name, 0])
        paced[candidate.name] = of_records / (load["invocations"] * load["records"])
        arrived = place.delivered(candidate, **load)["function_lines"]
        figures[f"paced-{candidate.name}"] = {"us": paced[candidate.name], "arrived": arrived}
    sent = load["invocations"] * load["records"]
    return [f"Side by side, {load['invocations']} invocations of {load['records']} records of 150 bytes: Sleipnir {paced[ours.name]:.2f} us, "
            f"LambdaWatch {paced[other.name]:.1f} us a record: 1/{paced[other.name] / paced[ours.name]:.0f}. Arrived of {sent:,}: "
            f"{figures[f'paced-{ours.name}']['arrived']:,} and {figures[f'paced-{other.name}']['arrived']:,}."]


