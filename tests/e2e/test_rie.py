"""A second opinion: the binary under the emulator that AWS publishes, in both of its modes. See tests/rie/rie.py for how it is found.

Classic mode has the Extensions API and no telemetry; its Managed Instances mode delivers telemetry.
"""

from __future__ import annotations

import concurrent.futures
import json
import sys
import time
import unittest
import uuid
from collections import Counter
from typing import Any, Dict, List

from support import Case, EMULATED, ROOT, binary
from standin import LokiStandin

sys.path.insert(0, str(ROOT / "tests" / "rie"))

from rie import Rie, RieUnavailable  # noqa: E402

REQUESTS = 100
LINES = 5


@unittest.skipIf(EMULATED, "the emulator copies one file, not the wrapper's binary")
class Emulator(Case):
    def setUp(self) -> None:
        self.loki: LokiStandin = self.opened(LokiStandin())

    def rie(self, env: Dict[str, str], **options: Any) -> Rie:
        try:
            emulator = Rie(binary(), {"LOKI_ENDPOINT": self.loki.url, **env}, **options)
        except RieUnavailable as reason:
            raise unittest.SkipTest(f"AWS'S OWN EMULATOR NOT AVAILABLE: {reason}")
        opened: Rie = self.opened(emulator)
        return opened


class Classic(Emulator):
    def test_it_registers_serves_invocations_without_telemetry_and_shuts_down(self) -> None:
        rie = self.rie({})
        began = time.monotonic()
        for number in range(10):
            self.assertIn("requestId", rie.invoke({"lines": 2, "name": number}))
        held = time.monotonic() - began
        took = rie.terminate()
        self.assertIn("External agent sleipnir", rie.output)
        self.assertIn("subscribed to [INVOKE SHUTDOWN]", rie.output)
        # 202: no telemetry. Said once, naming what becomes of the logs, and nobody waits for a runtimeDone.
        self.assertEqual(1, rie.output.count("sleipnir: "), rie.output)
        self.assertRegex(rie.output, "sleipnir: no telemetry here: .*202.*the function runs on")
        self.assertLess(held, 5)
        self.assertEqual(0, rie.exit_code, rie.output)
        self.assertLess(took, 2)
        self.assertEqual([], self.loki.entries)

    def test_it_shuts_down_before_there_was_any_invocation(self) -> None:
        rie = self.rie({})  # which starts extensions at the first invocation only
        rie.terminate()
        self.assertNotIn("sleipnir: ", rie.output)

    def test_switched_off_it_holds_up_nothing(self) -> None:
        rie = self.rie({"LOKI_EXTENSION_ENABLED": "false"})
        for number in range(3):
            rie.invoke({"name": number})
        self.assertLess(rie.terminate(), 5)
        self.assertIn("subscribed to []", rie.output)


class ManagedInstances(Emulator):
    def rie(self, env: Dict[str, str], **options: Any) -> Rie:
        return super().rie({"LOKI_FLUSH_INTERVAL_MS": "100", **env}, managed_instances=True, **options)

    def entries(self, log_type: str) -> List[Any]:
        return [entry for entry in sorted(self.loki.entries, key=lambda entry: entry.ns)
                if entry.metadata["log_type"] == log_type]

    def test_telemetry_is_delivered_from_init_to_report(self) -> None:
        rie = self.rie({})
        answer = rie.invoke({"lines": 3})
        rie.terminate()
        self.assertEqual(0, rie.exit_code, rie.output)
        self.assertNotIn("sleipnir: ", rie.output)
        types = [json.loads(entry.line)["type"] for entry in self.entries("platform")]
        # The supervisor writes the end of the init and the first start at one moment, in either order.
        self.assertEqual(Counter(["platform.initStart", "platform.initRuntimeDone", "platform.initReport", "platform.start",
                                  "platform.report"]), Counter(types))
        loaded, *lines = self.entries("function")
        self.assertEqual('{"message": "loaded"}', loaded.line)
        self.assertNotIn("request_id", loaded.metadata)
        self.assertEqual([0, 1, 2], [json.loads(entry.line)["number"] for entry in lines])
        self.assertEqual({answer["requestId"]}, {entry.metadata["request_id"] for entry in lines})
        self.assertEqual({"orders"}, {entry.labels["function_name"] for entry in self.loki.entries})

    def test_a_hundred_interleaved_requests_keep_their_ids(self) -> None:
        rie = self.rie({}, concurrency=16)
        names = {str(uuid.uuid4()): number for number in range(REQUESTS)}

        def invoke(request_id: str) -> None:
            self.assertEqual(request_id, rie.invoke({"lines": LINES, "name": names[request_id], "pause_ms": 10},
                                                    request_id)["requestId"])

        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            list(pool.map(invoke, names))
        rie.terminate()
        self.assertEqual(0, rie.exit_code, rie.output)
        lines = self.entries("function")[1:]
        # This emulator drops a batch while another one is under way, and says so.
        dropped = sum(json.loads(entry.line)["droppedRecords"] for entry in self.entries("platform")
                      if "platform.logsDropped" in entry.line)
        arrived = Counter()
        for entry in lines:
            record = json.loads(entry.line)
            self.assertEqual(record["requestId"], entry.metadata["request_id"])
            self.assertEqual(names[record["requestId"]], record["of"])
            arrived[record["requestId"]] += 1
        self.assertEqual(REQUESTS * LINES, sum(arrived.values()) + dropped)
        if not dropped:
            self.assertEqual({request_id: LINES for request_id in names}, dict(arrived))
        order = [entry.metadata["request_id"] for entry in lines]
        self.assertGreater(sum(a != b for a, b in zip(order, order[1:])), REQUESTS)


if __name__ == "__main__":
    unittest.main()
