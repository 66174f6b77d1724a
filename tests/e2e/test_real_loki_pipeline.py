"""The whole way into a real Loki: what the function wrote is read back by request id, and Loki refused nothing.

The stand-in decides most tests; here Loki itself does: its parsing, its limits, its de-duplication, its counts.
"""

from __future__ import annotations

import json
import unittest
from typing import Any, Dict, List

from support import Case, EMULATED, function_lines, sleipnir, stderr_of

from real_loki import Entry, LokiUnavailable, RealLoki

AWKWARD = ['quotes " and \\ backslash', "tab\tand \x01 control", "emoji \U0001f40e and \u65e5\u672c\u8a9e", "", "  spaces  ",
           '{"level":"error","msg":"a JSON line"}', "x" * 5000]


class Pipeline(Case):
    def loki(self, **options: Any) -> RealLoki:
        try:
            server = RealLoki(**options)
        except LokiUnavailable as reason:
            raise unittest.SkipTest(f"REAL LOKI NOT AVAILABLE: {reason}")
        opened: RealLoki = self.opened(server)
        return opened

    def run_invocations(self, environment: Dict[str, str], batches: List[List[str]], **config: Any) -> List[str]:
        """One environment from init to SHUTDOWN; the request ids."""
        with sleipnir(environment, timeout_s=10, **config) as lam:
            self.assertIsNone(lam.init())
            ids = [lam.invoke(lines=lines).request_id for lines in batches]
            lam.shutdown("spindown")
            self.assertEqual(0, lam.extension.exit_code)
            self.assertEqual("", stderr_of(lam))
        return ids

    def by_request(self, loki: RealLoki, request_id: str, count: int, tenant: str = "") -> List[Entry]:
        return loki.wait_for(f'{{source="lambda"}} | request_id="{request_id}"', count, tenant=tenant)

    def test_every_line_is_read_back_by_request_id_and_nothing_was_discarded(self) -> None:
        loki = self.loki()
        batches = [[f"line {n} of {i}" for n in range(10)] for i in range(3)]
        ids = self.run_invocations({"LOKI_ENDPOINT": loki.url}, batches)
        for request_id, lines in zip(ids, batches):
            entries = self.by_request(loki, request_id, len(lines) + 3)
            self.assertEqual(lines, function_lines(entries))
            kinds = sorted(json.loads(entry.line)["type"] for entry in entries if entry.metadata["log_type"] == "platform")
            self.assertEqual(["platform.report", "platform.runtimeDone", "platform.start"], kinds)
        self.assertEqual({}, loki.discarded())

    def test_loki_stored_each_record_once(self) -> None:
        loki = self.loki()
        ids = self.run_invocations({"LOKI_ENDPOINT": loki.url}, [["same"] * 50])
        self.assertEqual(["same"] * 50, function_lines(self.by_request(loki, ids[0], 53)))
        self.assertEqual(50, loki.count('{source="lambda"} |= "same"'))  # as stored: no de-duplication in it

    def test_awkward_lines_come_back_byte_for_byte(self) -> None:
        loki = self.loki()
        ids = self.run_invocations({"LOKI_ENDPOINT": loki.url}, [AWKWARD])
        self.assertEqual(AWKWARD, function_lines(self.by_request(loki, ids[0], len(AWKWARD) + 3)))
        self.assertEqual({}, loki.discarded())

    def test_labels_are_the_stream_and_the_rest_is_metadata(self) -> None:
        loki = self.loki()
        ids = self.run_invocations({"LOKI_ENDPOINT": loki.url, "LOKI_LABELS": '{"team":"blue"}'}, [["x"]])
        entry = next(e for e in self.by_request(loki, ids[0], 4) if e.metadata["log_type"] == "function")
        self.assertEqual({"team", "source", "service_name", "function_name", "function_version", "region", "account_id"},
                         set(entry.labels))
        self.assertEqual(ids[0], entry.metadata["request_id"])

    def test_a_tenant_reaches_its_own_logs_only(self) -> None:
        loki = self.loki(auth_enabled=True)
        ids = self.run_invocations({"LOKI_ENDPOINT": loki.url, "LOKI_TENANT_ID": "blue"}, [["mine"]])
        self.assertEqual(["mine"], function_lines(self.by_request(loki, ids[0], 4, tenant="blue")))
        self.assertEqual([], loki.query('{source="lambda"}', tenant="green"))

    @unittest.skipIf(EMULATED, "too much for an emulated processor")
    def test_a_burst_of_many_pushes_arrives_complete(self) -> None:
        loki = self.loki()
        lines = [f"{n:06} " + "payload " * 15 for n in range(20_000)]  # about 2.5 MB: several pushes
        ids = self.run_invocations({"LOKI_ENDPOINT": loki.url}, [lines])
        self.by_request(loki, ids[0], 5000)
        stored = function_lines(loki.query_all(f'{{source="lambda"}} | request_id="{ids[0]}"'))
        self.assertEqual(len(lines), len(stored))
        self.assertEqual(lines, stored)
        self.assertEqual({}, loki.discarded())


if __name__ == "__main__":
    unittest.main()
