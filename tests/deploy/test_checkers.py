"""Where registries do not answer, the checkers are unavailable, said in a line; where they answer and do not have what is
pinned, that is an error and no skip."""

from __future__ import annotations

import os
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import checkers

NOBODY = "http://127.0.0.1:9"


class OutOfReach(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.cache = Path(folder.name) / "cache"
        patched = mock.patch.dict(os.environ, {
            "SLEIPNIR_CACHE": str(self.cache), "PIP_INDEX_URL": NOBODY, "PIP_CONFIG_FILE": os.devnull, "PIP_EXTRA_INDEX_URL": "",
            "npm_config_registry": NOBODY, "npm_config_fetch_retries": "0", "npm_config_cache": str(self.cache / "npm"),
            "GOPROXY": NOBODY, "GOMODCACHE": str(self.cache / "go"), "GOFLAGS": "-modcacherw"})
        patched.start()
        self.addCleanup(patched.stop)

    def assert_unavailable(self, find, *words: str) -> None:
        with self.assertRaises(checkers.Unavailable) as raised:
            find()
        self.assertEqual(1, len(str(raised.exception).splitlines()))
        self.assertTrue(any(word in str(raised.exception) for word in words), raised.exception)
        self.assertEqual([], list(self.cache.glob("deploy-*/complete")))

    def test_pypi(self) -> None:
        self.assert_unavailable(checkers.python_programs, "PyPI is out of reach", "need Python")

    def test_npm(self) -> None:
        self.assert_unavailable(checkers.node_programs, "npm is out of reach", "no node and npm here")
        self.assert_unavailable(lambda: checkers.provider_declarations("lambda-function"), "npm is out of reach", "no npm here")

    def test_gos_modules(self) -> None:
        self.assert_unavailable(checkers.actionlint, "Go's module proxy is out of reach", "Go is not installed", "is too old")


class NotWhatIsPinned(unittest.TestCase):
    def test_a_registry_that_answers_otherwise_is_broken(self) -> None:
        failed = checkers._run(["sh", "-c", "echo no such version >&2; exit 1"])
        with self.assertRaisesRegex(checkers.Broken, "no such version"):
            checkers._judge("PyPI", ["true"], failed)
        with self.assertRaisesRegex(checkers.Unavailable, "PyPI is out of reach"):
            checkers._judge("PyPI", ["false"], failed)

    def test_what_failed_is_not_kept_and_what_succeeded_is_not_made_again(self) -> None:
        with tempfile.TemporaryDirectory() as folder, mock.patch.dict(os.environ, {"SLEIPNIR_CACHE": folder}):
            with self.assertRaises(checkers.Broken), checkers._kept("thing", b"pins") as (path, _):
                (path / "half").touch()
                raise checkers.Broken("in the middle")
            for complete in (False, True):
                with checkers._kept("thing", b"pins") as (path, was_complete):
                    self.assertEqual(complete, was_complete)
                    self.assertFalse((path / "half").exists())


if __name__ == "__main__":
    unittest.main()
