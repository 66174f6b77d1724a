"""What would be dropped is put into a bucket: signed, once, without holding anybody; and `sleipnir replay` brings it back.

The stand-in for S3 computes every signature anew. tests/deploy/test_signatures.py does the same against a mock that was
written by others, test_real_loki_dead_letter.py with the real Loki.
"""

from __future__ import annotations

import gzip
import json
import subprocess
import tempfile
import unittest
from pathlib import Path
from typing import Any, Dict, List, Tuple

from support import Case, EMULATED, binary, function_lines, sleipnir, stderr_of
from emulator.config import free_port
from gateway import Gateway
from standin import Authority, LokiStandin
from standin.aws import AwsStandin

URI = "s3://logs/lost records"
BUDGET_MS = 300
SHUTDOWN_MS = 1800  # two seconds less the margin that is ours


def ledger_of(stderr: str) -> Dict[str, Any]:
    """The last one, which has to add up."""
    lines = [json.loads(line[line.index("{"):]) for line in stderr.splitlines() if '"sleipnir":"ledger"' in line]
    ledger: Dict[str, Any] = lines[-1]
    assert all(adds_up(line) for line in lines), lines
    return ledger


def adds_up(ledger: Dict[str, Any]) -> bool:
    parts = ("sent", "pending", "spooled", "filtered", "duplicate", "dead_lettered", "sampled_out")
    settled = sum(ledger.get(name, 0) for name in parts) + sum(ledger["dropped"].values())
    return bool(ledger["received"] + ledger["restored"] == settled)


class DeadLetterCase(Case):
    def setUp(self) -> None:
        self.loki = self.opened(LokiStandin())
        self.aws = self.opened(AwsStandin())
        self.env = {"LOKI_ENDPOINT": self.loki.url, "LOKI_FLUSH_BUDGET_MS": str(BUDGET_MS), "LOKI_DEAD_LETTER_S3_URI": URI,
                    "AWS_LAMBDA_FUNCTION_NAME": "orders", **self.aws.keys}

    def said(self, lam: Any) -> str:
        stderr = stderr_of(lam)
        for secret in (self.aws.session_token, self.aws.keys["AWS_SECRET_ACCESS_KEY"]):
            self.assertNotIn(secret, stderr)
        return stderr

    def saved(self) -> List[str]:
        """The function's lines in all objects."""
        lines = []
        for body in self.aws.objects.values():
            text, decoder, at = gzip.decompress(body).decode(), json.JSONDecoder(), 0
            while at < len(text):
                push, at = decoder.raw_decode(text, at)
                lines += [value[1] for value in push["streams"][0]["values"] if value[2].get("log_type") == "function"]
        return lines

    def replay(self) -> subprocess.CompletedProcess:
        with tempfile.TemporaryDirectory() as folder:
            paths = []
            for i, body in enumerate(self.aws.objects.values()):
                paths.append(Path(folder, f"{i}.json.gz"))
                paths[-1].write_bytes(body)
            return subprocess.run([binary(), "replay", *map(str, paths)], env={"LOKI_ENDPOINT": self.loki.url}, timeout=60,
                                  capture_output=True, text=True, check=False)


