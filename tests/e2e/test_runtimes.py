"""Lambda's own runtime clients for Python and Node.js, in both log formats: each line's level and request id.

The functions say in each line which level it has to get (`want:error`); which request a line belongs to follows from the
invocation that printed it.
"""

from __future__ import annotations

import json
import re
import unittest
from typing import Any, List, Tuple

from support import EMULATED, ROOT, Case, sleipnir, stderr_of

from emulator.function import FunctionSpec, Unavailable, node_function, python_function
from standin import LokiStandin

FUNCTION = str(ROOT / "tests" / "e2e" / "function")
WANTED = re.compile(r"want:([a-z]+)")
NO_ID = ""


class Runtimes(Case):
    def run_function(self, function: FunctionSpec, log_format: str) -> Tuple[List[Any], str, str]:
        """One environment: an invocation that works and one that fails. All function entries, and the two request ids."""
        loki = self.opened(LokiStandin())
        with sleipnir({"LOKI_ENDPOINT": loki.url}, function=function, timeout_s=20, log_format=log_format,
                      init_timeout_s=30) as lam:
            # The least level a customer can choose, so that the function's own loggers decide.
            function.env["AWS_LAMBDA_LOG_LEVEL"] = "TRACE"
            self.assertIsNone(lam.init())
            event = {"json": log_format == "JSON"}
            good = lam.invoke(json.dumps(event).encode()).request_id
            bad = lam.invoke(json.dumps({**event, "fail": True}).encode()).request_id
            lam.shutdown("spindown")
            self.assertEqual("", stderr_of(lam))
        entries = [e for e in sorted(loki.entries, key=lambda e: e.ns) if e.metadata["log_type"] == "function"]
        return entries, good, bad

    def check(self, function: FunctionSpec, log_format: str, init_count: int, count: int) -> None:
        entries, good, bad = self.run_function(function, log_format)
        found = {NO_ID: 0, good: 0, bad: 0}
        for entry in entries:
            wanted = WANTED.search(entry.line)
            if wanted is None:
                continue
            request_id = entry.metadata.get("request_id", NO_ID)
            found[request_id] += 1
            with self.subTest(entry.line):
                level = "" if wanted[1] == "none" else wanted[1]
                self.assertEqual(level, entry.metadata.get("level", ""))
                if "at init" in entry.line:
                    self.assertEqual(NO_ID, request_id)
                elif "not handled" in entry.line:
                    self.assertEqual(bad, request_id)
                else:
                    self.assertEqual(good, request_id)
        self.assertEqual({NO_ID: init_count, good: count, bad: 1}, found, [entry.line for entry in entries])

    def python(self) -> FunctionSpec:
        function, note = python_function(FUNCTION, "levels.handler")
        if "awslambdaric (Python" not in note:
            self.skipTest(note)
        return function

    def node(self, native: bool = True) -> FunctionSpec:
        if EMULATED:
            self.skipTest("not on an emulated processor")
        try:
            function, note = node_function(FUNCTION, "levels.handler", native)
        except Unavailable as problem:
            self.skipTest(f"aws-lambda-ric cannot be had: {problem}")
        print(note)
        return function

    def test_python_text(self) -> None:
        self.check(self.python(), "Text", 2, 18)

    def test_python_json(self) -> None:
        self.check(self.python(), "JSON", 2, 18)

    def test_node_text(self) -> None:
        self.check(self.node(), "Text", 2, 16)

    def test_node_json(self) -> None:
        self.check(self.node(), "JSON", 2, 16)

    def test_node_text_without_the_native_part_of_its_client(self) -> None:
        self.check(self.node(native=False), "Text", 2, 16)


if __name__ == "__main__":
    unittest.main()
