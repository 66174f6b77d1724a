"""Telemetry events and how each schema version spells them.

An Event is made once, in its fullest form (schema 2025-01-29); `render` gives the bytes a subscriber of an older
schema would see.  Lines of function and extension are kept as ready JSON tokens, so that a burst is not encoded
once per subscriber.
"""

from __future__ import annotations

import json
import time
from typing import Dict, List, Optional, Union

SCHEMAS = ("2022-07-01", "2022-12-13", "2025-01-29")
TYPES = ("platform", "function", "extension")

_STARTS = ("functionName", "functionVersion", "instanceId", "instanceMaxMemory", "tracing")
# Fields a schema version does not have yet, by event type; "metrics.x" is a field of the inner object.
_ABSENT: Dict[str, Dict[str, tuple]] = {
    "2022-07-01": {
        "platform.extension": ("errorType",),
        "platform.initReport": ("status", "errorType", "tracing"),
        "platform.initRuntimeDone": ("tracing",),
        "platform.initStart": _STARTS,
        "platform.restoreStart": _STARTS,
        "platform.restoreReport": ("status", "errorType", "tracing"),
        "platform.restoreRuntimeDone": ("tracing",),
        "platform.start": ("functionArn", "tenantId"),
        "platform.runtimeDone": ("tenantId",),
        "platform.report": ("tenantId", "metrics.billedRestoreDurationMs"),
    },
    "2022-12-13": {
        "platform.start": ("functionArn", "tenantId"),
        "platform.runtimeDone": ("tenantId",),
        "platform.report": ("tenantId",),
    },
    "2025-01-29": {},
}


class Mark:
    """Follows one event to its subscribers: when the POST that carries it was written, and when it was answered.

    All times are perf_counter readings; `posted` and `answered` have one entry per extension.
    """

    __slots__ = ("emitted_at", "posted", "answered")

    def __init__(self) -> None:
        self.emitted_at = time.perf_counter()
        self.posted: Dict[str, float] = {}
        self.answered: Dict[str, float] = {}


class Event:
    """One event.  `record` is a dict (platform), or the exact bytes of a JSON value."""

    __slots__ = ("time_ms", "type", "record", "mark")

    def __init__(self, time_ms: int, type_: str, record: Union[dict, bytes], mark: Optional[Mark] = None):
        self.time_ms = time_ms
        self.type = type_
        self.record = record
        self.mark = mark

    def render(self, schema: str) -> bytes:
        record = self.record
        if isinstance(record, dict):
            record = json.dumps(for_schema(self.type, record, schema), ensure_ascii=False,
                                separators=(",", ":")).encode()
        elif schema == SCHEMAS[0] and record[:1] == b"{" and not self.type.startswith("platform."):
            record = string_token(record)  # the first schema knows only text
        return b'{"time":"%s","type":"%s","record":%s}' % (timestamp(self.time_ms).encode(), self.type.encode(), record)


def for_schema(type_: str, record: dict, schema: str) -> dict:
    """The record less what `schema` does not know."""
    absent = _ABSENT[schema].get(type_)
    if not absent:
        return record
    kept = {key: value for key, value in record.items() if key not in absent}
    for name in absent:
        outer, _, inner = name.partition(".")
        if inner and isinstance(kept.get(outer), dict):
            kept[outer] = {key: value for key, value in kept[outer].items() if key != inner}
    return kept


_seconds: Dict[int, str] = {}


def timestamp(ms: int) -> str:
    """ISO 8601 with milliseconds, as every event carries it."""
    seconds, rest = divmod(ms, 1000)
    text = _seconds.get(seconds)
    if text is None:
        if len(_seconds) > 1000:
            _seconds.clear()
        text = _seconds[seconds] = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))
    return "%s.%03dZ" % (text, rest)


def string_token(text: Union[str, bytes]) -> bytes:
    """A JSON string; bytes that are no UTF-8 become U+FFFD, as Lambda does."""
    if isinstance(text, bytes):
        text = text.decode("utf-8", "replace")
    return json.dumps(text, ensure_ascii=False).encode("utf-8", "replace")


def line_token(line: bytes, json_logs: bool) -> bytes:
    """The record of one line of output: an object with the JSON log format, else text with its newline.

    `line` comes without its newline.
    """
    if json_logs:
        stripped = line.strip()
        if stripped[:1] == b"{" and stripped[-1:] == b"}":
            try:
                json.loads(stripped)
                return stripped
            except ValueError:
                pass
        return string_token(line)
    return string_token(line + b"\n")


def message_token(message: bytes, json_logs: bool) -> bytes:
    """The record of one framed message, which keeps its own newlines."""
    return line_token(message, True) if json_logs else string_token(message)


def render_lines(type_: str, tokens: List[bytes], time_ms: int, schema: str) -> List[bytes]:
    """Many line events of one millisecond."""
    if schema == SCHEMAS[0]:
        tokens = [string_token(token) if token[:1] == b"{" else token for token in tokens]
    head = b'{"time":"%s","type":"%s","record":' % (timestamp(time_ms).encode(), type_.encode())
    return [head + token + b"}" for token in tokens]