class Saved(DeadLetterCase):
    def lines_behind_an_outage(self, env: Dict[str, str], begin: Any) -> Tuple[List[str], str]:
        lines = [f"line {i}" for i in range(40)]
        with sleipnir({**self.env, **env}, timeout_s=10) as lam:
            lam.invoke(lines=["well"])
            begin()
            for line in lines:
                self.assertEqual("success", lam.invoke(lines=[line]).status)
            lam.shutdown("spindown")
            self.assertEqual(0, lam.extension.exit_code)
            stderr = self.said(lam)
        return lines, stderr

    def test_an_outage_through_a_spindown_is_replayed_once_with_its_own_times(self) -> None:
        def heal() -> None:
            self.loki.heal()
        outages = {"503": (lambda: self.loki.fault(status=503), heal), "nobody listens": (self.loki.stop, self.loki.start),
                   "black hole": (lambda: self.loki.fault("black_hole"), heal)}
        for name, (begin, end) in outages.items():
            with self.subTest(name):
                self.aws.objects.clear()
                self.loki.clear()
                lines, stderr = self.lines_behind_an_outage({}, begin)
                end()
                self.assertEqual(sorted(lines), sorted(self.saved()))
                ledger = ledger_of(stderr)
                self.assertGreaterEqual(ledger["dead_lettered"], len(lines))
                self.assertEqual({}, ledger["dropped"])
                done = self.replay()
                self.assertEqual(0, done.returncode, done.stdout + done.stderr)
                entries = [entry for entry in self.loki.entries if entry.metadata.get("log_type") == "function"]
                self.assertEqual(["well", *lines], function_lines(self.loki.entries))
                self.assertEqual([], self.loki.duplicates)
                # Their own times: in order of the invocations, and before the end of them.
                self.assertEqual(sorted(entry.ns for entry in entries), [entry.ns for entry in sorted(entries, key=lambda e: e.ns)])
                self.assertFalse(any("event_time" in entry.metadata for entry in entries))

    def test_objects_are_named_by_function_day_and_environment(self) -> None:
        self.lines_behind_an_outage({}, lambda: self.loki.fault(status=503))
        for name in self.aws.objects:
            self.assertRegex(name, r"^lost records/orders/\d{4}/\d\d/\d\d/[\w.-]+-\d{13}-\d+\.json\.gz$")

    def test_what_the_spool_holds_at_a_spindown_is_saved_too(self) -> None:
        line = "x" * 60_000
        with sleipnir({**self.env, "LOKI_MEMORY_LIMIT_BYTES": str(4 << 20)}, timeout_s=10) as lam:
            self.loki.fault(status=503)
            for i in range(12):
                lam.invoke(lines=[f"{i} {j} {line}" for j in range(10)])
            lam.shutdown("spindown")
            stderr = self.said(lam)
        ledger = ledger_of(stderr)
        self.assertGreater(ledger["spooled"], 0, "the memory was not full")
        self.assertEqual({}, ledger["dropped"])
        self.assertEqual(120, len(self.saved()))
        self.assertEqual(120, len(set(self.saved())))

    def test_a_poisoned_record_is_saved_alone(self) -> None:
        with sleipnir(self.env, timeout_s=10) as lam:
            lam.invoke(lines=["good"])
            self.loki.fault(status=422, times=1)
            lam.invoke(lines=["refused"])
            lam.invoke(lines=["good too"])
            lam.shutdown("spindown")
            ledger = ledger_of(self.said(lam))
        self.assertEqual(["refused"], self.saved())
        self.assertEqual(["good", "good too"], function_lines(self.loki.entries))
        self.assertEqual({}, ledger["dropped"])

    def test_what_overflows_is_saved(self) -> None:
        line = "x" * 60_000
        env = {**self.env, "LOKI_MEMORY_LIMIT_BYTES": str(4 << 20), "LOKI_SPOOL_MAX_BYTES": "0"}
        with sleipnir(env, timeout_s=10) as lam:
            self.loki.fault(status=503)
            for i in range(12):
                lam.invoke(lines=[f"{i} {j} {line}" for j in range(10)])
            self.assertTrue(self.aws.objects, "nothing went out before the end")
            lam.shutdown("spindown")
            ledger = ledger_of(self.said(lam))
        self.assertEqual({}, ledger["dropped"])
        self.assertEqual(120, len(set(self.saved())))
        self.assertEqual(120, len(self.saved()))

    @unittest.skipIf(EMULATED, "a burst under an emulator measures the emulator")
    def test_a_burst_in_an_outage_keeps_to_the_memory_and_each_record_is_saved_or_counted(self) -> None:
        count = 100_000
        self.loki.fault(status=503)
        with sleipnir({**self.env, "LOKI_SPOOL_MAX_BYTES": "0"}, timeout_s=60) as lam:
            result = lam.invoke(lines=[f"line {i:07} {'x' * 140}" for i in range(count)])
            self.assertEqual("success", result.status)
            lam.shutdown("spindown")
            self.assertEqual(0, lam.extension.exit_code)
            peak_kb = lam.extension.peak_rss_kb
            ledger = ledger_of(self.said(lam))
        print(f"peak {peak_kb} kB, {ledger['dead_lettered']} of {ledger['received']} saved", flush=True)
        self.assertLess(peak_kb, ((8 << 20) + 6_000_000) / 1024)
        saved = self.saved()
        self.assertEqual(len(saved), len(set(saved)))
        self.assertGreater(len(saved), 0)
        self.assertEqual(0, ledger["pending"])
        # Beside the function's own there are the platform's.
        self.assertLessEqual(count, len(saved) + sum(ledger["dropped"].values()) + ledger["lost_upstream"]["records"])

    def test_by_name_and_over_tls_in_an_outage_of_a_loki_over_tls(self) -> None:
        """The two have a trust store and memory of TLS in common."""
        authority = Authority()
        pair = authority.server("localhost")
        bucket = self.opened(Gateway(self.aws.url, pair=pair, lines=("proxy_set_header Host $http_host;",)))
        loki = self.opened(Gateway(f"http://127.0.0.1:{free_port()}", pair=pair))
        with sleipnir({**self.env, "LOKI_ENDPOINT": f"https://localhost:{loki.port}", "LOKI_CA_FILE": authority.cert_file,
                       "AWS_ENDPOINT_URL_S3": f"https://localhost:{bucket.port}"}, timeout_s=15) as lam:
            for i in range(5):
                lam.invoke(lines=[str(i)])
            lam.shutdown("spindown")
            ledger = ledger_of(self.said(lam))
        self.assertEqual(list("01234"), sorted(self.saved()))
        self.assertEqual({}, ledger["dropped"])

    def test_on_snapstart_the_served_keys_sign(self) -> None:
        env = {**self.env, **self.aws.served_keys}
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
            env[name] = ""
        with sleipnir(env, timeout_s=10, init_type="snap-start") as lam:
            self.assertIsNone(lam.init())
            self.assertEqual(0, self.aws.keys_asked)
            self.loki.fault(status=422, times=1)
            lam.invoke(lines=["refused"])
            lam.shutdown("spindown")
            self.said(lam)
        self.assertEqual(["refused"], self.saved())

    def test_a_function_whose_records_all_arrive_asks_nobody(self) -> None:
        with sleipnir(self.env, timeout_s=10) as lam:
            lam.invoke(lines=["a"])
            lam.shutdown("spindown")
            self.assertNotIn("ledger", self.said(lam))
        self.assertEqual(({}, []), (self.aws.objects, self.aws.refused))


