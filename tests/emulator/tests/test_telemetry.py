"""Telemetry: subscription, buffering, schemas, retries, drops, and the awkward ways to deliver."""

import json
import unittest

from emulator.subscribe import Refusal, Terms, parse

from .shipper import ShipperTest


def subscription(**changes):
    wanted = {"schemaVersion": "2025-01-29", "types": ["platform", "function"],
              "buffering": {"maxItems": 1000, "maxBytes": 262144, "timeoutMs": 25},
              "destination": {"protocol": "HTTP", "URI": "http://sandbox.localdomain:4327"}}
    wanted.update(changes)
    return json.dumps({name: value for name, value in wanted.items() if value is not None}).encode()


class Subscribing(unittest.TestCase):
    def test_good_terms(self):
        self.assertEqual(parse(subscription(), False),
                         Terms("2025-01-29", ("platform", "function"), 1000, 262144, 25, "HTTP", 4327, "/"))
        defaults = parse(subscription(buffering=None), False)
        self.assertEqual((defaults.items_max, defaults.bytes_max, defaults.timeout_ms), (10000, 262144, 1000))
        tcp = parse(subscription(destination={"protocol": "TCP", "port": 5000}), False)
        self.assertEqual((tcp.protocol, tcp.port), ("TCP", 5000))

    def test_refusals(self):
        def http(uri):
            return {"destination": {"protocol": "HTTP", "URI": uri}}
        for changes, status, word in (
                ({"schemaVersion": None}, 400, "schemaVersion"), ({"schemaVersion": "2023-01-01"}, 400, "schema"),
                ({"types": []}, 400, "types should not be empty"), ({"types": ["platform", "platform"]}, 400, "unique"),
                ({"types": ["platform.runtimeDone"]}, 400, "Unrecognized enum variant"),
                ({"buffering": {"maxItems": 999}}, 400, "maxItems"),
                ({"buffering": {"maxBytes": 1048577}}, 400, "maxBytes"),
                ({"buffering": {"timeoutMs": 24}}, 400, "timeoutMs"),
                ({"destination": {"protocol": "http"}}, 400, "protocol"),
                (http("http://sandbox.localdomain"), 400, "URI port is not provided"),
                (http("http://sandbox.localdomain:9001"), 400, "reserved"),
                (http("https://sandbox.localdomain:4327"), 403, "URI"), (http("http://localhost:4327"), 403, "URI")):
            with self.subTest(changes):
                refusal = parse(subscription(**changes), False)
                self.assertIsInstance(refusal, Refusal)
                self.assertEqual(refusal.status, status)
                self.assertIn(word, refusal.message)
        self.assertEqual(parse(b"{", False).status, 400)
        self.assertIsInstance(parse(subscription(schemaVersion="2022-12-13"), True), Refusal)


