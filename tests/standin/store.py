"""What the stand-in keeps: streams and entries, judged by Loki's rules on their way in."""

from __future__ import annotations

import collections
import threading
import time
from typing import Dict, List, Optional, Tuple

from . import rules
from .rules import NS, Limits, Pushed, Refusal


class Entry:
    """A stored entry.  `labels` is the stream's dict, shared by all its entries."""

    __slots__ = ("labels", "ns", "line", "metadata", "request", "tenant")

    def __init__(self, labels: Dict[str, str], ns: int, line: str, metadata: Dict[str, str], request: int,
                 tenant: str):
        self.labels = labels
        self.ns = ns
        self.line = line
        self.metadata = metadata
        self.request = request   # index into LokiStandin.requests
        self.tenant = tenant

    def __repr__(self) -> str:
        return f"Entry({self.ns}, {self.line[:80]!r}, {self.metadata})"


class _Stream:
    def __init__(self, labels: Dict[str, str]):
        self.labels = labels
        self.newest = 0
        self.seen: set = set()
        self.tokens: Optional[float] = None
        self.refilled = 0.0


class Store:
    def __init__(self, limits: Limits, clock_ns=time.time_ns):
        self.limits = limits
        self.clock_ns = clock_ns
        self.entries: List[Entry] = []
        self.duplicates: List[Entry] = []                 # repeats that Loki would swallow
        self.discarded: Dict[Tuple[str, str], int] = collections.Counter()   # (reason, tenant) -> entries
        self._streams: Dict[Tuple[str, str], _Stream] = {}
        self._lock = threading.Lock()
        self._tokens = float(limits.burst_bytes)
        self._refilled = time.monotonic()

    def push(self, streams: List[Pushed], tenant: str, request: int) -> None:
        """Stores what may be stored.  Raises Refusal with Loki's answer when anything was not."""
        if not any(stream.entries for stream in streams) and not streams:
            raise Refusal(422, "error at least one valid stream is required for ingestion")
        with self._lock:
            self._push(streams, tenant, request)

    def _push(self, streams: List[Pushed], tenant: str, request: int) -> None:
        errors: List[Refusal] = []
        now_ns = self.clock_ns()
        valid: List[Pushed] = []
        for stream in streams:
            labels = rules.with_service_name(stream.labels)
            refusal = rules.check_stream(labels, self.limits)
            if refusal is not None:
                errors.append(refusal)
                for reason in (refusal.reason, "invalid_labels"):  # Loki counts them under both
                    self.discarded[(reason, tenant)] += len(stream.entries)
                continue
            kept = []
            for entry in stream.entries:
                refusal = rules.check_entry(entry, labels, self.limits, now_ns)
                if refusal is None:
                    kept.append(entry)
                else:
                    errors.append(refusal)
                    self.discarded[(refusal.reason, tenant)] += 1
            if kept:
                valid.append(Pushed(labels, kept))
        self._check_rates(valid, tenant)
        last: Optional[Refusal] = None
        for stream in valid:
            last = self._ingest(stream, tenant, request)  # Loki reports only its last stream's trouble
        if errors:
            raise Refusal(400, _grouped(errors), errors[0].reason)
        if last is not None:
            raise last

    def _check_rates(self, streams: List[Pushed], tenant: str) -> None:
        """Tenant rate and the limit between distributor and ingester: all or nothing."""
        limits = self.limits
        if limits.rate_bytes:
            lines = sum(len(stream.entries) for stream in streams)
            size = sum(_size(entry) for stream in streams for entry in stream.entries)
            now = time.monotonic()
            self._tokens = min(limits.burst_bytes, self._tokens + (now - self._refilled) * limits.rate_bytes)
            self._refilled = now
            if size > self._tokens:
                self.discarded[("rate_limited", tenant)] += lines
                raise Refusal(429, f"ingestion rate limit exceeded for user {tenant} (limit: {limits.rate_bytes} "
                                   f"bytes/sec) while attempting to ingest '{lines}' lines totaling '{size}' bytes, "
                                   "reduce log volume or contact your Loki administrator to see if the limit can be "
                                   "increased", "rate_limited")
            self._tokens -= size
        weight = rules.protobuf_bytes(streams)
        if weight > limits.grpc_bytes:
            raise Refusal(500, "rpc error: code = ResourceExhausted desc = grpc: received message larger than max "
                               f"({weight} vs. {limits.grpc_bytes})", "grpc")

    def _ingest(self, pushed: Pushed, tenant: str, request: int) -> Optional[Refusal]:
        text = rules.render_labels(pushed.labels)
        stream = self._streams.get((tenant, text))
        if stream is None:
            if sum(1 for owner, _ in self._streams if owner == tenant) >= self.limits.streams:
                self.discarded[("stream_limit", tenant)] += len(pushed.entries)
                return Refusal(429, f"maximum active stream limit exceeded when trying to create stream {text}, reduce "
                                    "the number of active streams (reduce labels or reduce label values), or contact "
                                    "your Loki administrator to see if the limit can be increased, user: "
                                    f"'{tenant}'", "stream_limit")
            stream = self._streams[(tenant, text)] = _Stream(pushed.labels)
        refused = self._over_stream_rate(stream, pushed, text, tenant)
        if refused is not None:
            return refused
        behind: List[Tuple[int, int]] = []
        for ns, line, metadata in pushed.entries:
            oldest = stream.newest - int(self.limits.behind_s * NS)
            if stream.newest and ns < oldest:
                behind.append((ns, oldest))
                continue
            entry = Entry(stream.labels, ns, line, metadata, request, tenant)
            key = (ns, line, tuple(sorted(metadata.items())))
            if key in stream.seen:
                self.duplicates.append(entry)
                continue
            stream.seen.add(key)
            stream.newest = max(stream.newest, ns)
            self.entries.append(entry)
        if not behind:
            return None
        self.discarded[("too_far_behind", tenant)] += len(behind)
        listed = "".join(f"entry with timestamp {rules.go_time(ns)} ignored, reason: 'entry too far behind, entry "
                         f"timestamp is: {rules.rfc3339(ns)}, oldest acceptable timestamp is: "
                         f"{rules.rfc3339(oldest)}',\n" for ns, oldest in behind[:10])
        return Refusal(400, f"{listed}user '{tenant}', total ignored: {len(behind)} out of {len(pushed.entries)} "
                            f"for stream: {text}", "too_far_behind")

    def _over_stream_rate(self, stream: _Stream, pushed: Pushed, text: str, tenant: str) -> Optional[Refusal]:
        rate, burst = self.limits.stream_rate_bytes, self.limits.stream_burst_bytes
        if not rate:
            return None
        now = time.monotonic()
        tokens = burst if stream.tokens is None else min(burst, stream.tokens + (now - stream.refilled) * rate)
        stream.refilled = now
        size = sum(_size(entry) for entry in pushed.entries)
        if size <= tokens:
            stream.tokens = tokens - size
            return None
        stream.tokens = tokens
        self.discarded[("per_stream_rate_limit", tenant)] += len(pushed.entries)
        shown = f"{rate >> 20}MB" if rate >= 1 << 20 else f"{rate >> 10}KB"
        listed = "".join(
            f"entry with timestamp {rules.go_time(entry[0])} ignored, reason: 'Per stream rate limit exceeded (limit: "
            f"{shown}/sec) while attempting to ingest for stream '{text}' totaling {_size(entry)}B, consider splitting "
            "a stream via additional labels or contact your Loki administrator to see if the limit can be increased',\n"
            for entry in pushed.entries[:10])
        return Refusal(429, f"{listed}user '{tenant}', total ignored: {len(pushed.entries)} out of "
                            f"{len(pushed.entries)} for stream: {text}", "per_stream_rate_limit")

    def flushed(self) -> None:
        """As after Loki cut its blocks: repeats from now on are stored again."""
        with self._lock:
            for stream in self._streams.values():
                stream.seen.clear()

    def clear(self) -> None:
        with self._lock:
            self.entries.clear()
            self.duplicates.clear()
            self.discarded.clear()
            self._streams.clear()


def _size(entry: Tuple[int, str, Dict[str, str]]) -> int:
    return len(entry[1].encode("utf-8", "surrogatepass")) + sum(len(k) + len(v) for k, v in entry[2].items())


def _grouped(errors: List[Refusal]) -> str:
    """One message as it is; several, or repeats, as "n errors like"."""
    counts = collections.Counter(error.body for error in errors)
    if len(errors) == 1:
        return errors[0].body
    return "; ".join(f"{count} errors like: {body}" for body, count in counts.items())
