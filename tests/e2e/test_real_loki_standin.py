"""The stand-in for Loki against Loki itself: the same pushes, the same status, the same words, the same entries.

What the stand-in gets wrong, every other test believes.
"""

from __future__ import annotations

import gzip
import http.client
import json
import re
import sys
import time
import unittest
import zlib
from pathlib import Path
from typing import Any, Dict, List, Optional, Tuple

TESTS = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TESTS), str(TESTS / "loki")]

from real_loki import LokiUnavailable, RealLoki  # noqa: E402 (the path comes first)
from standin import Limits, LokiStandin  # noqa: E402

NOW = time.time_ns()
S = 10**9
PUSH = "/loki/api/v1/push"
UNLIMITED = {"ingestion_rate_mb": 1000, "ingestion_burst_size_mb": 1000, "per_stream_rate_limit": "1GB",
             "per_stream_rate_limit_burst": "1GB"}
NO_RATES = {"rate_bytes": 0, "stream_rate_bytes": 0}


def body(*entries: Any, stream: Optional[Dict[str, Any]] = None) -> bytes:
    """Entries are lines, or whole value arrays."""
    values = [[str(NOW + index), entry] if isinstance(entry, str) else entry for index, entry in enumerate(entries)]
    return json.dumps({"streams": [{"stream": {"app": "a"} if stream is None else stream, "values": values}]}).encode()


def raw(line: bytes) -> bytes:
    return body("@").replace(b"@", line)


def post(port: int, data: bytes, encoding: str = "", content_type: Optional[str] = "application/json",
         method: str = "POST", path: str = PUSH, tenant: str = "") -> Tuple[int, str]:
    headers = {"Content-Encoding": encoding, "Content-Type": content_type, "X-Scope-OrgID": tenant}
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request(method, path, data, {name: value for name, value in headers.items() if value})
        answer = connection.getresponse()
        return answer.status, answer.read().decode("utf-8", "replace")
    finally:
        connection.close()


def same(answer: Tuple[int, str]) -> Tuple[int, List[str]]:
    """The answer less what cannot be equal: quoted surroundings, the order of grouped errors, sizes on the inside."""
    status, text = answer
    text = text.partition(", error found in")[0]
    text = re.sub(r"larger than max \(\d+", "larger than max (n", text)
    text = re.sub(r"(oldest acceptable timestamp is: )[0-9TZ:.-]+", r"\1<t>", text)
    return status, sorted(text.rstrip("\n").split("; "))


def port_of(loki: RealLoki) -> int:
    return int(loki.url.rpartition(":")[2])


