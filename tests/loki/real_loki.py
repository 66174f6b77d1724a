"""A real Loki server on loopback, for one test or a person.

    with RealLoki() as loki:
        ...push to loki.url + "/loki/api/v1/push"...
        entries = loki.wait_for('{source="lambda"}', count=3)
        assert loki.discarded() == {}

Ready about 0.7 s after start. Data lives in a temporary directory and dies with the server,
ports are picked anew for each, so any number can run side by side. `limits` overrides
Loki's limits_config (tiny limits show every refusal with small pushes); `auth_enabled`
makes it multi-tenant: the `tenant` of a call is then what X-Scope-OrgID says, and `tenants`
gives each its own limits, so that one server serves many cases. `settings` is laid over the
whole configuration: {"distributor": {"max_recv_msg_size": 1000}}.
"""

from __future__ import annotations

import atexit
import json
import random
import re
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Optional

from loki_binary import LokiUnavailable, ensure_binary, find_binary

__all__ = ["Entry", "LokiUnavailable", "RealLoki", "ensure_binary", "find_binary"]

READY_SECONDS_MAX = 60  # 0.7 s on an idle machine; the rest is for one that is compiling
START_ATTEMPTS = 5  # a port found free can be taken before Loki binds it
PAGE_ENTRIES = 5000  # Loki's own max_entries_limit_per_query
HOUR_NS = 3_600_000_000_000


@dataclass
class Entry:
    """One stored line. Labels are the stream's; metadata is the entry's own."""

    labels: dict[str, str]
    ns: int
    line: str
    metadata: dict[str, str] = field(default_factory=dict)

    def key(self) -> tuple[Any, ...]:
        return (self.ns, self.line, tuple(sorted(self.labels.items())),
                tuple(sorted(self.metadata.items())))


def configuration(data: Path, http_port: int, grpc_port: int, auth_enabled: bool = False,
                  limits: Optional[dict[str, Any]] = None,
                  settings: Optional[dict[str, Any]] = None) -> dict[str, Any]:
    """Loki in one process over a directory. The short times make it start in under a second:
    with Loki's defaults /ready says no for 15 s."""
    made: dict[str, Any] = {
        "auth_enabled": auth_enabled,
        "server": {"http_listen_address": "127.0.0.1", "http_listen_port": http_port,
                   "grpc_listen_address": "127.0.0.1", "grpc_listen_port": grpc_port,
                   "log_level": "warn"},
        "common": {
            "instance_addr": "127.0.0.1", "path_prefix": str(data), "replication_factor": 1,
            "storage": {"filesystem": {"chunks_directory": str(data / "chunks"),
                                       "rules_directory": str(data / "rules")}},
            "ring": {"instance_addr": "127.0.0.1", "kvstore": {"store": "inmemory"}}},
        "schema_config": {"configs": [
            {"from": "2020-10-24", "store": "tsdb", "object_store": "filesystem",
             "schema": "v13", "index": {"prefix": "index_", "period": "24h"}}]},
        "ingester": {"lifecycler": {"min_ready_duration": "0s", "final_sleep": "0s"}},
        # Named, the querier asks the frontend directly; unnamed, both wait 3 s for a scheduler.
        "frontend_worker": {"frontend_address": f"127.0.0.1:{grpc_port}",
                            "dns_lookup_duration": "200ms"},
        "pattern_ingester": {"enabled": False},
        "analytics": {"reporting_enabled": False},
        "limits_config": dict(limits or {}),
        # Limits by tenant; the file is there from the start, so the period never matters.
        "runtime_config": {"file": str(data / "tenants.yaml"), "period": "1h"},
    }
    _lay_over(made, settings or {})
    return made


def _lay_over(below: dict[str, Any], above: dict[str, Any]) -> None:
    for key, value in above.items():
        if isinstance(value, dict) and isinstance(below.get(key), dict):
            _lay_over(below[key], value)
        else:
            below[key] = value


