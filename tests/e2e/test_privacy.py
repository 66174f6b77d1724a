"""What is not to leave the environment: LOKI_MASK and LOKI_DROP_MATCH, and what of it all the ledger says."""

from __future__ import annotations

import json
import os
import unittest
from pathlib import Path
from typing import Any, Dict, List

from support import Case, function_lines, scratch_folder, sleipnir, stderr_of
from standin import LokiStandin

CARD = 4111111111111111
MASKS = json.dumps([{"pattern": r"\d{13,}", "with": "<card>"}, "hunter2", {"pattern": r"[\w.]+@[\w.]+"}])


class Privacy(Case):
    def setUp(self) -> None:
        self.loki = self.opened(LokiStandin())

    def run_lines(self, env: Dict[str, str], **invocation: Any) -> List[str]:
        with sleipnir({"LOKI_ENDPOINT": self.loki.url, **env}, timeout_s=10) as lam:
            lam.invoke(**invocation)
            lam.shutdown("spindown")
            self.assertEqual(0, lam.extension.exit_code)
            self.said = stderr_of(lam)
        self.assertEqual({}, self.loki.discarded)
        return function_lines(self.loki.entries)

    def test_masks_reach_into_text_and_json(self) -> None:
        written = {"card": CARD, "user": {"mail": "jane.doe@example.com", "n": 7}, "words": ["the \"hunter2\" \u00e4", True]}
        masked = {"card": "<card>", "user": {"mail": "***", "n": 7}, "words": ["the \"***\" \u00e4", True]}
        lines = self.run_lines({"LOKI_MASK": MASKS}, records=[
            f'"paid with {CARD} by jane@example.com\\n"'.encode(), json.dumps(written).encode(),
            json.dumps(json.dumps(written)).encode(), b'"nothing to hide \\u00e4\\/"'])
        self.assertEqual("", self.said)
        self.assertEqual("paid with <card> by ***", lines[0])
        self.assertEqual(masked, json.loads(lines[1]))
        self.assertEqual(masked, json.loads(lines[2]))
        self.assertEqual("nothing to hide \u00e4/", lines[3])

    def test_a_secret_is_masked_before_a_line_is_split_and_in_the_spool(self) -> None:
        spool = os.path.join(scratch_folder(), "spool")
        env = {"LOKI_ENDPOINT": self.loki.url, "LOKI_MASK": MASKS, "LOKI_MAX_LINE_SIZE": "2048", "LOKI_SPOOL_DIR": spool,
               "LOKI_ENABLE_GZIP": "false"}
        long_line = "x" * 2045 + "hunter2" + "y" * 3000
        with sleipnir(env, timeout_s=10) as lam:
            self.loki.fault(status=503)
            lam.invoke(lines=[long_line])
            lam.reset("timeout")
            stored = b"".join(path.read_bytes() for path in Path(spool).iterdir())
            self.assertIn(b"xxx", stored)
            self.assertNotIn(b"hunter2", stored)
            self.loki.heal()
            lam.invoke(lines=["well"])
            lam.shutdown("spindown")
        self.assertIn("x" * 2045 + "***" + "y" * 3000, "".join(function_lines(self.loki.entries)))

    def test_a_mask_that_is_none_is_said_without_its_text(self) -> None:
        lines = self.run_lines({"LOKI_MASK": '["hunter2", {"pattern":"(secret)"}]'}, lines=["hunter2 secret"])
        self.assertEqual(["*** secret"], lines)
        self.assertIn("LOKI_MASK: element 2 is not understood", self.said)
        self.assertNotIn("secret", self.said)

    def test_lines_that_match_are_not_shipped_and_counted_as_filtered(self) -> None:
        with sleipnir({"LOKI_ENDPOINT": self.loki.url, "LOKI_DROP_MATCH": "GET /health", "LOKI_DROP_PLATFORM": "none"},
                      timeout_s=10) as lam:
            self.loki.fault(status=422)  # a drop, so that the ledger is told
            lam.invoke(lines=["dropped"])
            self.loki.heal()
            lam.invoke(lines=["GET /health 200", "GET /orders 200", "HEAD /health", "x GET /health"])
            lam.shutdown("spindown")
            said = stderr_of(lam)
        self.assertEqual(["GET /orders 200", "HEAD /health"], function_lines(self.loki.entries))
        found = json.loads(said[said.rindex('{"sleipnir"'):].splitlines()[0])
        self.assertEqual(2, found["filtered"])
        self.assertGreater(found["dropped"]["rejected"], 0)
        self.assertEqual(found["received"], found["sent"] + found["filtered"] + found["dropped"]["rejected"])


if __name__ == "__main__":
    unittest.main()
