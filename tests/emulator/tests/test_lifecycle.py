"""Phases of an execution environment: cold start, invocations, freeze, failures, resets, SHUTDOWN."""

import os
import stat
import tempfile
import time
import unittest

from emulator import ExtensionSpec
from emulator.process import _stat_state

from .shipper import SHIPPER, ShipperTest


class ColdStart(ShipperTest):
    def test_events_come_in_lambdas_order_and_shape(self):
        lam = self.start(tenant_id="acme")
        self.assertIsNone(lam.init())
        result = lam.invoke(lines=["hello"])
        lam.invoke()
        lam.shutdown()
        types = self.types()
        self.assertEqual(types[0], "platform.initStart")
        order = ["platform.initStart", "platform.telemetrySubscription", "platform.extension", "platform.initReport",
                 "platform.start", "function", "platform.runtimeDone", "platform.report", "platform.start"]
        places = [types.index(type_) for type_ in order[:-1]] + [len(types) - 1 - types[::-1].index("platform.start")]
        self.assertEqual(places, sorted(places))
        start, done = self.records("platform.start")[0], self.records("platform.runtimeDone")[0]
        self.assertEqual((start["requestId"], start["tenantId"]), (result.request_id, "acme"))
        self.assertEqual([span["name"] for span in done["spans"]],
                         ["responseLatency", "responseDuration", "runtimeOverhead"])
        report = self.records("platform.report")[0]
        self.assertGreaterEqual(report["metrics"]["billedDurationMs"], report["metrics"]["durationMs"])
        self.assertIn("initDurationMs", report["metrics"])
        self.assertNotIn("initDurationMs", self.lam.platform_events[-1]["record"]["metrics"])
        self.assertEqual(self.records("function"), ["hello\n"])
        self.assertTrue(result.cold)

    def test_holds_and_start_are_measured(self):
        lam = self.start()
        lam.init()
        self.assertGreater(lam.extension.exec_to_next_ms, 1)
        result = lam.invoke(lines=["x"])
        self.assertLess(result.hold_ms, result.hold_after_done_ms)
        self.assertGreater(result.hold_after_done_ms, 15)  # the telemetry buffer's 25 ms run from the line on
        self.assertGreater(lam.extension.rss_kb, 1000)

    def test_an_extension_that_does_not_wait_is_not_held(self):
        lam = self.start({"SHIPPER_AT_ONCE": "1"})
        lam.init()
        self.assertLess(lam.invoke(duration_ms=30).hold_ms, 1)

    def test_a_file_that_cannot_be_executed_fails_init(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        path = os.path.join(folder.name, "plain")
        with open(path, "w", encoding="ascii") as file:
            file.write("text")
        lam = self.start(extension=path)
        self.assertEqual(lam.init(), "PermissionDenied")
        os.chmod(path, stat.S_IRWXU)
        self.assertEqual(lam.init(), "Extension.LaunchError")

    def test_an_extension_under_another_name_is_internal_and_may_not_have_shutdown(self):
        lam = self.start({"SHIPPER_NAME": "other"}, init_timeout_s=1)
        self.assertEqual(lam.init(), "Extension.Crash")
        self.assertIn("SHUTDOWN: ErrorInvalidEventType", lam.extension.stderr)

    def test_init_error_fails_the_init(self):
        lam = self.start({"SHIPPER_INIT_ERROR": "Extension.ConfigInvalid"})
        self.assertEqual(lam.init(), "Extension.ConfigInvalid")

    def test_a_failed_init_is_run_again_in_the_first_invocation(self):
        lam = self.start(init_timeout_s=0.01)
        self.assertEqual(lam.init(), "timeout")
        result = lam.invoke(lines=["late"])
        self.assertEqual(result.status, "success")
        phases = [event["record"]["phase"] for event in lam.platform_events if event["type"] == "platform.initStart"]
        self.assertEqual(phases, ["init", "invoke"])

    def test_several_extensions_are_waited_for(self):
        lam = self.start({"SHIPPER_AT_ONCE": "1"}, extension=[
            ExtensionSpec(SHIPPER), ExtensionSpec(_linked(self, "second.py"), {"LOKI_LISTENER_PORT": "0",
                                                                              "SHIPPER_EVENTS": "INVOKE"})])
        self.assertIsNone(lam.init())
        self.assertEqual(lam.invoke().status, "success")
        result = lam.shutdown()
        self.assertEqual(result.exit_codes, {"shipper.py": 0, "second.py": -9})


class Failures(ShipperTest):
    def test_a_timeout_resets_and_the_next_invocation_starts_anew(self):
        lam = self.start(timeout_s=0.3)
        lam.init()
        first_pid = lam.extension.pid
        result = lam.invoke(hang=True)
        self.assertEqual((result.status, result.reset.reason, result.reset.exit_codes),
                         ("timeout", "timeout", {"shipper.py": 0}))
        self.assertIn(b"Task timed out after 0.30 seconds", result.response)
        lam.config.timeout_s = 3
        self.assertEqual(lam.invoke(lines=["again"]).status, "success")
        self.assertNotEqual(lam.extension.pid, first_pid)
        lam.shutdown()
        states = [record["state"] for record in self.records("platform.telemetrySubscription")]
        self.assertEqual(states, ["Subscribed", "Already subscribed"])
        reports = self.records("platform.report")
        self.assertEqual([report["status"] for report in reports][:1], ["timeout"])  # delivered to the next process

    def test_a_wedged_extension_runs_into_the_timeout(self):
        lam = self.start({"SHIPPER_WEDGED": "1"}, timeout_s=0.3, shutdown_ms=500)
        lam.init()
        result = lam.invoke()
        self.assertEqual((result.status, result.reset.killed), ("timeout", ["shipper.py"]))
        self.assertGreater(result.reset.duration_ms, 490)

    def test_a_runtime_that_exits_is_a_failure(self):
        lam = self.start()
        lam.init()
        result = lam.invoke(lines=["last words"], crash=True)
        self.assertEqual((result.status, result.error_type, result.reset.reason),
                         ("error", "Runtime.ExitError", "failure"))
        self.assertIn("bye failure", lam.extension.stdout)

    def test_an_extension_that_exits_takes_the_invocation_with_it(self):
        lam = self.start({"SHIPPER_CRASH": "1"})
        lam.init()
        result = lam.invoke(duration_ms=500)
        self.assertEqual((result.status, result.error_type), ("error", "Extension.Crash"))
        self.assertEqual(lam.extension.exit_code, 3)

    def test_a_killed_extension_is_noticed_at_the_next_invocation(self):
        lam = self.start()
        lam.init()
        lam.kill()
        self.assertTrue(lam.wait(lambda: lam.extension.exit_code is not None))
        self.assertEqual(lam.invoke().error_type, "Extension.Crash")
        self.assertEqual(lam.invoke().status, "success")

    def test_a_handler_error_is_a_response_not_a_failure(self):
        lam = self.start()
        lam.init()
        result = lam.invoke(error_type="Function.ValueError", response=b'{"errorMessage":"no"}')
        self.assertEqual((result.status, result.error_type, result.reset), ("success", "Function.ValueError", None))

    def test_an_extension_that_ignores_shutdown_is_killed_at_its_deadline(self):
        lam = self.start({"SHIPPER_IGNORES_SHUTDOWN": "1"}, shutdown_ms=500)
        lam.init()
        result = lam.shutdown()
        self.assertEqual((result.killed, result.exit_codes), (["shipper.py"], {"shipper.py": -9}))
        self.assertAlmostEqual(result.duration_ms, 500, delta=200)


    def test_a_runtime_api_that_goes_away_ends_its_clients(self):
        lam = self.start()
        lam.init()
        lam.stop_api()
        self.assertTrue(lam.wait(lambda: lam.extension.exit_code not in (None, 0)))


class Freeze(ShipperTest):
    def test_frozen_processes_stand_still_and_telemetry_with_them(self):
        lam = self.start({"SHIPPER_AT_ONCE": "1"})
        lam.init()
        lam.invoke(lines=["before"])
        lam.freeze()
        self.assertIn(_stat_state(lam.extension.pid), "Tt")
        lam.emit(lines=["while frozen"])
        time.sleep(0.1)
        self.assertNotIn("while frozen\n", self.records("function"))
        lam.thaw()
        self.assertTrue(lam.wait(lambda: "while frozen\n" in self.records("function")))

    def test_auto_freeze_stops_between_invocations(self):
        lam = self.start(auto_freeze=True)
        for _ in range(3):
            self.assertEqual(lam.invoke().status, "success")
            self.assertIn(_stat_state(lam.extension.pid), "Tt")
        self.assertEqual(lam.shutdown().exit_codes, {"shipper.py": 0})


class Surroundings(ShipperTest):
    def test_the_clock_of_the_events_can_be_moved(self):
        lam = self.start()
        lam.init()
        before = lam.invoke(lines=["now"])
        lam.clock_offset_ms = 3_660_000
        lam.invoke(lines=["an hour later"])
        lam.shutdown()
        times = [event["time"] for event in self.events("function")]
        self.assertEqual((before.status, len(times)), ("success", 2))
        self.assertNotEqual(times[0][:13], times[1][:13])

    @unittest.skipUnless(os.geteuid() == 0, "a mount namespace needs root")
    def test_a_private_tmp_survives_a_reset(self):
        script = _script(self, "tmp-user", """#!/bin/sh
echo "$(cat /tmp/kept 2>/dev/null) generation" >> /tmp/kept
exec sleep 60
""")
        lam = self.start(extension=script, private_tmp=True, init_timeout_s=0.3, shutdown_ms=300)
        self.assertEqual(lam.init(), "timeout")
        self.assertEqual(lam.init(), "timeout")
        with open(os.path.join(lam.tmp, "kept"), encoding="ascii") as file:
            self.assertEqual(file.read().count("generation"), 3)


class OtherKinds(ShipperTest):
    def test_managed_instances_run_invocations_at_once_without_runtime_done(self):
        lam = self.start({"SHIPPER_EVENTS": "SHUTDOWN"}, init_type="lambda-managed-instances")
        self.assertIsNone(lam.init())
        begun = time.perf_counter()
        futures = [lam.start_invoke(duration_ms=150, lines=[f"call {index}"]) for index in range(8)]
        self.assertEqual({future.result(5).status for future in futures}, {"success"})
        self.assertLess(time.perf_counter() - begun, 1.0)
        self.assertEqual(lam.shutdown().exit_codes, {"shipper.py": 0})
        self.assertNotIn("platform.runtimeDone", self.types())
        self.assertEqual(len(self.records("platform.report")), 8)
        self.assertEqual(list(self.records("platform.report")[0]["metrics"]), ["durationMs"])

    def test_managed_instances_refuse_invoke_and_older_schemas(self):
        lam = self.start(init_type="lambda-managed-instances")
        self.assertEqual(lam.init(), "Extension.Crash")
        self.assertIn("INVOKE: ErrorInvalidEventType", lam.extension.stderr)
        lam = self.start({"SHIPPER_EVENTS": "SHUTDOWN", "SHIPPER_SCHEMA": "2022-12-13"},
                         init_type="lambda-managed-instances")
        self.assertIsNone(lam.init())
        self.assertIn("schemaVersion should be one of 2025-01-29", lam.extension.stderr)

    def test_snap_start_freezes_after_init_and_restores_at_the_first_invocation(self):
        lam = self.start(init_type="snap-start", clock_offset_ms=-86_400_000)
        self.assertIsNone(lam.init())
        self.assertIn(_stat_state(lam.extension.pid), "Tt")
        self.assertEqual(self.events(), [])
        result = lam.invoke(lines=["restored"])
        self.assertIn("restoreDurationMs", result.report["metrics"])
        types = self.types()
        self.assertLess(types.index("platform.initReport"), types.index("platform.restoreStart"))
        self.assertLess(types.index("platform.restoreReport"), types.index("platform.start"))
        self.assertLess(self.events("platform.initStart")[0]["time"], self.events("platform.restoreStart")[0]["time"])


def _linked(test, name):
    """A copy of the shipper under another name: the name is the registration."""
    with open(SHIPPER, encoding="utf-8") as source:
        return _script(test, name, source.read())


def _script(test, name, text):
    folder = tempfile.TemporaryDirectory()
    test.addCleanup(folder.cleanup)
    path = os.path.join(folder.name, name)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(path, stat.S_IRWXU)
    return path


if __name__ == "__main__":
    unittest.main()
