"""Prints what happens in an emulated environment, one line per event, with milliseconds since the start."""

from __future__ import annotations

import json
import sys
from typing import Optional, TextIO

# What a line of the timeline says about a platform event, beyond its type.
_FIELDS = ("initializationType", "phase", "requestId", "status", "errorType", "name", "state", "reason",
           "droppedRecords")


class Printer:
    """`on_event` of a Lambda.  `telemetry` shows whole records, `output` the processes' lines, `quiet` nothing."""

    def __init__(self, telemetry: bool = False, output: bool = True, quiet: bool = False,
                 out: Optional[TextIO] = None):
        self._telemetry = telemetry
        self._output = output
        self._quiet = quiet
        self._out = out or sys.stdout
        self._zero: Optional[float] = None

    def __call__(self, at: float, who: str, what: str, details: dict) -> None:
        if self._quiet:
            return
        if self._zero is None:
            self._zero = at
        if what == "output":
            if self._output:
                for line in details["lines"]:
                    text = line.decode("utf-8", "replace").rstrip().replace("\n", "\n" + " " * 32 + "| ")
                    self._line(at, who, f"{details['stream']}| {text}")
            return
        if who == "telemetry":
            record = details["record"]
            text = (json.dumps(record, ensure_ascii=False) if self._telemetry
                    else self._brief(record) if isinstance(record, dict) else str(record))
            self._line(at, "lambda", f"{what} {text}")
            return
        text = " ".join(f"{name}={value}" for name, value in details.items() if value not in (None, []))
        self._line(at, who or "lambda", f"{what} {text}")

    def _brief(self, record: dict) -> str:
        shown = [f"{name}={record[name]}" for name in _FIELDS if name in record]
        shown += [f"{name}={value}" for name, value in record.get("metrics", {}).items()]
        return " ".join(shown)

    def _line(self, at: float, who: str, text: str) -> None:
        print(f"{(at - self._zero) * 1000:10.2f} ms  {who:<16.16s} {text}", file=self._out, flush=True)


def number(value: Optional[float]) -> str:
    return "-" if value is None else f"{value:.2f} ms"
