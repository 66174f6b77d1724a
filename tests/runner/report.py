"""Counts of test cases, and what is printed: each stage with its time, failures in full, a last line."""

from __future__ import annotations

import time
import traceback
from dataclasses import dataclass, field
from types import TracebackType
from typing import Optional


class StageFailed(Exception):
    """The stage cannot go on. Counts as one failure, said in one line; `output` is printed in full."""

    def __init__(self, what: str, output: str = "") -> None:
        super().__init__(what)
        self.output = output


class StageSkipped(Exception):
    """The stage cannot run on this machine; the text says why. Counts as one skip, said again at the end."""


@dataclass
class Counts:
    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def __str__(self) -> str:
        return f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped"


@dataclass
class Report:
    """The whole run. One stage at a time; within it any thread may add results."""

    verbose: bool = False
    total: Counts = field(default_factory=Counts)
    failures: list[str] = field(default_factory=list)
    skips: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    started: float = field(default_factory=time.monotonic)

    def say(self, text: str) -> None:
        print(text, flush=True)

    def remark(self, text: str) -> None:
        """One line about something done without, printed now and again at the end."""
        if text not in self.remarks:
            self.remarks.append(text)
            self.say(f"   NOTE: {text}")

    def stage(self, name: str) -> "Stage":
        return Stage(self, name)

    def finish(self, *, passes_wanted: bool = False) -> int:
        """The summary; the exit status of the run. `passes_wanted`: with none it is a failure too."""
        self.say("")
        for text in self.remarks:
            self.say(f"NOTE: {text}")
        for text in self.skips:
            self.say(f"SKIPPED: {text}")
        for text in self.failures:
            self.say(f"FAILED: {text}")
        self.say(f"total {time.monotonic() - self.started:.0f} s")
        self.say(str(self.total))
        return 1 if self.total.failed or (passes_wanted and not self.total.passed) else 0


class Stage:
    """One stage as a context: prints its name, then its counts and time."""

    def __init__(self, report: Report, name: str) -> None:
        self.report = report
        self.name = name
        self.counts = Counts()
        self.ok = False
        self.was_skipped = False

    def passed(self, count: int = 1) -> None:
        self.counts.passed += count

    def failed(self, what: str, output: str = "", count: int = 1) -> None:
        """`count` cases failed; `output` is what they wrote, printed in full."""
        self.counts.failed += count
        self.report.failures.append(f"{self.name}: {what}")
        self.report.say(f"   FAILED: {what}")
        if output:
            self.report.say(output.rstrip())

    def skipped(self, what: str, count: int = 1) -> None:
        self.counts.skipped += count
        self.report.skips.append(f"{self.name}: {what}")
        self.report.say(f"   SKIPPED: {what}")

    def detail(self, text: str) -> None:
        """Output that only --verbose wants."""
        if self.report.verbose and text.strip():
            self.report.say(text.rstrip())

    def __enter__(self) -> "Stage":
        self.started = time.monotonic()
        self.report.say(f"== {self.name}")
        return self

    def __exit__(self, kind: Optional[type[BaseException]], error: Optional[BaseException],
                 trace: Optional[TracebackType]) -> bool:
        if isinstance(error, StageFailed):
            self.failed(str(error), error.output)
        elif isinstance(error, StageSkipped):
            self.skipped(str(error))
            self.was_skipped = True
        elif error is not None and not isinstance(error, (KeyboardInterrupt, SystemExit)):
            self.failed(f"{kind.__name__ if kind else ''}: {error}",
                        "".join(traceback.format_exception(kind, error, trace)))
        total = self.report.total
        total.passed += self.counts.passed
        total.failed += self.counts.failed
        total.skipped += self.counts.skipped
        self.ok = not self.counts.failed and error is None
        result = str(self.counts) if vars(self.counts) != vars(Counts()) else "done"
        self.report.say(f"-- {self.name}: {result} ({time.monotonic() - self.started:.1f} s)")
        return error is not None and not isinstance(error, (KeyboardInterrupt, SystemExit))
