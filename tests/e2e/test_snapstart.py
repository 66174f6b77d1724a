"""SnapStart: what a snapshot may not contain, what is told of it after the restore, and how old it may be."""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
import time
import unittest
from typing import Any, List

from support import Case, EMULATED, function_lines, sleipnir, stderr_of
from standin import Authority, LokiStandin, TlsOptions

DAY_MS = 86_400_000
TRACED = "trace=connect,sendto,sendmsg,sendmmsg,getrandom,openat,open,clone,clone3,vfork,fork"


class SnapStart(Case):
    def setUp(self) -> None:
        self.loki: LokiStandin = self.opened(LokiStandin())
        self.env = {"LOKI_ENDPOINT": self.loki.url}

    def restored(self, days: float = 1, **config: Any):
        """An environment whose snapshot is so old."""
        return sleipnir(self.env, init_type="snap-start", clock_offset_ms=-int(days * DAY_MS), timeout_s=10, **config)

    def types(self, entries: List[Any]) -> List[str]:
        return [json.loads(entry.line)["type"] for entry in entries if entry.metadata["log_type"] == "platform"]

    @unittest.skipIf(EMULATED, "strace sees the emulator")
    @unittest.skipUnless(shutil.which("strace"), "no strace here")
    def test_a_snapshot_holds_no_connection_no_random_numbers_and_no_second_thread(self) -> None:
        # With TLS, which draws random numbers and reads its authorities as soon as it is made ready.
        authority = Authority()
        pair = authority.server()
        loki = self.opened(LokiStandin(tls=TlsOptions(pair.cert_file, pair.key_file)))
        self.env = {"LOKI_ENDPOINT": loki.url, "LOKI_CA_FILE": authority.cert_file}
        with tempfile.TemporaryDirectory() as folder:
            trace = os.path.join(folder, "trace")
            with self.restored(wrapper=["strace", "-f", "-ttt", "-e", TRACED, "-o", trace]) as lam:
                self.assertIsNone(lam.init())
                api_port = lam.api_address.rpartition(":")[2]
                restored_at = time.time()
                lam.invoke(lines=["x"])
                lam.shutdown("spindown")
                self.assertEqual(0, lam.extension.exit_code)
            with open(trace) as file:
                calls = re.findall(r"^\d+ +(\d+\.\d+) (.*)$", file.read(), re.MULTILINE)
        before = [call for at, call in calls if float(at) < restored_at]
        after = [call for at, call in calls if float(at) >= restored_at]
        loki_port = f"htons({loki.port})"
        connects = [call for call in before if call.startswith("connect(")]
        self.assertTrue(connects, "the trace shows nothing")
        for call in connects:
            self.assertIn(f"htons({api_port})", call)
        # The C library of a native build seeds its allocator so, without blocking; our own numbers never come that way.
        self.assertEqual([], [call for call in before if call.startswith("getrandom(") and "GRND_NONBLOCK" not in call])
        self.assertEqual([], [call for call in before if re.match(r"(clone|clone3|fork|vfork)\(", call)])
        for path in ("resolv.conf", "/ssl/", "/pki/", authority.cert_file, "/spool"):
            self.assertEqual([], [call for call in before if path in call])
        # All of it does happen, later.
        self.assertTrue([call for call in after if call.startswith("connect(") and loki_port in call])
        self.assertTrue([call for call in after if call.startswith("getrandom(")])
        self.assertTrue([call for call in after if authority.cert_file in call])
        self.assertEqual(["x"], function_lines(loki.entries))

    def test_the_init_of_the_snapshot_is_told_and_marked(self) -> None:
        with self.restored() as lam:
            self.assertIsNone(lam.init())
            lam.emit(lines=["printed in the init"])
            lam.invoke(lines=["printed after the restore"])
            lam.shutdown("spindown")
            self.assertEqual("", stderr_of(lam))
        marked = [entry for entry in self.loki.entries if entry.metadata.get("snapshot") == "true"]
        fresh = [entry for entry in self.loki.entries if "snapshot" not in entry.metadata]
        self.assertEqual(["printed in the init"], function_lines(marked))
        self.assertEqual(["printed after the restore"], function_lines(fresh))
        self.assertEqual(["platform.initStart", "platform.initRuntimeDone", "platform.initReport"], self.types(marked))
        self.assertEqual(["platform.restoreStart", "platform.restoreRuntimeDone", "platform.restoreReport",
                          "platform.start", "platform.runtimeDone", "platform.report"], self.types(fresh))
        a_day_ago = (time.time() - 86_400) * 1e9
        for entry in marked:
            self.assertLess(abs(entry.ns - a_day_ago), 60e9)
        # The name of the environment that the snapshot was made in is not the restored one's.
        self.assertNotEqual({entry.metadata["instance"] for entry in marked},
                            {entry.metadata["instance"] for entry in fresh})

    def test_nothing_of_a_snapshot_too_old_for_loki_is_lost(self) -> None:
        with self.restored(days=10) as lam:
            self.assertIsNone(lam.init())
            lam.emit(lines=["printed in the init"])
            lam.invoke(lines=["printed after the restore"])
            lam.shutdown("spindown")
            self.assertEqual("", stderr_of(lam))
            happened = [time.strftime("%Y-%m-%dT%H:%M", time.gmtime(event["time_ms"] / 1000))
                        for event in lam.platform_events if event["type"] == "platform.initStart"]
        marked = [entry for entry in self.loki.entries if entry.metadata.get("snapshot") == "true"]
        self.assertEqual(["printed in the init"], function_lines(marked))
        self.assertEqual(["platform.initStart", "platform.initRuntimeDone", "platform.initReport"], self.types(marked))
        for entry in marked:
            self.assertEqual(happened[0], entry.metadata["event_time"][:16])
            self.assertGreater(entry.ns / 1e9, time.time() - 7 * 86_400)
        self.assertEqual(["printed after the restore"],
                         function_lines([entry for entry in self.loki.entries if "event_time" not in entry.metadata]))

    def test_nothing_of_a_snapshot_too_far_behind_its_siblings_is_lost(self) -> None:
        with sleipnir(self.env, timeout_s=10) as sibling:
            sibling.invoke(lines=["the stream has a present"])
            sibling.shutdown("spindown")
        with self.restored(days=1) as lam:
            self.assertIsNone(lam.init())
            lam.emit(lines=["printed in the init"])
            lam.invoke(lines=["printed after the restore"])
            lam.shutdown("spindown")
            self.assertEqual("", stderr_of(lam))
        self.assertEqual(["printed in the init"],
                         function_lines([entry for entry in self.loki.entries if "event_time" in entry.metadata]))
        self.assertIn("printed after the restore", function_lines(self.loki.entries))

    def test_environments_of_one_snapshot_have_names_of_their_own(self) -> None:
        for _ in range(2):
            with self.restored() as lam:
                self.assertIsNone(lam.init())
                lam.invoke(lines=["hello"])
                lam.shutdown("spindown")
        self.assertEqual(2, len({entry.metadata["instance"] for entry in self.loki.entries if entry.line == "hello"}))

    def test_a_connection_to_the_listener_from_before_the_restore_does_no_harm(self) -> None:
        with self.restored() as lam:
            self.assertIsNone(lam.init())
            for subscription in lam.subscriptions:
                subscription.delivery.close()
            lam.invoke(lines=["hello"])
            lam.shutdown("spindown")
        self.assertEqual(["hello"], function_lines(self.loki.entries))


if __name__ == "__main__":
    unittest.main()
