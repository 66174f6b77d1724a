"""`sleipnir replay`: files of pushes and of the spool into Loki, once, with the times they have, or with new ones."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import subprocess
import tempfile
import time
import unittest
from pathlib import Path
from typing import Any, Dict, List, Optional, Tuple

from support import Case, binary, sleipnir
from emulator.config import free_port

from real_loki import Entry, LokiUnavailable, RealLoki

LABELS = {"source": "lambda", "function_name": "orders"}


def push_body(values: List[List[Any]], labels: Optional[Dict[str, str]] = None, **layout: Any) -> bytes:
    return json.dumps({"streams": [{"stream": labels or LABELS, "values": values}]}, **layout).encode()


def values_of(lines: List[str], begin_ns: int, metadata: Optional[Dict[str, str]] = None) -> List[List[Any]]:
    """One nanosecond apart."""
    return [[str(begin_ns + i), line, *([metadata] if metadata else [])] for i, line in enumerate(lines)]


class ReplayCase(Case):
    loki: RealLoki

    @classmethod
    def setUpClass(cls) -> None:
        try:
            cls.loki = RealLoki(auth_enabled=True, tenants={"blocked": {"block_ingestion_until": "2099-01-01T00:00:00Z"}}).start()
        except LokiUnavailable as reason:
            raise unittest.SkipTest(f"REAL LOKI NOT AVAILABLE: {reason}") from None
        cls.addClassCleanup(cls.loki.stop)

    def setUp(self) -> None:
        # Not in /tmp: a spool there ends with its environment.
        self.folder = Path(tempfile.mkdtemp(prefix="sleipnir-replay-", dir="/var/tmp"))
        self.addCleanup(shutil.rmtree, self.folder, True)
        self.tenant = self.id().rpartition(".")[2]
        self.env = {"LOKI_ENDPOINT": self.loki.url, "LOKI_TENANT_ID": self.tenant}

    def file(self, name: str, content: bytes) -> str:
        path = self.folder / name
        path.write_bytes(content)
        return str(path)

    def replay(self, *arguments: str, env: Optional[Dict[str, str]] = None, stdin: bytes = b"") -> Tuple[int, List[str], str]:
        """Exit code, the lines for people without their folder, stderr."""
        done = subprocess.run([binary(), "replay", *arguments], env={**self.env, **(env or {})}, input=stdin,
                              capture_output=True, timeout=120, check=False)
        said = done.stdout.decode().replace(str(self.folder) + "/", "").splitlines()
        return done.returncode, said, done.stderr.decode()

    def stored(self, **query: Any) -> List[Entry]:
        found: List[Entry] = self.loki.query_all('{source="lambda"}', tenant=self.tenant, **query)
        return sorted(found, key=lambda entry: entry.ns)


class Pushes(ReplayCase):
    def test_every_record_arrives_once_with_its_own_time_labels_and_metadata(self) -> None:
        begin = time.time_ns() - 60_000_000_000
        lines = ['a "quoted" one', "ümläut \U0001f40e", "tab\there", '{"json":"in \\" it"}', ""]
        body = push_body(values_of(lines, begin, {"request_id": "r-1", "log_type": "function"}))
        path = self.file("a.json.gz", gzip.compress(body))
        for _ in range(2):  # a repeat is swallowed
            self.assertEqual((0, ["a.json.gz: 5 records sent"], ""), self.replay(path))
        found = self.stored()
        self.assertEqual([(begin + i, line) for i, line in enumerate(lines)], [(entry.ns, entry.line) for entry in found])
        self.assertEqual({"r-1"}, {entry.metadata["request_id"] for entry in found})
        self.assertEqual({"orders"}, {entry.labels["function_name"] for entry in found})
        self.assertEqual(5, self.loki.count('{source="lambda"}', tenant=self.tenant))

    def test_files_standard_input_and_several_bodies_in_one(self) -> None:
        now = time.time_ns()
        plain = self.file("plain.json", push_body(values_of(["1"], now), indent=2) + b"\n" + push_body(values_of(["2"], now + 1)))
        joined = self.file("joined", gzip.compress(push_body(values_of(["3"], now + 2))) + gzip.compress(push_body(values_of(["4"], now + 3))))
        two = json.dumps({"streams": [{"values": values_of(["5"], now + 4), "stream": {**LABELS, "team": "a"}},
                                      {"stream": LABELS, "values": values_of(["6"], now + 5)}]}).encode()
        code, said, stderr = self.replay(plain, "-", joined, stdin=two)
        self.assertEqual((0, ["plain.json: 2 records sent", "standard input: 2 records sent", "joined: 2 records sent"], ""),
                         (code, said, stderr))
        self.assertEqual(list("123456"), [entry.line for entry in self.stored()])
        self.assertEqual(["5"], [entry.line for entry in self.stored() if entry.labels.get("team") == "a"])

    def test_many_records_go_in_many_pushes(self) -> None:
        begin = time.time_ns() - 60_000_000_000
        lines = [f"line {i} " + "x" * 200 for i in range(30_000)]
        path = self.file("many.json.gz", gzip.compress(push_body(values_of(lines, begin))))
        self.assertEqual((0, ["many.json.gz: 30000 records sent"], ""), self.replay(path))
        self.assertEqual(30_000, self.loki.count('{source="lambda"}', tenant=self.tenant))

    def test_restamped_they_are_of_now_and_tell_when_they_happened(self) -> None:
        old = time.time_ns() - 30 * 86_400_000_000_000
        path = self.file("old.json", push_body(values_of(["first", "second"], old, {"request_id": "r-1"})))
        before = time.time_ns()
        self.assertEqual((0, ["old.json: 2 records sent"], ""), self.replay("--restamp", path))
        found = self.stored()
        self.assertEqual(["first", "second"], [entry.line for entry in found])
        self.assertTrue(all(before < entry.ns < time.time_ns() for entry in found))
        day = time.strftime("%Y-%m-%dT%H:%M:", time.gmtime(old // 1_000_000_000))
        self.assertTrue(all(entry.metadata["event_time"].startswith(day) for entry in found), found)

    def test_what_is_too_old_for_loki_arrives_all_the_same(self) -> None:
        old = time.time_ns() - 30 * 86_400_000_000_000
        path = self.file("old.json", push_body(values_of(["first"], old, {"request_id": "r-1"})))
        code, said, _ = self.replay(path)
        self.assertEqual((0, ["old.json: 1 records sent"]), (code, said))
        self.loki.flush()
        week = 7 * 86_400_000_000_000
        found = self.loki.query_all('{source="lambda"}', time.time_ns() - 2 * week, tenant=self.tenant)
        self.assertEqual([True], ["event_time" in entry.metadata for entry in found])


class NotTaken(ReplayCase):
    def test_what_loki_refuses_for_good_is_counted_with_its_words(self) -> None:
        path = self.file("a.json", push_body(values_of(["1", "2", "3"], time.time_ns())))
        code, said, stderr = self.replay(path, env={"LOKI_TENANT_ID": "blocked"})
        self.assertEqual((1, ["a.json: 0 records sent, 3 refused by Loki"]), (code, said))
        self.assertIn("ingestion blocked", stderr)

    def test_with_loki_away_nothing_is_lost_and_the_rest_is_not_tried(self) -> None:
        path = self.file("a.json", push_body(values_of(["1", "2"], time.time_ns())))
        code, said, stderr = self.replay(path, path, env={"LOKI_ENDPOINT": f"http://127.0.0.1:{free_port()}"})
        self.assertEqual((1, ["a.json: 0 records sent, 2 not delivered"] * 2), (code, said))
        self.assertIn("Connection refused", stderr)
        self.assertEqual(0, self.replay(path)[0])

    def test_wrong_credentials_or_a_wrong_path_keep_everything(self) -> None:
        path = self.file("a.json", push_body(values_of(["1", "2"], time.time_ns())))
        code, said, stderr = self.replay(path, env={"LOKI_ENDPOINT": self.loki.url + "/nowhere"})
        self.assertEqual((1, ["a.json: 0 records sent, 2 not delivered"]), (code, said))
        self.assertIn("404", stderr)

    def test_what_is_no_push_is_said_and_the_others_go_on(self) -> None:
        now = time.time_ns()
        good = push_body(values_of(["good"], now))
        files = [self.file("text", b"hello"), self.file("cut.gz", gzip.compress(good)[:-20]), self.file("empty", b""),
                 self.file("other.json", b'{"some":"thing"}'), self.file("half.json", good + good[:-9]),
                 self.file("values.json", push_body([["12", "no time"], [str(now + 1), "fine"], [str(now), 7], "x"])),
                 str(self.folder / "absent"), self.file("good.json", good)]
        code, said, stderr = self.replay(*files)
        self.assertEqual((1, ""), (code, stderr))
        torn = "0 records sent, its end is torn or no push"
        self.assertEqual([f"text: {torn}", f"cut.gz: {torn}", "empty: 0 records sent", f"other.json: {torn}",
                          "half.json: 1 records sent, its end is torn or no push", "values.json: 1 records sent, 3 unreadable",
                          "absent: cannot be opened: No such file or directory", "good.json: 1 records sent"], said)
        self.assertEqual(["good", "fine"], [entry.line for entry in self.stored()])

    def test_usage_and_configuration(self) -> None:
        usage = "usage: sleipnir replay [--restamp] FILE...\n"
        self.assertEqual((2, [], usage), self.replay())
        self.assertEqual((2, [], usage), self.replay("--stamp", "x"))
        code, said, stderr = self.replay("x", env={"LOKI_ENDPOINT": ""})
        self.assertEqual((1, []), (code, said))
        self.assertIn("LOKI_ENDPOINT is not set", stderr)


class SpoolFiles(ReplayCase):
    def spool_of_an_outage(self, lines: List[str], **env: str) -> Path:
        folder = self.folder / "spool"
        down = {"LOKI_ENDPOINT": f"http://127.0.0.1:{free_port()}", "LOKI_SPOOL_DIR": str(folder), "LOKI_LABELS": '{"team":"a"}',
                "AWS_LAMBDA_FUNCTION_NAME": "orders", **env}
        with sleipnir(down, timeout_s=10) as lam:
            for line in lines:
                lam.invoke(lines=[line])
            lam.shutdown("spindown")
            self.assertEqual(0, lam.extension.exit_code)
        return folder

    def test_a_spool_that_outlived_its_environment_is_replayed(self) -> None:
        lines = [f"in the outage {i}" for i in range(5)]
        folder = self.spool_of_an_outage(lines)
        files = sorted(str(path) for path in folder.glob("*.spool"))
        self.assertTrue(files)
        before = [Path(path).read_bytes() for path in files]
        code, said, _ = self.replay(*files)
        self.assertEqual(0, code, said)
        found = self.stored()
        self.assertEqual(lines, [entry.line for entry in found if entry.metadata["log_type"] == "function"])
        self.assertEqual({"a"}, {entry.labels["team"] for entry in found})
        self.assertEqual(len(found), self.loki.count('{source="lambda"}', tenant=self.tenant))
        self.assertEqual(before, [Path(path).read_bytes() for path in files], "replay does not change its files")

    def test_the_request_id_label_of_a_spooled_batch_is_kept(self) -> None:
        folder = self.spool_of_an_outage(["one", "two"], LOKI_REQUEST_ID_AS="label")
        self.assertEqual(0, self.replay(*(str(path) for path in folder.glob("*.spool")))[0])
        labels = {entry.line: entry.labels.get("request_id") for entry in self.stored()}
        self.assertTrue(labels["one"] and labels["two"] and labels["one"] != labels["two"], labels)

    def test_a_torn_tail_costs_no_other_frame(self) -> None:
        folder = self.spool_of_an_outage(["whole"])
        path, = folder.glob("*.spool")
        torn = self.file("torn.spool", path.read_bytes() + path.read_bytes()[-300:-100])
        code, said, _ = self.replay(torn)
        self.assertEqual(1, code)
        self.assertRegex(said[0], r"^torn.spool: \d+ records sent, its end is torn or no push$")
        self.assertIn("whole", [entry.line for entry in self.stored()])


if __name__ == "__main__":
    unittest.main()
