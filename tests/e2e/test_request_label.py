"""LOKI_REQUEST_ID_AS=label: one stream for each request, whatever befalls its records on the way."""

from __future__ import annotations

import json
import os
import random
import unittest
from typing import Any, Dict, List

from support import Case, function_lines, scratch_folder, sleipnir, stderr_of
from real_loki import LokiUnavailable, RealLoki
from standin import LokiStandin

OF_A_REQUEST = ["platform.report", "platform.runtimeDone", "platform.start"]


def is_platform(entry: Any) -> bool:
    return entry.line.startswith('{"type":"platform.')


class RequestLabel(Case):
    def setUp(self) -> None:
        self.loki = self.opened(LokiStandin())
        self.env = {"LOKI_ENDPOINT": self.loki.url, "LOKI_REQUEST_ID_AS": "label"}

    def assert_streams(self, expected: Dict[str, List[str]]) -> None:
        """Each request's stream has its lines in order and its platform events, and no entry is anywhere else."""
        self.assertEqual({}, self.loki.discarded)
        for request_id, lines in expected.items():
            found = sorted((e for e in self.loki.entries if e.labels.get("request_id") == request_id), key=lambda e: e.ns)
            self.assertEqual(lines, [entry.line for entry in found if not is_platform(entry)])
            kinds = sorted(json.loads(entry.line)["type"] for entry in found if is_platform(entry))
            self.assertEqual(OF_A_REQUEST, kinds)
        others = [entry for entry in self.loki.entries if entry.labels.get("request_id") not in expected]
        self.assertTrue(others, "the init belongs to no request")
        self.assertEqual(set(), {entry.labels.get("request_id", "") for entry in others} - {""})
        self.assertTrue(all(is_platform(entry) for entry in others), others)
        self.assertFalse([entry for entry in self.loki.entries if "request_id" in entry.metadata])

    def test_each_request_is_a_stream_of_its_own(self) -> None:
        for more in ({}, {"LOKI_ENABLE_GZIP": "false"}, {"LOKI_STRUCTURED_METADATA": "false"}):
            with self.subTest(more=more):
                self.loki.clear()
                with sleipnir({**self.env, **more}, timeout_s=10) as lam:
                    lines = [[f"{i} {n}" for n in range(5)] for i in range(6)]
                    ids = [lam.invoke(lines=each).request_id for each in lines]
                    lam.shutdown("spindown")
                    self.assertEqual(0, lam.extension.exit_code)
                    self.assertIn("LOKI_REQUEST_ID_AS=label makes one stream of each request", stderr_of(lam))
                self.assert_streams(dict(zip(ids, lines)))
                if more.get("LOKI_STRUCTURED_METADATA") == "false":
                    self.assertFalse([entry for entry in self.loki.entries if entry.metadata])

    def test_retries_and_the_spool_keep_the_label(self) -> None:
        expected: Dict[str, List[str]] = {}
        spool = os.path.join(scratch_folder(), "spool")
        with sleipnir({**self.env, "LOKI_FLUSH_BUDGET_MS": "200", "LOKI_SPOOL_DIR": spool}, timeout_s=10) as lam:
            def run(line: str) -> None:
                expected[lam.invoke(lines=[line], duration_ms=20).request_id] = [line]
            self.loki.fault("close", store=True, times=1)
            run("repeated")
            self.loki.fault(status=503)
            for i in range(3):
                run(f"in the outage {i}")
            lam.reset("timeout")
            self.assertTrue(os.listdir(spool))
            self.loki.heal()
            for i in range(3):
                run(f"after the restart {i}")
            lam.shutdown("spindown")
            self.assertEqual([], os.listdir(spool))
        self.assert_streams(expected)
        self.assertTrue(self.loki.duplicates, "the repeat was of the same stream")

    def test_interleaved_requests_are_told_apart(self) -> None:
        seed = random.randrange(2**32)
        print(f"seed {seed}", flush=True)
        dice = random.Random(seed)
        expected: Dict[str, List[str]] = {}
        with sleipnir(self.env, init_type="lambda-managed-instances", timeout_s=20) as lam:
            self.assertIsNone(lam.init())
            under_way = []
            for number in range(20):
                request_id = f"{number:08x}-0000-4000-8000-{dice.randrange(2**48):012x}"
                expected[request_id] = [json.dumps({"requestId": request_id, "n": n}) for n in range(5)]
                under_way.append(lam.start_invoke(request_id=request_id, pause_ms=dice.uniform(1, 20),
                                                  records=[line.encode() for line in expected[request_id]]))
            for each in under_way:
                self.assertEqual("success", each.result(60).status)
            lam.shutdown("spindown")
            self.assertEqual(0, lam.extension.exit_code)
        found: Dict[str, List[str]] = {request_id: [] for request_id in expected}
        for entry in sorted(self.loki.entries, key=lambda entry: entry.ns):
            if not is_platform(entry):
                found[entry.labels["request_id"]].append(entry.line)
        self.assertEqual(expected, found)
        self.assertFalse([entry for entry in self.loki.entries if "request_id" in entry.metadata])

    def test_none_leaves_the_request_out(self) -> None:
        with sleipnir({**self.env, "LOKI_REQUEST_ID_AS": "none"}, timeout_s=10) as lam:
            lam.invoke(lines=["of it"])
            lam.shutdown("spindown")
        self.assertEqual(["of it"], function_lines(self.loki.entries))
        self.assertFalse([e for e in self.loki.entries if "request_id" in {**e.labels, **e.metadata}])


class RealRequestLabel(Case):
    def test_loki_finds_a_request_by_its_label(self) -> None:
        try:
            loki = self.opened(RealLoki())
        except LokiUnavailable as reason:
            raise unittest.SkipTest(f"REAL LOKI NOT AVAILABLE: {reason}")
        with sleipnir({"LOKI_ENDPOINT": loki.url, "LOKI_REQUEST_ID_AS": "label"}, timeout_s=10) as lam:
            lines = [[f"line {n} of {i}" for n in range(10)] for i in range(3)]
            ids = [lam.invoke(lines=each).request_id for each in lines]
            lam.shutdown("spindown")
            self.assertEqual(0, lam.extension.exit_code)
        for request_id, expected in zip(ids, lines):
            entries = loki.wait_for(f'{{request_id="{request_id}"}}', len(expected) + 3)
            self.assertEqual(expected, function_lines(entries))
            self.assertEqual(OF_A_REQUEST, sorted(json.loads(e.line)["type"] for e in entries if is_platform(e)))
        self.assertEqual({}, loki.discarded())


if __name__ == "__main__":
    unittest.main()
