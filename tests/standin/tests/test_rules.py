"""The stand-in refuses what Loki refuses, in Loki's words, and stores what Loki stores."""

import json
import time
import unittest

from standin import Limits, LokiStandin
from standin.rules import NS

from .client import NOW, body, post


class Rules(unittest.TestCase):
    limits = None

    def setUp(self):
        self.loki = LokiStandin(limits=self.limits).start()
        self.addCleanup(self.loki.stop)

    def refuses(self, data, status, *words, stored=0, **options):
        got, text = post(self.loki, data, **options)
        self.assertEqual(got, status, text)
        for word in words:
            self.assertIn(word, text)
        self.assertEqual(len(self.loki.entries), stored)


class Parsing(Rules):
    def test_a_plain_push_is_stored_with_its_metadata(self):
        got = post(self.loki, body([str(NOW), "hello", {"request_id": "r1"}]))
        self.assertEqual(got, (204, ""))
        entry = self.loki.entries[0]
        self.assertEqual((entry.ns, entry.line, entry.metadata), (NOW, "hello", {"request_id": "r1"}))
        self.assertEqual(entry.labels, {"app": "a", "service_name": "a"})

    def test_gzip_and_raw_deflate_are_taken_other_encodings_refused(self):
        self.assertEqual(post(self.loki, body("a"), gzipped=True)[0], 204)
        for encoding in ("zstd", "br", "identity", "GZIP"):
            self.refuses(body("x"), 400, f'Content-Encoding "{encoding}" not supported', stored=1,
                         headers={"Content-Encoding": encoding})

    def test_a_missing_content_type_is_refused(self):
        self.refuses(body("x"), 400, "mime: no media type", content_type=None)

    def test_any_other_content_type_must_be_snappy(self):
        self.refuses(body("x"), 400, "snappy: corrupt input", content_type="text/plain")

    def test_protobuf_in_a_literal_snappy_block_is_taken(self):
        entry = b"\x0a\x06" + b"\x08" + _varint(NOW // NS) + b"\x12\x02hi"
        stream = b"\x0a\x09" + b'{app="a"}' + b"\x12" + bytes([len(entry)]) + entry
        request = b"\x0a" + bytes([len(stream)]) + stream
        block = _varint(len(request)) + bytes([(len(request) - 1) << 2]) + request
        self.assertEqual(post(self.loki, block, content_type="application/x-protobuf"), (204, ""))
        self.assertEqual(self.loki.lines, ["hi"])

    def test_timestamps_lines_and_metadata_must_be_strings(self):
        for value in ([NOW, "x"], ["1.5", "x"], [str(NOW), 5], [str(NOW), "x", {"a": 1}], [str(NOW), "x", {"a": None}],
                      [str(NOW), "x", []], [str(NOW), "x", None]):
            self.refuses(body(["%d" % NOW, "good"], value), 400, "loghttp.PushRequest")

    def test_a_lone_surrogate_refuses_the_whole_push(self):
        good = body("good", "X").replace(b"X", b"a \\ud83d\\ude00 pair")
        self.assertEqual(post(self.loki, good)[0], 204)
        for bad in (b"\\ud800", b"\\udc00 x", b"\\uD83D", b"\\ud83d\\ud83d"):
            self.refuses(body("fine", "X").replace(b"X", bad), 400, "loghttp.PushRequest", stored=2)
        self.assertEqual(post(self.loki, body("X").replace(b"X", b"\\\\ud800"))[0], 204)

    def test_empty_pushes(self):
        self.refuses(b"", 400, "EOF")
        self.refuses(b'{"streams":[]}', 422, "error at least one valid stream is required for ingestion")
        self.refuses(b'{"streams":[{"stream":{"a":"b"},"values":[]}]}', 204)

    def test_broken_json_and_trailing_junk(self):
        self.refuses(body("x")[:-3], 400, "loghttp.PushRequest")
        self.assertEqual(post(self.loki, body("x") + b" junk")[0], 204)

    def test_raw_control_characters_are_refused_escaped_ones_stored(self):
        self.refuses(body("X").replace(b"X", b"a\x01b"), 400, "invalid control character found: 1")
        self.assertEqual(post(self.loki, body("a\0b"))[0], 204)
        self.assertEqual(self.loki.lines, ["a\0b"])

    def test_label_names_follow_prometheus(self):
        self.refuses(body("x", stream={"a-b": "c"}), 400,
                     "couldn't parse labels: 1:3: parse error: unexpected character inside braces: '-'")
        for name in ("a.b", "a:b", "1a", "é"):
            self.refuses(body("x", stream={name: "c"}), 400, "couldn't parse labels")

    def test_label_values_become_text_and_empty_ones_vanish(self):
        self.assertEqual(post(self.loki, body("x", stream={"n": 5, "e": "", "z": None}))[0], 204)
        self.assertEqual(self.loki.entries[0].labels, {"n": "5", "z": "null", "service_name": "unknown_service"})

    def test_only_post_without_a_trailing_slash(self):
        self.refuses(body("x"), 405, method="GET")
        self.refuses(body("x"), 404, path="/loki/api/v1/push/")


class Validation(Rules):
    limits = Limits(line_size=100, metadata_size=50, metadata_count=3, rate_bytes=0, stream_rate_bytes=0,
                    label_value_length=20)

    def test_valid_neighbours_of_a_refused_entry_are_stored(self):
        self.refuses(body("good", "x" * 101, "also good"), 400,
                     "max entry size '100' bytes exceeded for stream '{app=\"a\", service_name=\"a\"}' while adding an "
                     "entry with length '101' bytes", stored=2)
        self.assertEqual(self.loki.discarded, {("line_too_long", "fake"): 1})
        self.assertIn('loki_discarded_samples_total{format="loki",reason="line_too_long",tenant="fake"} 1',
                      post(self.loki, b"", method="GET", path="/metrics")[1])

    def test_the_line_limit_counts_bytes(self):
        self.refuses(body("é" * 50, "é" * 51), 400, "'102' bytes", stored=1)

    def test_metadata_limits(self):
        self.refuses(body([str(NOW), "x", {"k": "v" * 50}]), 400, "structured metadata too large: '51' bytes")
        many = {f"k{index}": "v" for index in range(4)}
        self.refuses(body([str(NOW), "x", many]), 400, "too many structured metadata labels: '4', limit: '3'")

    def test_label_limits(self):
        self.refuses(body("x", stream={f"l{index}": "v" for index in range(16)}), 400, "has 16 label names; limit 15")
        self.refuses(body("x", stream={"a": "v" * 21}), 400, "has label value too long")

    def test_age_limits(self):
        now = time.time_ns()
        self.refuses(body([str(now - 8 * 86400 * NS), "old"], [str(now + 700 * NS), "new"], "now"), 400,
                     "timestamp too old", "oldest acceptable timestamp is: ", "timestamp too new", stored=1)

    def test_too_far_behind_the_newest_of_its_stream(self):
        now = time.time_ns()
        self.assertEqual(post(self.loki, body([str(now), "new"]))[0], 204)
        self.refuses(body([str(now - 3601 * NS), "late"], [str(now - 3500 * NS), "in the window"]), 400,
                     "entry too far behind", "total ignored: 1 out of 2", stored=2)

    def test_only_the_last_streams_ingester_error_is_told(self):
        now = time.time_ns()
        post(self.loki, body([str(now), "new"]))
        late = json.loads(body([str(now - 7200 * NS), "late"]))["streams"]
        good = json.loads(body("good", stream={"app": "b"}))["streams"]
        self.refuses(json.dumps({"streams": late + good}).encode(), 204, stored=2)

    def test_equal_refusals_are_grouped(self):
        self.refuses(body("x" * 101, "y" * 101, "z" * 101), 400, "3 errors like: max entry size")

    def test_a_repeat_is_swallowed_other_metadata_is_not(self):
        entry = [str(NOW), "x", {"a": "1"}]
        for value in (entry, entry, [str(NOW), "x", {"a": "2"}], [str(NOW), "y", {"a": "1"}]):
            self.assertEqual(post(self.loki, body(value))[0], 204)
        self.assertEqual((len(self.loki.entries), len(self.loki.duplicates)), (3, 1))


class Rates(Rules):
    limits = Limits(rate_bytes=1000, burst_bytes=2000, streams=1, stream_rate_bytes=0)

    def test_a_push_over_the_burst_stores_nothing(self):
        self.refuses(body("x" * 2001), 429, "ingestion rate limit exceeded for user fake (limit: 1000 bytes/sec) while "
                     "attempting to ingest '1' lines totaling '2001' bytes")

    def test_streams_over_the_limit(self):
        self.assertEqual(post(self.loki, body("x"))[0], 204)
        self.refuses(body("x", stream={"app": "b"}), 429, "maximum active stream limit exceeded", stored=1)
        self.assertEqual(post(self.loki, body("y"))[0], 204)


class Trap(Rules):
    def test_over_four_mebibytes_uncompressed_is_a_500_that_never_succeeds(self):
        lines = ["x" * 250_000] * 17
        self.refuses(body(*lines), 500, "rpc error: code = ResourceExhausted desc = grpc: received message larger than "
                     "max", "vs. 4194304", gzipped=True)
        self.refuses(body(*lines[:16]), 204, stored=16, gzipped=True)


class Tenancy(unittest.TestCase):
    def test_tenant_ids(self):
        with LokiStandin(auth_enabled=True) as loki:
            self.assertEqual(post(loki, body("x")), (401, "no org id\n"))
            self.assertIn("unsupported character ' '", post(loki, body("x"), headers={"X-Scope-OrgID": "a b"})[1])
            self.assertIn("multiple org IDs", post(loki, body("x"), headers={"X-Scope-OrgID": "a|b"})[1])
            self.assertEqual(post(loki, body("x"), headers={"X-Scope-OrgID": "team-1"})[0], 204)
            self.assertEqual(loki.entries[0].tenant, "team-1")


def _varint(value):
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


if __name__ == "__main__":
    unittest.main()
