"""Starts under other conditions: the binary not in the page cache, linked dynamically; and what a real function's init feels of it.

A page cache without the binary is what the first environment on a host has; it is emptied of this one file before each start.
"""

from __future__ import annotations

import os
import statistics
import sys
from pathlib import Path
from typing import Any, Optional

import lab
from candidates import ROOT, Candidate, noop
from report import Section, percentile, table

sys.path.insert(0, str(ROOT / "tests"))

FUNCTION = "def handler(event, context):\n    return {}\n"


def measure(place: lab.Lab, quick: bool) -> Section:
    rounds = 10 if quick else 200
    ours = lab.sleipnir()
    candidates = [noop(place.folder, lab.free_port()), ours]
    notes = []
    dynamic = Path(os.environ.get("SLEIPNIR_NATIVE") or ROOT / "build" / "native" / "src" / "sleipnir")
    if os.access(dynamic, os.X_OK):
        candidates.append(Candidate("Sleipnir, dynamically linked (glibc)", dynamic, ours.environment))
    else:
        notes.append("Dynamic linking left out: no native build (SLEIPNIR_NATIVE names one).")
    times: dict[tuple[str, bool], list[float]] = {}
    for _ in range(rounds):
        for candidate in candidates:
            for cold in (False, True):
                if cold:
                    _forget(candidate.program)
                found, _ = place.start(candidate)
                times.setdefault((candidate.name, cold), []).append(found["next_ns"] / 1e6)
    rows, figures = [], {}
    for (name, cold), seen in times.items():
        state = "not in the page cache" if cold else "in the page cache"
        rows.append([name, state, f"{statistics.median(seen):.2f} ms", f"{percentile(seen, 0.1):.2f}", f"{percentile(seen, 0.9):.2f}"])
        figures[f"{name}, {state}"] = statistics.median(seen)
    notes += _init_of_a_function(place, ours.program, 3 if quick else 60, figures)
    return Section("Other starts", "perf/run --only starts",
                   table(["program", "its file", "exec to the first /next, median", "p10", "p90"], rows), notes, figures)


def _forget(program: Path) -> None:
    """The program's pages leave the page cache. Clean and mapped by nobody, they may."""
    with program.open("rb") as file:
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def _init_of_a_function(place: lab.Lab, program: Path, rounds: int, figures: dict[str, Any]) -> list[str]:
    """A Python function under Lambda's own runtime client, with the extension and without, in turn."""
    from emulator.function import python_function  # type: ignore[import-not-found]
    handler = place.folder / "function"
    handler.mkdir()
    (handler / "measured.py").write_text(FUNCTION)
    function, client = python_function(str(handler), "measured.handler")
    seen: dict[bool, list[float]] = {False: [], True: []}
    for _ in range(rounds):
        for there, times in seen.items():
            times.append(_init_ms(function, program if there else None))
    without, with_it = statistics.median(seen[False]), statistics.median(seen[True])
    figures["function's init"] = {"without_ms": without, "with_ms": with_it}
    return [f"Init of a function under the emulator ({client}), median of {rounds}, in turn: {without:.1f} ms without an extension, "
            f"{with_it:.1f} ms with Sleipnir (p10 to p90: {percentile(seen[False], 0.1):.1f} to {percentile(seen[False], 0.9):.1f}, and "
            f"{percentile(seen[True], 0.1):.1f} to {percentile(seen[True], 0.9):.1f})."]


def _init_ms(function: Any, program: Optional[Path]) -> float:
    from emulator import Lambda  # type: ignore[import-not-found]
    with Lambda(extension=[str(program)] if program else [], function=function, env={"LOKI_ENDPOINT": "http://127.0.0.1:9"}) as lam:
        error = lam.init()
        if error:
            raise AssertionError(f"init failed: {error}")
        took: float = lam.sandbox.init_ms
        return took
