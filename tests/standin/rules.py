"""Loki's own rules for a push, as the stand-in applies them: what is refused, in which words, and what is stored.

Order as in Loki: parsing first (one bad value refuses the whole request), then the limits per stream and entry
(valid neighbours are stored), then the tenant's rate (all or nothing), then the order of time within a stream.
"""

from __future__ import annotations

import dataclasses
import datetime
import gzip
import json
import re
import zlib
from typing import Dict, List, Optional, Tuple

from . import jsonbody, protobuf
from .refusal import Pushed, Refusal

SEE_DOCS = "Please see `limits_config.%s` or contact your Loki administrator to increase it"
SERVICE_LABELS = ("service", "app", "application", "app_name", "name", "app_kubernetes_io_name", "container",
                  "container_name", "k8s_container_name", "component", "workload", "job", "k8s_job_name")
_LABEL_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*\Z")
NS = 1_000_000_000


@dataclasses.dataclass
class Limits:
    """limits_config and server settings, with Loki's defaults; sizes in bytes, 0 switches a rate off."""

    line_size: int = 262144
    label_names: int = 15
    label_name_length: int = 1024
    label_value_length: int = 2048
    metadata_size: int = 65536
    metadata_count: int = 128
    allow_metadata: bool = True
    reject_older_s: float = 7 * 86400
    grace_s: float = 600
    behind_s: float = 3600              # max_chunk_age / 2
    rate_bytes: int = 4 << 20
    burst_bytes: int = 6 << 20
    stream_rate_bytes: int = 3 << 20
    stream_burst_bytes: int = 15 << 20
    streams: int = 5000
    grpc_bytes: int = 4 << 20
    body_bytes: int = 100 << 20


def no_rates() -> Limits:
    """Loki's defaults less the ingestion rates: tests push faster than 4 MB/s on purpose."""
    return Limits(rate_bytes=0, stream_rate_bytes=0)


def parse(body: bytes, content_type: Optional[str], encoding: str) -> List[Pushed]:
    """The streams of a push.  Raises Refusal: nothing of the request is stored then."""
    if not content_type:
        raise Refusal(400, "mime: no media type")
    media_type = content_type.partition(";")[0].strip().lower()
    if not media_type:
        raise Refusal(400, "mime: no media type")
    if media_type == "application/json":
        return _parse_json(_decoded(body, encoding))
    if encoding not in ("", "snappy", "gzip"):
        raise Refusal(400, f'Content-Encoding "{encoding}" not supported')
    if encoding == "gzip":
        body = _decoded(body, encoding)
    try:
        return [Pushed(_parse_labels(labels), entries) for labels, entries in protobuf.push_request(body)]
    except protobuf.Corrupt as error:
        raise Refusal(400, str(error)) from None


def _decoded(body: bytes, encoding: str) -> bytes:
    try:
        if encoding in ("", "snappy"):
            return body
        if encoding == "gzip":
            return gzip.decompress(body)
        if encoding == "deflate":
            return zlib.decompress(body, -15)
    except EOFError:
        raise Refusal(400, jsonbody.BEGINNING + "unexpected EOF") from None
    except (OSError, zlib.error):
        raise Refusal(400, "gzip: invalid header" if encoding == "gzip" else "EOF") from None
    raise Refusal(400, f'Content-Encoding "{encoding}" not supported')


def _parse_json(body: bytes) -> List[Pushed]:
    escapes = b"\\ud" in body or b"\\uD" in body
    return [Pushed(_checked_names(labels),
                   [(ns, line, {_normal(name): value for name, value in metadata.items() if value})
                    for ns, line, metadata in entries])
            for labels, entries in jsonbody.parse(body.decode("utf-8", "replace"), escapes)]


def _normal(name: str) -> str:
    return name if _LABEL_NAME.match(name) else re.sub(r"[^a-zA-Z0-9_]", "_", name)


def _checked_names(labels: Dict[str, str]) -> Dict[str, str]:
    for name in labels:
        if _LABEL_NAME.match(name):
            continue
        text = render_labels(labels)
        at = text.index(f'{name}="')
        if not name:
            complaint = f'1:{at + 1}: parse error: unexpected "=" in label set, expected identifier or "}}"'
        else:
            bad = next(index for index, char in enumerate(name)
                       if not (char.isascii() and (char.isalpha() or char == "_" or (index and char.isdigit()))))
            complaint = f"1:{at + bad + 1}: parse error: unexpected character inside braces: '{name[bad]}'"
            if name[bad] == " ":
                rest = name[bad:].lstrip()
                complaint = (f'1:{at + len(name) - len(rest) + 1}: parse error: unexpected identifier "{rest}" in '
                             'label set, expected "="')
        raise Refusal(400, "couldn't parse labels: " + complaint)
    return {name: value for name, value in labels.items() if value != ""}


def _parse_labels(text: str) -> Dict[str, str]:
    labels: Dict[str, str] = {}
    for name, value in re.findall(r'([^\s{,=]+)\s*=\s*("(?:[^"\\]|\\.)*")', text):
        try:
            labels[name] = json.loads(value)
        except ValueError:
            labels[name] = value[1:-1]
    return _checked_names(labels)


