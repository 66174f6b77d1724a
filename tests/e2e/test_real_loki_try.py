"""layer/try --loki real: the demo function's lines come back from Loki's own query_range."""

from __future__ import annotations

import unittest

from support import Case, binary
from test_try import layer_try


class TryReal(Case):
    def test_everything_comes_back_from_a_real_loki(self) -> None:
        done = layer_try("--loki", "real", "--layer", binary())
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("Loki: the real one", done.stdout)
        self.assertIn("complete: 34 lines", done.stdout)


if __name__ == "__main__":
    unittest.main()
