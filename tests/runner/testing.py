"""Runs tests of each kind and counts their cases: Catch2 programs, unittest files, single programs."""

from __future__ import annotations

import json
import os
import sys
import tempfile
import xml.etree.ElementTree
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Mapping, Optional, Sequence

from .command import ROOT, Argument, Done, run
from .report import Stage

UNIT_SECONDS_MAX = 600
FILE_SECONDS_MAX = 900


def catch2(stage: Stage, program: Path, *, pattern: str = "", prefix: Sequence[Argument] = (),
           env: Optional[Mapping[str, str]] = None) -> None:
    """Every test case of a Catch2 program counts. A program that dies, or has none, is a failure."""
    with tempfile.TemporaryDirectory() as folder:
        cases = Path(folder) / "cases.xml"
        command = [*prefix, program, "--reporter", "console", "--reporter", f"xml::out={cases}"]
        if pattern:
            command += [f"*{pattern}*", "--allow-running-no-tests"]
        done = run(command, seconds_max=UNIT_SECONDS_MAX, env=env)
        try:
            tree = xml.etree.ElementTree.parse(cases)
        except (OSError, xml.etree.ElementTree.ParseError):
            stage.failed(f"{program.name}: {done.ending}, without a result", done.output)
            return
    overall = tree.find("OverallResultsCases")
    counts = {name: int(overall.get(name, "0")) for name in ("successes", "failures", "expectedFailures", "skips")} \
        if overall is not None else {}
    passed = counts.get("successes", 0) + counts.get("expectedFailures", 0)
    stage.passed(passed)
    if counts.get("skips"):
        stage.skipped(f"{program.name}: {counts['skips']} cases", counts["skips"])
    if counts.get("failures") or not done.ok:
        # Not ok without a failed case: a sanitizer spoke at exit, or the program died.
        names = [str(case.get("name")) for case in tree.iter("TestCase")
                 if any(result.get("success") == "false" for result in case.iter("OverallResult"))]
        stage.failed(f"{program.name}: {', '.join(names) or done.ending}", done.output, max(counts.get("failures", 0), 1))
    elif not passed and not pattern:
        stage.failed(f"{program.name}: no test case in it", done.output)


@dataclass
class FileResult:
    path: Path
    done: Done
    passed: int
    failed: list[str]
    skipped: list[tuple[str, str]]


def unittest_files(stage: Stage, files: Sequence[Path], *, pattern: str = "", at_once: int = 1,
                   env: Optional[Mapping[str, str]] = None) -> list[tuple[str, str]]:
    """Each file in a process of its own, `at_once` side by side. Returns the skips (test, reason),
    which the caller counts or refuses."""
    if not files:
        stage.failed("no test files")
        return []
    skips: list[tuple[str, str]] = []
    with ThreadPoolExecutor(at_once) as pool:
        for result in pool.map(lambda path: _unittest_file(path, pattern, env), files):
            name = os.path.relpath(result.path, ROOT)
            stage.passed(result.passed)
            skips += [(f"{name} {test}", reason) for test, reason in result.skipped]
            if result.failed:
                stage.failed(f"{name}: {', '.join(result.failed)}", result.done.output, len(result.failed))
            elif not result.done.ok:
                stage.failed(f"{name}: {result.done.ending}", result.done.output)
            elif not result.passed and not result.skipped and not pattern:
                stage.failed(f"{name}: no test in it", result.done.output)
            else:
                stage.detail(result.done.output)
    return skips


def _unittest_file(path: Path, pattern: str, env: Optional[Mapping[str, str]]) -> FileResult:
    with tempfile.TemporaryDirectory() as folder:
        answer = Path(folder) / "result.json"
        command: list[Argument] = [sys.executable, Path(__file__).with_name("unittest_file.py"), path, answer]
        done = run(command + ([pattern] if pattern else []), seconds_max=FILE_SECONDS_MAX, env=env)
        try:
            found = json.loads(answer.read_text())
        except (OSError, ValueError):
            return FileResult(path, Done(done.status or 1, done.output, done.timed_out), 0, [], [])
    return FileResult(path, done, len(found["passed"]), found["failed"],
                      [(test, reason) for test, reason in found["skipped"]])


def program(stage: Stage, name: str, command: Sequence[Argument], *, seconds_max: float = 300,
            env: Optional[Mapping[str, str]] = None) -> Done:
    """One program, one case: exit status 0 is success."""
    done = run(command, seconds_max=seconds_max, env=env)
    if done.ok:
        stage.passed()
        stage.detail(done.output)
    else:
        stage.failed(f"{name}: {done.ending}", done.output)
    return done


def count_skips(stage: Stage, skips: Sequence[tuple[str, str]]) -> None:
    """One line for each reason; the tests that share it are counted in it."""
    by_reason: dict[str, list[str]] = {}
    for test, reason in skips:
        by_reason.setdefault(reason, []).append(test)
    for reason, tests in by_reason.items():
        others = f" and {len(tests) - 1} more" if len(tests) > 1 else ""
        stage.skipped(f"{tests[0]}{others}: {reason}", len(tests))