def render_labels(labels: Dict[str, str]) -> str:
    return "{" + ", ".join(f"{name}={json.dumps(value, ensure_ascii=False)}"
                           for name, value in sorted(labels.items())) + "}"


def with_service_name(labels: Dict[str, str]) -> Dict[str, str]:
    if "service_name" in labels:
        return labels
    found = next((labels[name] for name in SERVICE_LABELS if labels.get(name)), "unknown_service")
    return {**labels, "service_name": found}


def check_stream(labels: Dict[str, str], limits: Limits) -> Optional[Refusal]:
    names = [name for name in labels if name != "service_name"]
    text = render_labels(labels)
    if len(names) > limits.label_names:
        return Refusal(400, f"entry for stream '{text}' has {len(names)} label names; limit {limits.label_names}",
                       "max_label_names_per_series")
    for name, value in labels.items():
        if len(name) > limits.label_name_length:
            return Refusal(400, f"stream '{text}' has label name too long: '{name}'", "label_name_too_long")
        if len(value.encode("utf-8", "surrogatepass")) > limits.label_value_length:
            return Refusal(400, f"stream '{text}' has label value too long: '{value}'", "label_value_too_long")
    return None


def check_entry(entry: Tuple[int, str, Dict[str, str]], labels: Dict[str, str], limits: Limits,
                now_ns: int) -> Optional[Refusal]:
    ns, line, metadata = entry
    oldest = now_ns - int(limits.reject_older_s * NS)
    if ns < oldest:
        return Refusal(400, f"entry for stream '{render_labels(labels)}' has timestamp too old: {rfc3339(ns)}, "
                            f"oldest acceptable timestamp is: {rfc3339(oldest)}", "greater_than_max_sample_age")
    if ns > now_ns + int(limits.grace_s * NS):
        return Refusal(400, f"entry for stream '{render_labels(labels)}' has timestamp too new: {rfc3339(ns)}",
                       "too_far_in_future")
    # A quick bound first: a character is at most four bytes.
    if len(line) * 4 > limits.line_size:
        size = len(line.encode("utf-8", "surrogatepass"))
        if size > limits.line_size:
            return Refusal(400, f"max entry size '{limits.line_size}' bytes exceeded for stream "
                                f"'{render_labels(labels)}' while adding an entry with length '{size}' bytes",
                           "line_too_long")
    if not metadata:
        return None
    if not limits.allow_metadata:
        return Refusal(400, f"stream '{render_labels(labels)}' includes structured metadata, but this feature is "
                            "disallowed. Please see `limits_config.allow_structured_metadata` or contact your Loki "
                            "administrator to enable it", "disallowed_structured_metadata")
    size = sum(len(name) + len(value.encode("utf-8", "surrogatepass")) for name, value in metadata.items())
    if size > limits.metadata_size:
        return Refusal(400, f"stream '{render_labels(labels)}' has structured metadata too large: '{size}' bytes, "
                            f"limit: '{limits.metadata_size}' bytes. " + SEE_DOCS % "max_structured_metadata_size",
                       "structured_metadata_too_large")
    if len(metadata) > limits.metadata_count:
        return Refusal(400, f"stream '{render_labels(labels)}' has too many structured metadata labels: "
                            f"'{len(metadata)}', limit: '{limits.metadata_count}'. "
                            + SEE_DOCS % "max_structured_metadata_entries_count",
                       "structured_metadata_too_many")
    return None


def check_tenant(tenant: Optional[str]) -> Optional[Refusal]:
    if not tenant:
        return Refusal(401, "no org id", "tenant")
    if "|" in tenant:
        return Refusal(400, "multiple org IDs present", "tenant")
    if tenant in (".", ".."):
        return Refusal(400, "tenant ID is '.' or '..'", "tenant")
    for char in tenant:
        if not (char.isascii() and (char.isalnum() or char in "!-_.*'()")):
            return Refusal(400, f"tenant ID '{tenant}' contains unsupported character '{char}'", "tenant")
    if len(tenant) > 150:
        return Refusal(400, "tenant ID is too long: max 150 characters", "tenant")
    return None


def _utc(seconds: int) -> datetime.datetime:
    return datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc) + datetime.timedelta(seconds=seconds)


def rfc3339(ns: int) -> str:
    """As most refusals show a time: whole seconds."""
    try:
        moment = _utc(ns // NS)
    except OverflowError:
        return str(ns)
    return f"{moment.year:04d}" + moment.strftime("-%m-%dT%H:%M:%SZ")


def go_time(ns: int) -> str:
    """As Go prints a time: how the ingester names an entry."""
    seconds, rest = divmod(ns, NS)
    fraction = f".{rest:09d}".rstrip("0").rstrip(".")
    return _utc(seconds).strftime("%Y-%m-%d %H:%M:%S") + fraction + " +0000 UTC"


def protobuf_bytes(streams: List[Pushed]) -> int:
    """What the push weighs between Loki's distributor and ingester."""
    total = 0
    for stream in streams:
        total += len(render_labels(stream.labels)) + 8
        for _, line, metadata in stream.entries:
            total += len(line.encode("utf-8", "surrogatepass")) + 24
            total += sum(len(name) + len(value) + 6 for name, value in metadata.items())
    return total
