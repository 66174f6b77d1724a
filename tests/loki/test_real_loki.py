"""The real Loki as the tests use it: starts, takes pushes by hand, gives them back, refuses.

Run: python3 tests/loki/test_real_loki.py (builds Loki first if it is in no cache).
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
import unittest
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from unittest import mock

sys.path.insert(0, str(Path(__file__).resolve().parent))

import loki_binary  # noqa: E402
from real_loki import LokiUnavailable, RealLoki, ensure_binary  # noqa: E402

HOUR_NS = 3_600_000_000_000


class NeedsLoki(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        try:
            ensure_binary()
        except LokiUnavailable as reason:
            raise unittest.SkipTest(f"REAL LOKI NOT AVAILABLE: {reason}")


class GoodPath(NeedsLoki):
    loki: RealLoki

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.loki = RealLoki().start()
        cls.addClassCleanup(cls.loki.stop)

    def test_a_pushed_line_comes_back_with_labels_time_and_metadata(self) -> None:
        now = time.time_ns()
        labels = {"service_name": "by-hand", "test": "metadata"}
        answer = self.loki.push(labels, [[str(now), "first \"quoted\" \\ é"],
                                         [str(now + 1), "second", {"request_id": "r-1"}]])
        self.assertEqual(answer, (204, ""))
        first, second = self.loki.wait_for('{test="metadata"}', 2)
        self.assertEqual((first.labels, first.ns, first.line), (labels, now, "first \"quoted\" \\ é"))
        self.assertNotIn("request_id", first.metadata)
        self.assertEqual((second.ns, second.line), (now + 1, "second"))
        self.assertEqual(second.metadata["request_id"], "r-1")
        found = self.loki.query('{test="metadata"} | request_id="r-1"')
        self.assertEqual([entry.line for entry in found], ["second"])

    def test_without_categorize_the_metadata_is_among_the_labels(self) -> None:
        self.loki.push({"test": "mixed"}, [[str(time.time_ns()), "x", {"request_id": "r-2"}]])
        self.loki.wait_for('{test="mixed"}', 1)
        mixed, = self.loki.query('{test="mixed"}', categorize=False)
        self.assertEqual(mixed.labels["request_id"], "r-2")
        self.assertEqual(mixed.metadata, {})

    def test_start_is_inclusive_and_end_exclusive(self) -> None:
        now = time.time_ns()
        self.loki.push({"test": "range"}, [[str(now + n), f"line {n}"] for n in range(4)])
        self.loki.wait_for('{test="range"}', 4)
        found = self.loki.query('{test="range"}', now + 1, now + 3)
        self.assertEqual([entry.line for entry in found], ["line 1", "line 2"])

    def test_query_all_reads_past_one_page(self) -> None:
        now = time.time_ns()
        count = 12_001
        self.loki.push({"test": "pages"}, [[str(now + n // 3), f"line {n}"] for n in range(count)])
        self.loki.wait_for('{test="pages"}', 5000)
        found = self.loki.query_all('{test="pages"}')
        self.assertEqual(sorted(int(entry.line[5:]) for entry in found), list(range(count)))

    def test_an_equal_entry_is_stored_once(self) -> None:
        value = [str(time.time_ns()), "same"]
        for _ in range(2):
            self.assertEqual(self.loki.push({"test": "twice"}, [value])[0], 204)
        self.loki.wait_for('{test="twice"}', 1)
        self.assertEqual(self.loki.count('{test="twice"}'), 1)

    def test_nothing_is_discarded_on_the_good_path(self) -> None:
        self.loki.push({"test": "good"}, [[str(time.time_ns()), "x"]])
        self.assertEqual(self.loki.discarded(), {})
        self.assertIn("loki_distributor_lines_received_total",
                      " ".join(self.loki.metrics()))

    def test_old_entries_are_found_after_flush(self) -> None:
        old = time.time_ns() - 30 * HOUR_NS
        self.assertEqual(self.loki.push({"test": "old"}, [[str(old), "old"]])[0], 204)
        self.assertEqual(self.loki.query('{test="old"}', old - 1, old + 1), [])
        self.loki.flush()
        found = self.loki.wait_for('{test="old"}', 1, start_ns=old - 1, end_ns=old + 1)
        self.assertEqual([entry.line for entry in found], ["old"])


class Refusals(NeedsLoki):
    def test_a_tiny_limit_refuses_one_entry_and_counts_it(self) -> None:
        with RealLoki(limits={"max_line_size": "100B"}) as loki:
            now = time.time_ns()
            status, words = loki.push({"test": "long"}, [[str(now), "x" * 101], [str(now + 1), "ok"]])
            self.assertEqual(status, 400)
            self.assertIn("max entry size '100' bytes exceeded", words)
            self.assertEqual([entry.line for entry in loki.wait_for('{test="long"}', 1)], ["ok"])
            self.assertEqual(loki.discarded(), {"line_too_long": 1})

    def test_tenants_are_required_and_kept_apart(self) -> None:
        with RealLoki(auth_enabled=True) as loki:
            value = [str(time.time_ns()), "mine"]
            self.assertEqual(loki.push({"a": "b"}, [value]), (401, "no org id\n"))
            self.assertEqual(loki.push({"a": "b"}, [value], tenant="one")[0], 204)
            self.assertEqual(len(loki.wait_for('{a="b"}', 1, tenant="one")), 1)
            self.assertEqual(loki.query('{a="b"}', tenant="two"), [])

    def test_a_wrong_configuration_is_shown(self) -> None:
        with self.assertRaisesRegex(RuntimeError, "no_such_limit"):
            RealLoki(limits={"no_such_limit": 1}).start()


class Running(NeedsLoki):
    def test_several_run_side_by_side_and_leave_nothing(self) -> None:
        def one(name: str) -> tuple[Path, list[str]]:
            with RealLoki() as loki:
                assert loki.data is not None
                loki.push({"test": "own"}, [[str(time.time_ns()), name]])
                return loki.data, [entry.line for entry in loki.wait_for('{test="own"}', 1)]

        with ThreadPoolExecutor(3) as pool:
            results = list(pool.map(one, ["a", "b", "c"]))
        self.assertEqual([lines for _, lines in results], [["a"], ["b"], ["c"]])
        self.assertEqual([data for data, _ in results if data.exists()], [])


class WithoutLoki(unittest.TestCase):
    """What is said where no Loki can be had. Go is made to fail in each of its ways."""

    def reason(self, **env: str) -> str:
        with tempfile.TemporaryDirectory() as cache:
            with mock.patch.dict(os.environ, dict(env, SLEIPNIR_CACHE=cache, LOKI_BIN=env.get("LOKI_BIN", ""))):
                with self.assertRaises(LokiUnavailable) as refusal:
                    loki_binary.ensure_binary()
        return str(refusal.exception)

    def test_a_wrong_loki_bin_is_named(self) -> None:
        self.assertIn("LOKI_BIN=/nonexistent", self.reason(LOKI_BIN="/nonexistent"))

    NO_PYPI = {"PIP_INDEX_URL": "http://127.0.0.1:1", "PIP_FIND_LINKS": "", "PIP_NO_CACHE_DIR": "1"}

    def test_missing_go_is_named(self) -> None:
        self.assertIn("Go is not installed", self.reason(PATH="/nonexistent", **self.NO_PYPI))

    def test_an_old_go_is_named_with_its_version(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            go = Path(folder) / "go"
            go.write_text("#!/bin/sh\necho go1.19.8\n")
            go.chmod(0o755)
            self.assertIn("Go 1.19.8 is too old", self.reason(PATH=f"{folder}:/usr/bin:/bin", **self.NO_PYPI))

    @unittest.skipUnless(shutil.which("go"), "needs Go")
    def test_an_unreachable_module_proxy_is_named(self) -> None:
        with tempfile.TemporaryDirectory() as modules:
            reason = self.reason(GOMODCACHE=modules, GOPROXY="http://127.0.0.1:1")
        self.assertIn("cannot fetch Loki's modules", reason)


if __name__ == "__main__":
    unittest.main()
