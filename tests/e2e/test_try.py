"""layer/try: says "complete" only when everything the function wrote was read back, and tells what is missing."""

from __future__ import annotations

import subprocess
import sys
import unittest

from support import ROOT, Case, binary

SHIPS_NOWHERE = ROOT / "tests" / "emulator" / "selftest" / "shipper.py"


def layer_try(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([sys.executable, str(ROOT / "layer" / "try"), *arguments], capture_output=True, text=True,
                          timeout=120, check=False)


class Try(Case):
    def test_everything_arrives_and_is_shown_by_request_id(self) -> None:
        done = layer_try("--layer", binary())
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        for word in ("orders-text", "orders-json", "failed, OutOfStock", "platform.report", "complete: 34 lines"):
            self.assertIn(word, done.stdout)

    def test_what_does_not_arrive_is_named(self) -> None:
        done = layer_try("--layer", str(SHIPS_NOWHERE))
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertIn("missing: loading the price list", done.stdout)
        self.assertIn("0 x platform.report instead of one", done.stdout)


if __name__ == "__main__":
    unittest.main()
