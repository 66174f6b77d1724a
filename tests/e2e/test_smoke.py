"""The main job on one page: lines of several invocations arrive once, whole, in order, with their request ids."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import unittest

from support import Case, EMULATED, binary, function_lines, sleipnir, stderr_of
from emulator import ExtensionSpec, Lambda
from standin import LokiStandin


class Smoke(Case):
    def setUp(self) -> None:
        self.loki = self.opened(LokiStandin())

    def test_every_line_of_every_invocation_arrives_with_its_request_id(self) -> None:
        with sleipnir({"LOKI_ENDPOINT": self.loki.url}, timeout_s=10) as lam:
            self.assertIsNone(lam.init())
            ids = [lam.invoke(lines=[f"line {n} of {i}" for n in range(3)]).request_id for i in range(3)]
            lam.shutdown("spindown")
            self.assertEqual(0, lam.extension.exit_code)
            self.assertEqual("", stderr_of(lam))
        for i, request_id in enumerate(ids):
            entries = self.loki.select(f'{{source="lambda"}} | request_id="{request_id}"')
            self.assertEqual([f"line {n} of {i}" for n in range(3)], function_lines(entries))
            kinds = [json.loads(entry.line)["type"] for entry in entries if entry.metadata["log_type"] == "platform"]
            self.assertEqual(["platform.report", "platform.runtimeDone", "platform.start"], sorted(kinds))
        self.assertEqual({}, self.loki.discarded)
        self.assertEqual([], self.loki.duplicates)

    def test_the_stream_carries_the_built_in_labels(self) -> None:
        with sleipnir({"LOKI_ENDPOINT": self.loki.url}, timeout_s=10) as lam:
            lam.invoke(lines=["x"])
            lam.shutdown("spindown")
        labels = {tuple(sorted(entry.labels.items())) for entry in self.loki.entries}
        self.assertEqual(1, len(labels))
        found = dict(labels.pop())
        self.assertEqual("lambda", found["source"])
        self.assertEqual(found["function_name"], found["service_name"])
        self.assertEqual({"source", "service_name", "function_name", "function_version", "region", "account_id"},
                         set(found))

    def test_equal_lines_of_one_millisecond_stay_apart_and_in_order(self) -> None:
        with sleipnir({"LOKI_ENDPOINT": self.loki.url}, timeout_s=10) as lam:
            lam.invoke(lines=["same"] * 50)
            lam.shutdown("spindown")
        self.assertEqual(["same"] * 50, function_lines(self.loki.entries))

    def test_a_json_record_arrives_as_its_own_text(self) -> None:
        record = '{"z":1,"level":"WARN","a":1.50e3,"requestId":"0b6f3c1e-5a55-4c0e-9d5b-2f7f3b0b9a11","n":12345678901234567890}'
        with sleipnir({"LOKI_ENDPOINT": self.loki.url}, timeout_s=10) as lam:
            lam.invoke(records=[record.encode()])
            lam.shutdown("spindown")
        entry = next(e for e in self.loki.entries if e.metadata["log_type"] == "function")
        self.assertEqual(record, entry.line)
        self.assertEqual("warn", entry.metadata["level"])
        self.assertEqual("0b6f3c1e-5a55-4c0e-9d5b-2f7f3b0b9a11", entry.metadata["request_id"])

    def test_an_invocation_is_not_held_longer_than_a_round_trip_needs(self) -> None:
        with sleipnir({"LOKI_ENDPOINT": self.loki.url}, timeout_s=10) as lam:
            holds = sorted(lam.invoke(lines=["x"]).hold_ms for _ in range(9))
            lam.shutdown("spindown")
        if not EMULATED:
            self.assertLess(holds[4], 50, holds)

    def test_a_platform_report_comes_with_the_shutdown_at_the_latest(self) -> None:
        with sleipnir({"LOKI_ENDPOINT": self.loki.url}, timeout_s=10) as lam:
            request_id = lam.invoke(lines=["x"]).request_id
            lam.shutdown("spindown")
        lines = [entry.line for entry in self.loki.select(f'{{source="lambda"}} | request_id="{request_id}"')]
        self.assertTrue(any('"platform.report"' in line for line in lines), lines)

    def test_freeze_and_thaw_between_invocations_lose_nothing(self) -> None:
        with sleipnir({"LOKI_ENDPOINT": self.loki.url}, timeout_s=10) as lam:
            for i in range(4):
                lam.invoke(lines=[f"before freeze {i}"])
                lam.freeze()
                lam.thaw()
            lam.shutdown("spindown")
        self.assertEqual([f"before freeze {i}" for i in range(4)], function_lines(self.loki.entries))

    @unittest.skipIf(EMULATED, "a wrapper script has to keep its name")
    def test_two_of_them_side_by_side_each_deliver_everything_and_one_takes_another_port(self) -> None:
        other = self.opened(LokiStandin())
        folder = tempfile.mkdtemp(prefix="sleipnir-two-", dir="/tmp")
        self.addCleanup(shutil.rmtree, folder)
        second = shutil.copy(binary(), os.path.join(folder, "second"))
        specs = [ExtensionSpec(path, env={"LOKI_ENDPOINT": loki.url, "LOKI_SPOOL_DIR": os.path.join(folder, name)})
                 for path, loki, name in ((binary(), self.loki, "a"), (second, other, "b"))]
        with Lambda(extension=specs, env={}, timeout_s=10) as lam:
            for i in range(3):
                lam.invoke(lines=[f"line {n} of {i}" for n in range(3)])
            self.assertEqual({os.path.basename(binary()): 0, "second": 0}, lam.shutdown("spindown").exit_codes)
            said = [view.stderr for view in lam.extensions.values()]
        expected = [f"line {n} of {i}" for i in range(3) for n in range(3)]
        self.assertEqual((expected, expected), (function_lines(self.loki.entries), function_lines(other.entries)))
        self.assertEqual([False, True], sorted("LOKI_LISTENER_PORT" in text for text in said), said)

    def test_a_refused_batch_is_kept_and_arrives_once(self) -> None:
        with sleipnir({"LOKI_ENDPOINT": self.loki.url}, timeout_s=10) as lam:
            lam.init()
            self.loki.fault(status=503, times=2)
            lam.invoke(lines=["first"])
            lam.invoke(lines=["second"])
            lam.shutdown("spindown")
        self.assertEqual(["first", "second"], function_lines(self.loki.entries))
        self.assertEqual([], self.loki.duplicates)


if __name__ == "__main__":
    unittest.main()
