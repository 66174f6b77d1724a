"""LOKI_SAMPLE: all of the invocations that fail, a share of the others, and a ledger that adds up."""

from __future__ import annotations

import json
import random
import unittest
import uuid
from typing import Any, Dict, List

from support import Case, sleipnir, stderr_of
from standin import LokiStandin

INVOCATIONS, LINES = 200, 5
# Ten that fail: raise, print an error, crash, run into their timeout.
FAILING: Dict[int, Dict[str, Any]] = {
    **{n: {"error_type": "Boom"} for n in (3, 50, 51, 120)},
    **{n: {"late_lines": ["[ERROR] it broke"]} for n in (10, 77, 199)},
    **{n: {"crash": True} for n in (90, 150)},
    **{n: {"hang": True} for n in (30,)},
}


class Sample(Case):
    def setUp(self) -> None:
        self.loki = self.opened(LokiStandin())

    def lines_by_request(self) -> Dict[str, List[str]]:
        """What the functions wrote, in order, and the types of the platform's events of each request."""
        found: Dict[str, List[str]] = {}
        for entry in sorted(self.loki.entries, key=lambda entry: entry.ns):
            if "request_id" in entry.metadata:
                line = entry.line
                if entry.metadata["log_type"] == "platform":
                    line = json.loads(line)["type"]
                found.setdefault(entry.metadata["request_id"], []).append(line)
        return found

    def ledgers(self) -> List[Dict[str, Any]]:
        return [json.loads(entry.line) for entry in self.loki.entries if entry.line.startswith('{"sleipnir":"ledger"')]

    def assert_balanced(self, ledger: Dict[str, Any]) -> None:
        settled = sum(ledger[key] for key in ("sent", "pending", "spooled", "filtered", "duplicate"))
        self.assertEqual(ledger["received"] + ledger["restored"],
                         settled + ledger.get("sampled_out", 0) + sum(ledger["dropped"].values()), ledger)
        self.assertEqual(0, ledger["pending"])

    def test_all_that_fail_and_a_tenth_of_the_others_are_shipped(self) -> None:
        dice = random.Random(20261121)  # the choice goes by the id, so with fixed ids it is always the same
        ids = [str(uuid.UUID(int=dice.getrandbits(128), version=4)) for _ in range(INVOCATIONS)]
        with sleipnir({"LOKI_ENDPOINT": self.loki.url, "LOKI_SAMPLE": "0.1"}, timeout_s=2, handler_error_status="error") as lam:
            for number, request_id in enumerate(ids):
                script = FAILING.get(number, {})
                result = lam.invoke(request_id=request_id, lines=[f"{number} {n}" for n in range(LINES)], **script)
                self.assertEqual(number not in FAILING or "late_lines" in script, result.status == "success")
            lam.shutdown("spindown")
            self.assertEqual(0, lam.extension.exit_code)
        found = self.lines_by_request()
        for number, script in FAILING.items():
            lines = found.pop(ids[number])
            expected = [f"{number} {n}" for n in range(LINES)] + list(script.get("late_lines", []))
            self.assertEqual(expected, [line for line in lines if not line.startswith("platform.")])
            for kind in ("platform.start", "platform.runtimeDone", "platform.report"):
                self.assertIn(kind, lines, number)
        print(f"{len(found)} of {INVOCATIONS - len(FAILING)} others", flush=True)
        self.assertTrue(10 <= len(found) <= 30, len(found))
        for request_id, lines in found.items():
            expected = [f"{ids.index(request_id)} {n}" for n in range(LINES)]
            self.assertEqual(["platform.start", *expected, "platform.runtimeDone", "platform.report"], lines)
        # One ledger for each life: a crash and a timeout start the environment anew.
        ledgers = self.ledgers()
        self.assertEqual(4, len(ledgers))
        for ledger in ledgers:
            self.assert_balanced(ledger)
        out = INVOCATIONS - len(FAILING) - len(found)
        self.assertEqual(out * (LINES + 3), sum(ledger["sampled_out"] for ledger in ledgers))

    def test_an_invocation_larger_than_memory_is_shipped_and_nothing_is_lost(self) -> None:
        env = {"LOKI_ENDPOINT": self.loki.url, "LOKI_SAMPLE": "0", "LOKI_MEMORY_LIMIT_BYTES": str(4 << 20)}
        lines = [f"{n:06} " + "payload " * 15 for n in range(40_000)]
        with sleipnir(env, timeout_s=60) as lam:
            large = lam.invoke(lines=lines).request_id
            small = lam.invoke(lines=["small"]).request_id
            lam.shutdown("spindown")
            self.assertEqual("", stderr_of(lam))
        found = self.lines_by_request()
        self.assertEqual(lines, [line for line in found[large] if not line.startswith("platform.")])
        self.assertNotIn(small, found)
        [ledger] = self.ledgers()
        self.assert_balanced(ledger)
        self.assertEqual(4, ledger["sampled_out"])

    def test_managed_instances_ship_the_share_and_what_is_an_error(self) -> None:
        with sleipnir({"LOKI_ENDPOINT": self.loki.url, "LOKI_SAMPLE": "0"}, init_type="lambda-managed-instances", timeout_s=10) as lam:
            self.assertIsNone(lam.init())
            record = {"requestId": "8f5b5c3e-0000-4000-8000-000000000001", "level": "INFO", "message": "fine"}
            lam.invoke(request_id=record["requestId"], records=[json.dumps(record).encode(),
                                                                json.dumps({**record, "level": "ERROR"}).encode()])
            lam.shutdown("spindown")
        lines = [json.loads(line) for line in self.lines_by_request()[record["requestId"]]]
        self.assertEqual(["ERROR"], [line["level"] for line in lines])


if __name__ == "__main__":
    unittest.main()