class SideBySide(unittest.TestCase):
    def compare(self, limits: Dict[str, Any], own: Limits, steps: List[Tuple[str, bytes, Dict[str, Any]]],
                auth_enabled: bool = False) -> None:
        try:
            real = RealLoki(limits=limits, auth_enabled=auth_enabled).start()
        except LokiUnavailable as reason:
            raise unittest.SkipTest(str(reason)) from None
        self.addCleanup(real.stop)
        standin = LokiStandin(limits=own, auth_enabled=auth_enabled).start()
        self.addCleanup(standin.stop)
        for name, data, options in steps:
            with self.subTest(name):
                wanted = post(port_of(real), data, **options)
                self.assertEqual(same(post(standin.port, data, **options)), same(wanted))
        if auth_enabled:
            return
        found = real.query_all('{service_name=~".+"}', NOW - 7200 * S, NOW + 3600 * S)
        kept = [(entry.ns, entry.line) for entry in standin.entries if "\x00" not in entry.line]
        self.assertEqual(sorted(kept), sorted((entry.ns, entry.line) for entry in found if "\x00" not in entry.line))
        mine: Dict[str, int] = {}
        for (reason, _), count in standin.discarded.items():
            mine[reason] = mine.get(reason, 0) + count
        mine.pop("grpc", None)
        self.assertEqual(mine, real.discarded())

    def test_parsing(self) -> None:
        good = body("deflated")
        steps: List[Tuple[str, bytes, Dict[str, Any]]] = [
            ("plain", body("plain"), {}), ("metadata", body([str(NOW), "m", {"a.b": "c", "e": ""}]), {}),
            ("gzip", gzip.compress(body("gzipped")), {"encoding": "gzip"}),
            ("raw deflate", zlib.compress(good)[2:-4], {"encoding": "deflate"}),
            ("zlib", zlib.compress(good), {"encoding": "deflate"}),
            ("torn gzip", gzip.compress(good)[:-12], {"encoding": "gzip"}), ("no gzip", good, {"encoding": "gzip"}),
            ("snappy is ignored", body("not snappy"), {"encoding": "snappy"}),
            ("no type", good, {"content_type": None}), ("bad type", good, {"content_type": ";"}),
            ("text", good, {"content_type": "text/plain"}),
            # GET is left out: Loki answers 404 at one start and 405 at another.
            ("slash", good, {"path": PUSH + "/"}),
            ("legacy takes it and stores nothing", body("lost"), {"path": "/api/prom/push"}),
            ("one bad value", body("good", [NOW, "x"]), {}), ("a short entry", body([str(NOW)]), {}),
            ("an empty entry", body([]), {}), ("a long entry", body([str(NOW), "four", {}, "z"]), {}),
            ("trailing junk", body("before junk") + b" junk", {}), ("a pair", raw(b"\\ud83d\\ude00"), {}),
            ("invalid UTF-8", raw(b"a\xff\xfeb"), {}),
            ("labels of other types", body("t", stream={"n": 5, "z": None, "t": True, "e": ""}), {}),
            ("an object as label", body("o", stream={"n": {"a": 1}}), {}),
            ("__x__", body("u", stream={"__x__": "c"}), {}),
        ]
        steps += [(f"encoding {name}", good, {"encoding": name}) for name in ("zstd", "br", "identity", "GZIP")]
        steps += [(f"body {text!r}", text, {}) for text in (
            b"", b"  ", b"[]", b'"x"', b"null", b"hello", b"{}", b'{"streams":[]}', b'{"streams":null}',
            b'{"streams":{}}', b'{"streams":[{"stream":{"a":"b"},"values":[]}]}', b'{"streams":[{"stream":{"a":"b"}}]}',
            good[:-3], body("xxxxx")[:-10])]
        steps += [(f"line {line!r}", raw(line), {}) for line in (
            b"\\ud800", b"\\udc00 x", b"\\ud83d\\ud83d", b"a\x01b", b"a\nb", b"a\\qb", b"a\\u12g4b", b"\\u0000nul")]
        steps += [(f"value {value!r}", body(value), {}) for value in (
            ["1.5", "x"], ["", "x"], [str(NOW), 5], [str(NOW), None], [str(NOW), "x", {"a": 1}],
            [str(NOW), "x", {"a": None}], [str(NOW), "x", {"a": {"b": "c"}}], [str(NOW), "x", []],
            [str(NOW), "x", "y"], [str(NOW), "x", None])]
        steps += [(f"label {name!r}", body("x", stream={"app": "zz", name: "c"}), {})
                  for name in ("b-c", "a.b", "a:b", "1a", "é", "", "a b")]
        self.compare(UNLIMITED, Limits(**NO_RATES), steps)

    def test_limits(self) -> None:
        late = NOW - 3605 * S
        steps: List[Tuple[str, bytes, Dict[str, Any]]] = [
            ("too old", body([str(NOW - 8 * 86400 * S), "x"]), {}), ("too new", body([str(NOW + 700 * S), "x"]), {}),
            ("seconds", body([str(NOW // S), "x"]), {}), ("a line too long", body("x" * 262145), {}),
            ("a line just right", body("y" * 262144), {}),
            ("several", body("kept", "x" * 262145, "y" * 262145, "z" * 262146, [str(NOW + 700 * S), "x"]), {}),
            ("labels", body("x", stream={f"l{index:02d}": "v" for index in range(16)}), {}),
            ("long value", body("x", "y", stream={"a": "v" * 2049}), {}),
            ("long name", body("x", stream={"a" * 1025: "v"}), {}),
            ("metadata size", body([str(NOW), "x", {"k": "v" * 65536}]), {}),
            ("metadata count", body([str(NOW), "x", {f"k{index:03d}": "v" for index in range(129)}]), {}),
            ("newest", body([str(NOW), "newest"], stream={"app": "behind"}), {}),
            ("behind", body([str(late), "late"], [str(late + 10 * S), "in time"], stream={"app": "behind"}), {}),
            ("behind, many", body(*[[str(late - index), f"late {index}"] for index in range(12)],
                                  stream={"app": "behind"}), {}),
            ("a repeat", body([str(NOW), "newest"], stream={"app": "behind"}), {}),
            ("over 4 MiB", body(*[f"{index}" + "x" * 250000 for index in range(17)]), {}),
        ]
        self.compare(UNLIMITED, Limits(**NO_RATES), steps)

    def test_rates_and_streams(self) -> None:
        self.compare({"ingestion_rate_mb": 0.001, "ingestion_burst_size_mb": 0.002},
                     Limits(rate_bytes=1048, burst_bytes=2097, stream_rate_bytes=0),
                     [("over the burst", body("x" * 3000, "y"), {}), ("small", body("z"), {})])
        self.compare({"per_stream_rate_limit": "1KB", "per_stream_rate_limit_burst": "2KB"},
                     Limits(rate_bytes=0, stream_rate_bytes=1024, stream_burst_bytes=2048),
                     [("over", body("x" * 1000, "y" * 1000, "z" * 1000), {}), ("small", body("z"), {})])
        self.compare({"max_global_streams_per_user": 1}, Limits(streams=1, **NO_RATES),
                     [("first", body("x"), {}), ("second", body("x", stream={"app": "b"}), {}),
                      ("first again", body("again"), {})])

    def test_metadata_disallowed(self) -> None:
        with_metadata = [str(NOW), "x", {"a": "b"}]
        self.compare({**UNLIMITED, "allow_structured_metadata": False, "discover_log_levels": False},
                     Limits(allow_metadata=False, **NO_RATES),
                     [("one", body(with_metadata), {}),
                      ("among others", body(with_metadata, "plain", with_metadata), {})])

    def test_tenants(self) -> None:
        self.compare(UNLIMITED, Limits(**NO_RATES), [(name, body("x"), {"tenant": name}) for name in (
            "", "a b", "a|b", "a" * 151, "a" * 150, "team-1", "..", ".")], auth_enabled=True)


if __name__ == "__main__":
    unittest.main()
