"""From an outage through a spindown into a bucket, and from there into the real Loki: each record once, with its own time.

The bucket is of moto, which others wrote and which verifies signatures; where it is not to be had, of the stand-in for AWS.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path
from typing import Callable, Dict, Tuple

from support import Case, ROOT, binary, function_lines, sleipnir, stderr_of
from emulator.config import free_port
from standin.aws import AwsStandin

from real_loki import LokiUnavailable, RealLoki

sys.path.insert(0, str(ROOT / "tests" / "deploy"))
import checkers  # noqa: E402 (the path comes first)
from moto_server import MotoServer  # noqa: E402


class DeadLetter(Case):
    def bucket(self) -> Tuple[Dict[str, str], Callable[[], Dict[str, bytes]]]:
        """An environment that may write to it, and what is in it."""
        try:
            moto = self.opened(MotoServer())
        except checkers.Unavailable as reason:
            print(f"the stand-in for AWS, as moto is not to be had: {reason}", flush=True)
            standin = self.opened(AwsStandin())
            return standin.keys, lambda: standin.objects
        return moto.keys, moto.objects

    def test_an_outage_through_a_spindown_is_replayed_into_the_real_loki_once(self) -> None:
        try:
            loki = self.opened(RealLoki())
        except LokiUnavailable as reason:
            raise unittest.SkipTest(f"REAL LOKI NOT AVAILABLE: {reason}") from None
        keys, objects = self.bucket()
        lines = [f"lost {i} \U0001f40e" for i in range(300)]
        begin = time.time_ns()
        with sleipnir({"LOKI_ENDPOINT": f"http://127.0.0.1:{free_port()}", "LOKI_DEAD_LETTER_S3_URI": "s3://logs/lost",
                       "AWS_LAMBDA_FUNCTION_NAME": "orders", **keys}, timeout_s=15) as lam:
            for i in range(0, len(lines), 30):
                self.assertEqual("success", lam.invoke(lines=lines[i:i + 30]).status)
            lam.shutdown("spindown")
            stderr = stderr_of(lam)
        end = time.time_ns()
        self.assertIn('"dropped":{}', stderr.splitlines()[-1])
        self.assertNotIn(keys["AWS_SECRET_ACCESS_KEY"], stderr)
        found = objects()
        self.assertTrue(found and all(name.startswith("lost/orders/") for name in found), list(found))

        with tempfile.TemporaryDirectory() as folder:
            paths = [Path(folder, f"{i}.json.gz") for i in range(len(found))]
            for path, body in zip(paths, found.values()):
                path.write_bytes(body)
            for _ in range(2):  # a repeat is swallowed
                done = subprocess.run([binary(), "replay", *map(str, paths)], env={"LOKI_ENDPOINT": loki.url}, timeout=120,
                                      capture_output=True, text=True, check=False)
                self.assertEqual(0, done.returncode, done.stdout + done.stderr)
        query = '{source="lambda"} | log_type="function"'
        entries = loki.wait_for(query, len(lines))
        self.assertEqual(lines, function_lines(entries))
        self.assertEqual(len(lines), loki.count(query))  # as stored: no de-duplication in it
        self.assertTrue(all(begin - 1_000_000 <= entry.ns <= end and "event_time" not in entry.metadata for entry in entries))
        self.assertEqual({}, loki.discarded())


if __name__ == "__main__":
    unittest.main()