class NotSaved(DeadLetterCase):
    def refused_three_times(self, env: Dict[str, str]) -> Tuple[str, List[float]]:
        """Loki refuses a record of each of three invocations, and there is nowhere to put it."""
        with sleipnir({**self.env, **env}, timeout_s=10) as lam:
            lam.invoke(lines=["good"])
            holds = []
            for i in range(3):
                self.loki.fault(status=422, times=1)
                result = lam.invoke(lines=[f"refused {i}"])
                self.assertEqual("success", result.status)
                holds.append(result.hold_ms)
            lam.shutdown("spindown")
            self.assertEqual(0, lam.extension.exit_code)
            stderr = self.said(lam)
        ledger = ledger_of(stderr)
        self.assertNotIn("dead_lettered", ledger)
        self.assertGreaterEqual(ledger["dropped"]["rejected"], 3)
        self.assertEqual(["good"], function_lines(self.loki.entries))
        self.assertEqual(1, stderr.count("cannot put"), stderr)
        return stderr, holds

    def test_wrong_keys_are_said_once_and_the_records_counted_as_dropped(self) -> None:
        stderr, _ = self.refused_three_times({"AWS_SECRET_ACCESS_KEY": "x" * 40})
        self.assertIn(f"LOKI_DEAD_LETTER_S3_URI {URI}: SignatureDoesNotMatch: it is SignatureDoesNotMatch; they are dropped", stderr)

    def test_a_bucket_that_is_not_there(self) -> None:
        stderr, _ = self.refused_three_times({"LOKI_DEAD_LETTER_S3_URI": "s3://other/lost"})
        self.assertIn("s3://other/lost: NoSuchBucket", stderr)

    def test_an_address_that_nobody_listens_at(self) -> None:
        stderr, _ = self.refused_three_times({"AWS_ENDPOINT_URL_S3": f"http://127.0.0.1:{free_port()}"})
        self.assertIn("Connection refused", stderr)

    def test_no_keys_at_all(self) -> None:
        stderr, _ = self.refused_three_times({"AWS_ACCESS_KEY_ID": ""})
        self.assertIn("there are no AWS credentials", stderr)

    def test_a_bucket_that_never_answers_holds_nobody_and_ends_in_time(self) -> None:
        def run() -> List[float]:
            self.loki.clear()
            self.aws.put_answers[:] = [0] * 20
            _, holds = self.refused_three_times({})
            return holds
        self.assert_in_time(run, lambda holds: max(holds) < 100)

    def test_with_loki_and_the_bucket_away_a_spindown_ends_in_time_and_counts_all(self) -> None:
        def run() -> float:
            self.aws.put_answers[:] = [0] * 20
            self.loki.fault("black_hole")
            with sleipnir(self.env, timeout_s=10) as lam:
                for i in range(5):
                    lam.invoke(lines=[f"lost {i}"])
                took: float = lam.shutdown("spindown").duration_ms
                self.assertEqual(0, lam.extension.exit_code)
                ledger = ledger_of(self.said(lam))
            self.loki.heal()
            self.assertGreaterEqual(ledger["dropped"]["shutdown"], 5)
            self.assertEqual(0, ledger["pending"])
            return took
        self.assert_in_time(run, lambda took: took < SHUTDOWN_MS + 50)

    def test_a_value_that_is_none_is_an_error_that_names_it_and_the_function_runs_on(self) -> None:
        for value in ("logs/lost", "https://logs/lost", "s3://Logs/lost", "s3://lo"):
            with self.subTest(value), sleipnir({**self.env, "LOKI_DEAD_LETTER_S3_URI": value}, timeout_s=10) as lam:
                self.assertEqual("success", lam.invoke(lines=["a"]).status)
                lam.shutdown("spindown")
                self.assertIn(f"LOKI_DEAD_LETTER_S3_URI={value} is not understood; accepted: s3://bucket/prefix; "
                              "there is no dead letter", self.said(lam))
                self.assertIn("a", function_lines(self.loki.entries))


class Words(DeadLetterCase):
    def test_config_shows_where_they_go(self) -> None:
        done = subprocess.run([binary(), "config"], env=self.env, capture_output=True, text=True, timeout=60, check=False)
        self.assertIn(f"dead letter    {self.aws.url}/logs/lost%20records/orders/\n", done.stdout)


if __name__ == "__main__":
    unittest.main()
