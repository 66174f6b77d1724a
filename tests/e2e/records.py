"""The corpus of awkward records through the whole pipeline, for any Loki: the real one and the stand-in.

A mixin of the two test files: they give `start_loki()` and `entries_of()`.
"""

from __future__ import annotations

import os
import tempfile
from typing import Any, List, Optional, Sequence, Tuple

from awkward_records import LINE_BYTES_MAX, Awkward, awkward_records, seed_of_run
from support import ROOT, sleipnir, stderr_of

from emulator.function import python_function

RECORDS = 2000
PER_INVOCATION = 100
FUNCTION = str(ROOT / "tests" / "e2e" / "function")


def in_whole_lines(entries: Sequence[Any]) -> List[str]:
    """The function's lines in Loki's order, those that came in parts joined. Raises AssertionError when parts are not
    complete and in order."""
    lines: List[str] = []
    open_parts: List[str] = []
    for entry in sorted(entries, key=lambda entry: entry.ns):
        if entry.metadata["log_type"] != "function":
            continue
        part = int(entry.metadata.get("part", "1"))
        parts = int(entry.metadata.get("parts", "1"))
        if part != len(open_parts) + 1 or len(entry.line.encode()) > LINE_BYTES_MAX:
            raise AssertionError(f"part {part} of {parts} behind {len(open_parts)} parts, {len(entry.line)} characters")
        open_parts.append(entry.line)
        if part == parts:
            lines.append("".join(open_parts))
            open_parts = []
    if open_parts:
        raise AssertionError(f"the last of {len(open_parts)} parts and more are missing")
    return lines


def first_difference(wanted: Sequence[Tuple[str, str]], found: Sequence[str]) -> Optional[str]:
    """`wanted`: (line, what it is). None if the lines are equal and in order."""
    for at, (line, what) in enumerate(wanted):
        if at >= len(found):
            return f"{len(found)} lines instead of {len(wanted)}; the first that is missing is {at}, {what}"
        if found[at] != line:
            near = next((n for n, (a, b) in enumerate(zip(line, found[at])) if a != b), min(len(line), len(found[at])))
            return (f"line {at}, {what}: from character {near} of {len(line)} {found[at][near:near + 60]!r} instead of "
                    f"{line[near:near + 60]!r}")
    return None if len(found) == len(wanted) else f"{len(found)} lines instead of {len(wanted)}: {found[len(wanted)]!r}"


class AwkwardRecords:
    """REQUIRES: a support.Case beside it, with `entries_of(loki, request_id)` and `loki_without_rates()`."""

    def run_and_compare(self, environment: dict, batches: Sequence[Sequence[Awkward]], **config: Any) -> None:
        loki: Any = self.loki_without_rates()  # type: ignore[attr-defined]
        with sleipnir({"LOKI_ENDPOINT": loki.url, **environment}, timeout_s=20, **config) as lam:
            self.assertIsNone(lam.init())  # type: ignore[attr-defined]
            ids = [lam.invoke(records=[record.token for record in batch]).request_id for batch in batches]
            lam.shutdown("spindown")
            self.assertEqual("", stderr_of(lam))  # type: ignore[attr-defined]
        self.compare(loki, ids, [[(record.line, repr(record)) for record in batch] for batch in batches])

    def compare(self, loki: Any, ids: Sequence[str], batches: Sequence[Sequence[Tuple[str, str]]]) -> None:
        for number, (request_id, batch) in enumerate(zip(ids, batches)):
            found = in_whole_lines(self.entries_of(loki, request_id))  # type: ignore[attr-defined]
            difference = first_difference(batch, found)
            if difference:
                self.fail(f"SLEIPNIR_SEED={seed_of_run()}, invocation {number}: {difference}")  # type: ignore[attr-defined]

    def test_2000_awkward_records_come_back_equal_and_in_order(self) -> None:
        corpus = awkward_records(seed_of_run(), RECORDS)
        self.run_and_compare({}, [corpus[at:at + PER_INVOCATION] for at in range(0, RECORDS, PER_INVOCATION)])

    def test_awkward_records_survive_small_batches_and_no_gzip(self) -> None:
        """The edges between pushes fall elsewhere, and a push is seldom compressed."""
        corpus = [record for record in awkward_records(seed_of_run() + 1, 600) if len(record.token) < 8192]
        self.run_and_compare({"LOKI_MAX_BATCH_SIZE_BYTES": "65536", "LOKI_ENABLE_GZIP": "false", "LOKI_BATCH_SIZE": "7"},
                             [corpus[at:at + PER_INVOCATION] for at in range(0, len(corpus), PER_INVOCATION)])

    def test_awkward_bytes_printed_by_a_function_come_back_as_its_lines(self) -> None:
        """Through a real process, its pipe and a runtime: what of the corpus can be printed as one line."""
        printed = [line for line in (record.line.encode() for record in awkward_records(seed_of_run() + 2, 1200))
                   if b"\n" not in line and len(line) < LINE_BYTES_MAX]
        printed += [b"\xff\xfe", b"caf\xe9", b"\xf0\x9f\x98", b"a\0b", b"\r", b""]
        function, _ = python_function(FUNCTION, "printer.handler", own_bootstrap=True)
        loki: Any = self.loki_without_rates()  # type: ignore[attr-defined]
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "lines")
            with open(path, "wb") as file:
                file.write(b"".join(line + b"\n" for line in printed))
            function.env["PRINT_FILE"] = path
            with sleipnir({"LOKI_ENDPOINT": loki.url}, function=function, timeout_s=20) as lam:
                request_id = lam.invoke().request_id
                lam.shutdown("spindown")
                self.assertEqual("", stderr_of(lam))  # type: ignore[attr-defined]
        self.compare(loki, [request_id], [[(line.decode("utf-8", "replace"), repr(line[:200])) for line in printed]])
