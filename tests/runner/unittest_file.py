"""Runs one file of unittest tests and writes its counts as JSON: the child side of testing.py.

    unittest_file.py FILE RESULT [PATTERN]
"""

from __future__ import annotations

import importlib
import json
import sys
import unittest
from pathlib import Path
from typing import Any


class Result(unittest.TextTestResult):
    """unittest's own counts leave out class set-ups, and count sub-tests twice."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.passed: list[str] = []

    def addSuccess(self, test: unittest.TestCase) -> None:
        super().addSuccess(test)
        self.passed.append(test.id())

    def addExpectedFailure(self, test: unittest.TestCase, error: Any) -> None:
        super().addExpectedFailure(test, error)
        self.passed.append(test.id())


def name_of(test: Any) -> str:
    """Of a sub-test the test it belongs to."""
    return str(getattr(test, "test_case", test).id())


def main() -> int:
    path, result_path = Path(sys.argv[1]).resolve(), Path(sys.argv[2])
    top, name = path.parent, path.stem
    while (top / "__init__.py").exists():  # a module of a package is imported as one
        top, name = top.parent, f"{top.name}.{name}"
    sys.path[0] = str(top)  # was the folder of this program
    skips: list[list[str]] = []
    failures: list[str] = []
    passed: list[str] = []
    try:
        module = importlib.import_module(name)
    except unittest.SkipTest as skip:  # the whole file, as with raise unittest.SkipTest at its top
        skips.append([name, str(skip)])
    else:
        loader = unittest.TestLoader()
        if len(sys.argv) > 3:
            loader.testNamePatterns = [f"*{sys.argv[3]}*"]
        suite = loader.loadTestsFromModule(module)
        result = unittest.TextTestRunner(verbosity=2, resultclass=Result).run(suite)
        assert isinstance(result, Result)
        skips = [[name_of(test), reason] for test, reason in result.skipped]
        failures = sorted({name_of(test) for test, _ in result.failures + result.errors}
                          | {name_of(test) for test in result.unexpectedSuccesses})
        passed = result.passed
    result_path.write_text(json.dumps({"passed": passed, "failed": failures, "skipped": skips}))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