class Delivery(ShipperTest):
    def delivered(self, lines, env=None, **options):
        """The function records that reach the extension, with `self.prepare` run before the invocation."""
        lam = self.start(env, **options)
        self.assertIsNone(lam.init())
        lam.wait_delivered()
        self.prepare(lam)
        self.assertEqual(lam.invoke(lines=lines).status, "success")
        self.assertTrue(lam.wait_delivered())
        return self.records("function")

    def prepare(self, lam):
        pass

    def test_types_filter(self):
        lam = self.start({"SHIPPER_TYPES": "function,extension", "SHIPPER_AT_ONCE": "1"})
        lam.init()
        lam.invoke(lines=["f"], extension_lines=["e"])
        lam.wait_delivered()
        self.assertEqual(sorted(set(self.types())), ["extension", "function"])
        self.assertEqual(self.records("extension"), ["e\n"])

    def test_json_records_are_objects_from_the_second_schema_on(self):
        line = '{"b":1.50,"a":"x"}'
        for schema, expected in (("2022-07-01", line), ("2022-12-13", json.loads(line)),
                                 ("2025-01-29", json.loads(line))):
            got = self.delivered([line, "plain", '{"broken":'], {"SHIPPER_SCHEMA": schema}, log_format="JSON")
            self.assertEqual(got, [expected, "plain", '{"broken":'])
        self.assertEqual(self.delivered([line]), [line + "\n"])  # the text format knows no objects

    def test_older_schemas_lack_the_newer_fields(self):
        for schema, has_name, has_arn in (("2022-07-01", False, False), ("2022-12-13", True, False),
                                          ("2025-01-29", True, True)):
            self.delivered([], {"SHIPPER_SCHEMA": schema})
            self.assertEqual("instanceId" in self.records("platform.initStart")[0], has_name)
            self.assertEqual("functionArn" in self.records("platform.start")[0], has_arn)

    def test_an_unacknowledged_batch_is_sent_again(self):
        self.assertEqual(self.delivered(["x"], {"SHIPPER_REFUSE": "3"}), ["x\n"])
        self.assertEqual(self.lam.subscriptions[0].delivery.refusals, 3)

    def test_awkward_senders(self):
        lines = [f"line {index} " + "é" * 50 for index in range(100)]
        for change in ({"chunked": True, "chunk_bytes": 100}, {"expect_continue": True}, {"segment_bytes": 977},
                       {"break_next": 1}, {"close_each": True}, {"chunked": True, "expect_continue": True}):
            with self.subTest(change):
                self.prepare = lambda lam, change=change: [setattr(lam.delivery, *item) for item in change.items()]
                self.assertEqual(self.delivered(lines), [line + "\n" for line in lines])

    def test_a_duplicated_batch_arrives_twice(self):
        self.prepare = lambda lam: setattr(lam.delivery, "duplicate_next", 1)
        self.assertEqual(self.delivered(["x"]), ["x\n", "x\n"])

    def test_batches_of_two_mebibytes(self):
        self.prepare = lambda lam: setattr(lam.delivery, "coalesce_bytes", 2 << 20)
        lines = ["x" * 1000] * 2200
        before = self.delivered(lines)
        self.assertEqual(len(before), 2200)
        self.assertLess(self.lam.subscriptions[0].sent_batches, 6)

    def test_batches_respect_the_terms(self):
        self.delivered(["x" * 100] * 5000)
        self.assertGreaterEqual(self.lam.subscriptions[0].sent_batches, 6)  # 1000 items each

    def test_a_full_buffer_drops_and_says_so(self):
        lam = self.start(buffer_bytes=100_000)
        lam.init()
        lam.delivery.hold = True
        lam.emit(lines=["x" * 1000] * 200, paced=False)
        lam.delivery.hold = False
        lam.wait_delivered()
        dropped = self.records("platform.logsDropped")
        self.assertEqual(len(dropped), 1)
        self.assertEqual(dropped[0]["droppedRecords"] + len(self.records("function")), 200)
        self.assertGreater(dropped[0]["droppedBytes"], dropped[0]["droppedRecords"] * 1000)

    def test_a_burst_loses_nothing(self):
        lam = self.start()
        lam.init()
        result = lam.invoke(lines=(f"{index:06d}" + "x" * 144 for index in range(50_000)))
        self.assertEqual(result.status, "success")
        lam.wait_delivered()
        self.assertEqual([record[:6] for record in self.records("function")], [f"{n:06d}" for n in range(50_000)])

    def test_raw_events_and_bodies_go_out_as_they_are(self):
        lam = self.start()
        lam.init()
        lam.invoke(records=[b'{"z":1.0,"a":[ ]}', b"17"], platform=[("platform.brandNew", {"x": None})],
                   raw_events=[b'{"time":"odd","type":"function","record":null}'], raw_bodies=[b"[{broken"])
        lam.wait_delivered()
        self.assertEqual(self.records("function"), [{"z": 1.0, "a": []}, 17, None])
        self.assertEqual(self.records("platform.brandNew"), [{"x": None}])
        self.assertEqual(self.records("malformed"), ["[{broken"])


class RuntimeDone(ShipperTest):
    def test_before_invoke_twice_never_and_a_late_report(self):
        lam = self.start({"SHIPPER_PATIENCE": "0.5"}, timeout_s=5)
        lam.init()
        self.assertEqual(lam.invoke(runtime_done="before_invoke").hold_ms is not None, True)
        second = lam.invoke(runtime_done="twice", report="late")
        third = lam.invoke()
        never = lam.invoke(runtime_done="never")
        self.assertIsNone(never.hold_ms)
        self.assertGreater(never.hold_after_done_ms, 400)
        lam.shutdown()
        done = [record["requestId"] for record in self.records("platform.runtimeDone")]
        self.assertEqual(done.count(second.request_id), 2)
        self.assertNotIn(never.request_id, done)
        places = [(event["type"], event["record"].get("requestId")) for event in self.events()]
        self.assertGreater(places.index(("platform.report", second.request_id)),
                           places.index(("platform.start", third.request_id)))


class ScriptedAnswers(ShipperTest):
    def test_the_telemetry_api_can_refuse(self):
        for status in (202, 400, 403, 500):
            lam = self.start({"SHIPPER_AT_ONCE": "1"})
            lam.answer("subscribe", (status, b'{"errorType":"Telemetry.NotSupported"}'))
            self.assertIsNone(lam.init())
            self.assertEqual(lam.invoke(lines=["unseen"]).status, "success")
            self.assertEqual(lam.subscriptions, [])

    def test_register_and_next_can_refuse(self):
        lam = self.start()
        lam.answer("register", (500, b"{}"))
        self.assertEqual(lam.init(), "Extension.Crash")
        lam = self.start()
        lam.answer("next", None, (403, b"{}"))
        lam.init()
        self.assertEqual(lam.invoke().error_type, "Extension.Crash")


if __name__ == "__main__":
    unittest.main()
