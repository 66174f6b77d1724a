"""What a push would cost in Loki's other format, snappy over protobuf, beside the gzip over JSON that Sleipnir sends.

The bodies are Sleipnir's own, of log lines of 150 bytes; the same entries are put into both formats. Compressed by libdeflate,
which is what Sleipnir has inside, and by a snappy of the same kind. A real Loki takes both, in turn.
"""

from __future__ import annotations

import gzip
import json
import os
import statistics
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any, Callable, Iterator

import lab
from candidates import ROOT
from report import Section, table

sys.path.insert(0, str(ROOT / "tests" / "loki"))

RECORDS = (100, 4000)  # in one push: a usual invocation, and a full one
GENEROUS = {"ingestion_rate_mb": 1000, "ingestion_burst_size_mb": 1000, "per_stream_rate_limit": "1GB",
            "per_stream_rate_limit_burst": "1GB", "max_line_size": "1MB"}


class Missing(Exception):
    """What is measured with cannot be had here; says what."""


def measure(place: lab.Lab, quick: bool) -> Section:
    title, command = "Push formats", "perf/run --only formats"
    try:
        compressors = _compressors()
        loki = _loki()
    except Missing as reason:
        return Section(title, command, f"Left out: {reason}.")
    rows, figures = [], {}
    with loki as server:
        for records in RECORDS[:1] if quick else RECORDS:
            for name, figure in _of_push(place, server, compressors, records, 5 if quick else 40).items():
                rows.append([f"{records}", name, f"{figure['bytes'] / records:.1f}", f"{figure['compress_us'] / records:.3f} us",
                             f"{figure['loki_us'] / records:.2f} us"])
                figures[f"{name}-{records}"] = figure
    return Section(title, command, table(
        ["records in a push", "format", "bytes per record", "CPU to compress, per record", "Loki's CPU per record"], rows),
        ["Compressing is the whole difference on our side but for writing the entries, which costs about the same in both."], figures)


def _compressors() -> dict[str, Callable[[bytes], bytes]]:
    try:
        import cramjam  # type: ignore[import-not-found]
        import deflate  # type: ignore[import-not-found]
    except ImportError as reason:
        raise Missing(f"{reason}; perf/run without --quick installs it") from None
    return {"gzip JSON": lambda body: bytes(deflate.gzip_compress(body, 1)),
            "snappy protobuf": lambda body: bytes(cramjam.snappy.compress_raw(body))}


def _loki() -> Any:
    import real_loki  # type: ignore[import-not-found]
    if not real_loki.find_binary():
        raise Missing("no Loki is built here (tests/run builds it, LOKI_BIN names one)")
    return real_loki.RealLoki(auth_enabled=True, limits=GENEROUS)


def _of_push(place: lab.Lab, server: Any, compressors: dict[str, Callable[[bytes], bytes]], records: int, rounds: int) -> dict[str, Any]:
    """By format: bytes of a push, CPU to compress it and CPU of Loki to take it, in microseconds."""
    push = _pushed(place, records)
    plain = {"gzip JSON": json.dumps(push, separators=(",", ":"), ensure_ascii=False).encode(), "snappy protobuf": _protobuf(push)}
    types = {"gzip JSON": {"Content-Type": "application/json", "Content-Encoding": "gzip"},
             "snappy protobuf": {"Content-Type": "application/x-protobuf"}}
    found: dict[str, Any] = {name: {"compress": [], "loki": []} for name in plain}
    for number in range(rounds + 2):
        for name, body in plain.items():
            begin = time.process_time_ns()
            for _ in range(10):
                compressed = compressors[name](body)
            spent = (time.process_time_ns() - begin) / 10_000
            tenant = f"{name[:4]}-{records}-{number}"  # each push is new to Loki
            before = _cpu_us(server)
            for copy in range(5):
                _send(server.push_url, compressed, {**types[name], "X-Scope-OrgID": f"{tenant}-{copy}"})
            found[name]["bytes"] = len(compressed)
            if number >= 2:  # the first ones warm it up
                found[name]["compress"].append(spent)
                found[name]["loki"].append((_cpu_us(server) - before) / 5)
    return {name: {"bytes": of["bytes"], "compress_us": statistics.median(of["compress"]), "loki_us": statistics.mean(of["loki"])}
            for name, of in found.items()}


def _pushed(place: lab.Lab, records: int) -> dict[str, Any]:
    """The largest push that Sleipnir makes of one invocation with so many records."""
    kept = place.folder / "formats"
    place.play(lab.sleipnir(), save=kept, records=records, environment={"LOKI_ENABLE_GZIP": "false", "LOKI_FLUSH_STRATEGY": "end"})
    bodies = []
    with kept.open("rb") as pushes:
        while header := pushes.readline():
            body = pushes.read(int(header))
            bodies.append(gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body)
    largest: dict[str, Any] = json.loads(max(bodies, key=len))
    return largest


def _send(url: str, body: bytes, headers: dict[str, str]) -> None:
    with urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=30) as answer:
        if answer.status != 204:
            raise AssertionError(f"Loki answered {answer.status}")


def _cpu_us(server: Any) -> float:
    fields = Path(f"/proc/{server.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * 1e6 / os.sysconf("SC_CLK_TCK")


# ---- logproto.PushRequest, written by hand: field numbers as in Loki's push.proto ----

def _varint(value: int) -> Iterator[int]:
    while value >= 0x80:
        yield value & 0x7F | 0x80
        value >>= 7
    yield value


def _field(number: int, value: bytes) -> bytes:
    return bytes([number << 3 | 2, *_varint(len(value))]) + value


def _protobuf(push: dict[str, Any]) -> bytes:
    streams = b""
    for stream in push["streams"]:
        labels = "{" + ", ".join(f"{name}={json.dumps(value)}" for name, value in sorted(stream["stream"].items())) + "}"
        streams += _field(1, _field(1, labels.encode()) + b"".join(_field(2, _entry(*value)) for value in stream["values"]))
    return streams


def _entry(ns: str, line: str, metadata: dict[str, str]) -> bytes:
    seconds, rest = divmod(int(ns), 1_000_000_000)
    time_of = bytes([8, *_varint(seconds), 16, *_varint(rest)])
    pairs = b"".join(_field(3, _field(1, name.encode()) + _field(2, value.encode())) for name, value in metadata.items())
    return _field(1, time_of) + _field(2, line.encode()) + pairs