class RealLoki:
    """One server. REQUIRES: used by one thread; stop() (or leaving `with`) ends it."""

    def __init__(self, *, auth_enabled: bool = False, limits: Optional[dict[str, Any]] = None,
                 tenants: Optional[dict[str, dict[str, Any]]] = None,
                 settings: Optional[dict[str, Any]] = None, http_port: int = 0, data: Optional[Path] = None,
                 binary: Optional[Path] = None) -> None:
        self.binary = binary or ensure_binary()
        self.auth_enabled = auth_enabled
        self.limits = limits
        self.tenants = tenants or {}
        self.settings = settings
        self.url = ""
        self._http_port = http_port
        self._keep_data = data is not None
        self.data = data
        self._process: Optional[subprocess.Popen[bytes]] = None

    def __enter__(self) -> "RealLoki":
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> "RealLoki":
        """Starts the server and waits until it answers queries too."""
        if self.data is None:
            self.data = Path(tempfile.mkdtemp(prefix="sleipnir-loki-"))
        atexit.register(self.stop)
        for _ in range(START_ATTEMPTS):
            if self._try_start():
                return self
            if "address already in use" not in self.log():
                break
        log = self.log()
        self.stop()
        raise RuntimeError(f"Loki did not start:\n{log[-4000:]}")

    def _try_start(self) -> bool:
        assert self.data is not None
        http_port = self._http_port or _free_port()
        config = configuration(self.data, http_port, _free_port(), self.auth_enabled, self.limits, self.settings)
        (self.data / "tenants.yaml").write_text(json.dumps({"overrides": self.tenants}))
        path = self.data / "config.yaml"
        path.write_text(json.dumps(config, indent=1))  # JSON is YAML
        with open(self.data / "loki.log", "wb") as log:
            self._process = subprocess.Popen(
                [str(self.binary), f"-config.file={path}"], cwd=self.data,
                stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)
        self.url = f"http://127.0.0.1:{http_port}"
        deadline = time.monotonic() + READY_SECONDS_MAX
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                return False
            if self._is_ready():
                return True
            time.sleep(0.02)
        self._end_process()
        return False

    def _is_ready(self) -> bool:
        try:
            # Another test's Loki on our port would say "ready" too, but names other directories.
            return (self._get("/ready").strip() == b"ready"
                    and str(self.data).encode() in self._get("/config"))
        except OSError:
            return False

    def stop(self) -> None:
        """Ends the server at once (its data is not wanted any more). Safe to call twice."""
        self._end_process()
        if self.data is not None and not self._keep_data:
            shutil.rmtree(self.data, ignore_errors=True)
        atexit.unregister(self.stop)

    def _end_process(self) -> None:
        if self._process is None:
            return
        if self._keep_data:
            self._process.terminate()  # flushes to disk, about 2.3 s
        else:
            self._process.kill()
        self._process.wait()
        self._process = None

    def log(self) -> str:
        """What the server wrote so far (warnings and errors)."""
        path = self.data / "loki.log" if self.data else None
        return path.read_text(errors="replace") if path and path.exists() else ""

    @property
    def pid(self) -> int:
        """REQUIRES: it was started."""
        assert self._process is not None
        return self._process.pid

    @property
    def push_url(self) -> str:
        return self.url + "/loki/api/v1/push"

    def push(self, labels: dict[str, str], values: list[list[Any]], tenant: str = "") -> tuple[int, str]:
        """One stream by hand: values are [ns as text, line] or [ns as text, line, metadata].
        Returns status and body, whatever they are."""
        body = json.dumps({"streams": [{"stream": labels, "values": values}]}).encode()
        request = urllib.request.Request(self.push_url, body, {"Content-Type": "application/json"})
        if tenant:
            request.add_header("X-Scope-OrgID", tenant)
        try:
            with urllib.request.urlopen(request, timeout=30) as response:
                return response.status, response.read().decode(errors="replace")
        except urllib.error.HTTPError as refusal:
            with refusal:
                return refusal.code, refusal.read().decode(errors="replace")

    def query(self, logql: str, start_ns: Optional[int] = None, end_ns: Optional[int] = None,
              limit: int = PAGE_ENTRIES, categorize: bool = True, tenant: str = "") -> list[Entry]:
        """Entries in order of time, start inclusive, end exclusive; by default those of the
        last hour and the next. At most `limit` of them, at most 5000. With categorize=False
        the metadata is mixed into the labels, as a client without the header sees it.
        Entries over 3 h old are found only after flush()."""
        now = time.time_ns()
        parameters = {"query": logql, "limit": limit, "direction": "forward",
                      "start": now - HOUR_NS if start_ns is None else start_ns,
                      "end": now + HOUR_NS if end_ns is None else end_ns}
        headers = {"X-Loki-Response-Encoding-Flags": "categorize-labels"} if categorize else {}
        answer = json.loads(self._get(
            "/loki/api/v1/query_range?" + urllib.parse.urlencode(parameters), headers, tenant))
        if answer["data"]["resultType"] != "streams":
            raise ValueError(f"query() is for log queries, this gives {answer['data']['resultType']}")
        entries = []
        for stream in answer["data"]["result"]:
            for value in stream["values"]:
                extra = value[2] if len(value) > 2 else {}
                entries.append(Entry(dict(stream["stream"]), int(value[0]), value[1],
                                     dict(extra.get("structuredMetadata", {}))))
        return sorted(entries, key=lambda entry: entry.ns)

    def query_all(self, logql: str, start_ns: Optional[int] = None, end_ns: Optional[int] = None,
                  tenant: str = "", page_entries: int = PAGE_ENTRIES) -> list[Entry]:
        """As query(), without its limit: asks page by page. Each page begins at the time the
        last one ended with, so that entries that share it are not lost between two pages.
        Loki answers no page of 4 MiB or more: long lines want a smaller `page_entries`."""
        start = time.time_ns() - HOUR_NS if start_ns is None else start_ns
        end = time.time_ns() + HOUR_NS if end_ns is None else end_ns
        found: dict[tuple[Any, ...], Entry] = {}
        while True:
            page = self.query(logql, start, end, page_entries, tenant=tenant)
            found.update((entry.key(), entry) for entry in page)
            if len(page) < page_entries:
                return list(found.values())
            if page[-1].ns == start:
                raise ValueError(f"over {page_entries} entries at one nanosecond cannot be paged")
            start = page[-1].ns

    def count(self, selector: str, tenant: str = "") -> int:
        """Entries of the last hour as Loki counts them: without the de-duplication of log queries."""
        parameters = {"query": f"sum(count_over_time({selector}[1h]))",
                      "time": time.time_ns() + 1_000_000_000}
        answer = json.loads(self._get("/loki/api/v1/query?" + urllib.parse.urlencode(parameters),
                                      tenant=tenant))
        return sum(int(float(sample["value"][1])) for sample in answer["data"]["result"])

    def wait_for(self, logql: str, count: int, seconds_max: float = 10, **query: Any) -> list[Entry]:
        """Asks until `count` entries are there or the time is over; what was found last."""
        deadline = time.monotonic() + seconds_max
        while True:
            entries = self.query(logql, **query)
            if len(entries) >= count or time.monotonic() > deadline:
                return entries
            time.sleep(0.05)

    def metrics(self) -> dict[str, float]:
        """Every sample of /metrics: `name{label="value"}` -> value."""
        samples = {}
        for line in self._get("/metrics").decode().splitlines():
            if line and not line.startswith("#"):
                name, _, value = line.rpartition(" ")
                samples[name] = float(value)
        return samples

    def discarded(self, tenant: str = "") -> dict[str, int]:
        """Entries that Loki refused or dropped, by reason: loki_discarded_samples_total."""
        reasons: dict[str, int] = {}
        for name, value in self.metrics().items():
            if not name.startswith("loki_discarded_samples_total{"):
                continue
            labels = dict(re.findall(r'(\w+)="([^"]*)"', name))
            if value and (not tenant or labels.get("tenant") == tenant):
                reasons[labels["reason"]] = reasons.get(labels["reason"], 0) + int(value)
        return reasons

    def flush(self, seconds_max: float = 30) -> None:
        """Moves what is in memory to storage, where old entries are found. Returns when the
        queue is empty; the last chunk of it may still be on its way: use wait_for()."""
        request = urllib.request.Request(self.url + "/flush", b"", method="POST")
        with urllib.request.urlopen(request, timeout=seconds_max):
            pass
        deadline = time.monotonic() + seconds_max
        while time.monotonic() < deadline:
            if not self.metrics().get("loki_ingester_flush_queue_length"):
                return
            time.sleep(0.05)

    def _get(self, path: str, headers: Optional[dict[str, str]] = None, tenant: str = "") -> bytes:
        request = urllib.request.Request(self.url + path, headers=headers or {})
        if tenant:
            request.add_header("X-Scope-OrgID", tenant)
        try:
            with urllib.request.urlopen(request, timeout=30) as response:
                body: bytes = response.read()
                return body
        except urllib.error.HTTPError as refusal:
            with refusal:
                words = refusal.read().decode(errors="replace").strip()
            raise OSError(f"GET {path}: {refusal.code} {words}") from None


def _free_port() -> int:
    """A port of loopback that nobody listens on, below the range that the kernel hands out
    to connections, so that it is rarely taken between here and Loki's bind."""
    while True:
        port = random.randint(20000, 32000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue
