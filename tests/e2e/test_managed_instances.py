"""Managed Instances: many requests at a time in one environment, no INVOKE, no runtimeDone; each record tells its own request.

tests/e2e/test_rie.py runs the same against the emulator that AWS publishes.
"""

from __future__ import annotations

import json
import random
import unittest
from typing import Any, Dict, List

from support import Case, EMULATED, sleipnir, stderr_of
from standin import LokiStandin

INIT_TYPE = "lambda-managed-instances"
REQUESTS = 100
LINES = 5


class ManagedInstances(Case):
    def setUp(self) -> None:
        self.loki: LokiStandin = self.opened(LokiStandin())

    def environment(self, env: Dict[str, str], **config: Any):
        return sleipnir({"LOKI_ENDPOINT": self.loki.url, "LOKI_FLUSH_INTERVAL_MS": "100", **env}, init_type=INIT_TYPE,
                        timeout_s=10, **config)

    def run_interleaved(self, lam: Any, requests: int) -> Dict[str, List[str]]:
        """Starts them all at once; the lines that each printed, by its id."""
        seed = random.randrange(2**32)
        print(f"seed {seed}", flush=True)
        dice = random.Random(seed)
        printed, under_way = {}, []
        for number in range(requests):
            request_id = f"{number:08x}-0000-4000-8000-{dice.randrange(2**48):012x}"
            printed[request_id] = [json.dumps({"level": "INFO", "requestId": request_id, "n": n}) for n in range(LINES)]
            under_way.append(lam.start_invoke(request_id=request_id, records=[line.encode() for line in printed[request_id]],
                                              pause_ms=dice.uniform(1, 20)))
        for each in under_way:
            self.assertEqual("success", each.result(60).status)
        return printed

    def function_entries(self) -> List[Any]:
        return [entry for entry in self.loki.entries if entry.metadata["log_type"] == "function"]

    def test_a_hundred_interleaved_requests_keep_their_ids(self) -> None:
        with self.environment({}) as lam:
            self.assertIsNone(lam.init())
            printed = self.run_interleaved(lam, REQUESTS)
            lam.shutdown("spindown")
            self.assertEqual(0, lam.extension.exit_code)
            self.assertEqual("", stderr_of(lam))
        entries = sorted(self.function_entries(), key=lambda entry: entry.ns)
        arrived: Dict[str, List[str]] = {request_id: [] for request_id in printed}
        for entry in entries:
            arrived[entry.metadata["request_id"]].append(entry.line)
        self.assertEqual(printed, arrived)
        # Nothing would have been proved by requests that came one after the other.
        order = [entry.metadata["request_id"] for entry in entries]
        self.assertGreater(sum(a != b for a, b in zip(order, order[1:])), REQUESTS * LINES // 2)
        reports = [entry for entry in self.loki.entries if entry.line.startswith('{"type":"platform.report"')]
        self.assertEqual(sorted(printed), sorted(entry.metadata["request_id"] for entry in reports))

    def test_requests_under_way_at_once_keep_their_traces(self) -> None:
        with self.environment({}, xray_sampled=True) as lam:
            self.assertIsNone(lam.init())
            self.run_interleaved(lam, 64)
            started = {event["record"]["requestId"]: event["record"]["tracing"]["value"] for event in lam.platform_events
                       if event["type"] == "platform.start"}
            lam.shutdown("spindown")
        for entry in self.function_entries():
            root = started[entry.metadata["request_id"]].split(";")[0][len("Root=1-"):].replace("-", "")
            self.assertEqual(root, entry.metadata.get("trace_id"), entry)

    def test_a_line_without_an_id_gets_none(self) -> None:
        with self.environment({}) as lam:
            self.assertIsNone(lam.init())
            lam.invoke(records=[b'"no id in here"', b'{"message":"none here either"}'])
            lam.shutdown("spindown")
        self.assertEqual(["no id in here", '{"message":"none here either"}'],
                         [entry.line for entry in self.function_entries()])
        for entry in self.function_entries():
            self.assertNotIn("request_id", entry.metadata)

    def test_it_registers_for_shutdown_alone_and_takes_the_newest_schema(self) -> None:
        with self.environment({}) as lam:
            self.assertIsNone(lam.init())
            self.assertEqual(["2025-01-29"], [subscription.terms.schema for subscription in lam.subscriptions])
            self.assertEqual({"SHUTDOWN"}, set(lam.extension.agent.events))
            lam.invoke(lines=["x"])
            lam.shutdown("spindown")
            self.assertEqual(1, lam.extension.next_count)
            self.assertEqual(0, lam.extension.exit_code)

    def test_where_the_variable_is_missing_the_refusal_of_invoke_tells(self) -> None:
        with self.environment({"AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand"}) as lam:
            self.assertIsNone(lam.init())
            self.assertEqual({"SHUTDOWN"}, set(lam.extension.agent.events))
            lam.invoke(records=[b'"whose?"'])
            self.assert_soon(lambda: len(self.function_entries()) == 1, what="flushed by the timer")
            self.assertNotIn("request_id", self.function_entries()[0].metadata)
            lam.shutdown("spindown")
            self.assertEqual("", stderr_of(lam))

    @unittest.skipIf(EMULATED, "the times of an emulated processor")
    def test_records_go_by_the_timer_without_any_event(self) -> None:
        with self.environment({}) as lam:
            self.assertIsNone(lam.init())
            for number in range(3):
                lam.emit(records=[f'"line {number}"'.encode()])
                self.assert_soon(lambda: len(self.function_entries()) == number + 1, what=f"line {number}")
            pushes = len(self.loki.pushes)
            self.assertGreaterEqual(pushes, 3)
            lam.shutdown("spindown")

    @unittest.skipIf(EMULATED, "the times of an emulated processor")
    def test_an_outage_of_loki_ends_without_any_event(self) -> None:
        with self.environment({}) as lam:
            self.assertIsNone(lam.init())
            self.loki.fault(status=503)
            lam.emit(records=[b'"while it is down"'])
            self.assert_soon(lambda: len(self.loki.pushes) >= 3, what="the attempts")
            lam.emit(records=[b'"and later"'])
            self.loki.heal()
            # The next probe is due 5 s after the last failure.
            self.assert_soon(lambda: len(self.function_entries()) == 2, seconds=10, what="both lines")
            lam.shutdown("spindown")
            self.assertEqual(0, lam.extension.exit_code)

    def test_an_environment_that_lambda_does_not_name_draws_a_name(self) -> None:
        with self.environment({}) as lam:
            lam.sandbox.log_stream = ""  # what initStart tells as the instance
            self.assertIsNone(lam.init())
            lam.invoke(lines=["x"])
            lam.shutdown("spindown")
        names = {entry.metadata.get("instance") for entry in self.loki.entries}
        self.assertEqual(1, len(names))
        self.assertRegex(str(names.pop()), "^[0-9a-f]{16}$")


if __name__ == "__main__":
    unittest.main()
