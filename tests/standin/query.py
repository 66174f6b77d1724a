"""Reading back: a small part of LogQL and the answers of query_range, enough for people with curl and for tests."""

from __future__ import annotations

import json
import re
import time
from typing import Callable, Dict, List, Tuple
from urllib.parse import parse_qs

from .store import Entry

_MATCHER = re.compile(r'\s*([a-zA-Z_][a-zA-Z0-9_]*)\s*(=~|!~|!=|=)\s*("(?:[^"\\]|\\.)*"|`[^`]*`)\s*,?')
_LINE = re.compile(r'\s*(\|=|!=|\|~|!~)\s*("(?:[^"\\]|\\.)*"|`[^`]*`)')
_LABEL = re.compile(r'\s*\|\s*([a-zA-Z_][a-zA-Z0-9_]*)\s*(=~|!~|!=|=)\s*("(?:[^"\\]|\\.)*"|`[^`]*`)')
Test = Callable[[Entry], bool]


class Unsupported(ValueError):
    pass


def _text(quoted: str) -> str:
    return quoted[1:-1] if quoted[0] == "`" else json.loads(quoted)


def _compare(operator: str, wanted: str) -> Callable[[str], bool]:
    if operator == "=":
        return lambda value: value == wanted
    if operator == "!=":
        return lambda value: value != wanted
    pattern = re.compile(f"(?:{wanted})\\Z", re.DOTALL)
    if operator == "=~":
        return lambda value: pattern.match(value) is not None
    return lambda value: pattern.match(value) is None


def compile_query(query: str) -> Test:
    """`{a="b", c=~"d.*"}` followed by line filters and label filters."""
    query = query.strip()
    if not query.startswith("{") or "}" not in query:
        raise Unsupported("parse error: a stream selector in braces is expected")
    tests: List[Test] = []
    at = 1
    while query[at:at + 1] != "}":
        match = _MATCHER.match(query, at)
        if match is None:
            raise Unsupported(f"parse error at position {at}")
        tests.append(_label_test(match[1], _compare(match[2], _text(match[3])), stream_only=True))
        at = match.end()
        while query[at:at + 1].isspace():
            at += 1
    at += 1
    while query[at:].strip():
        match = _LINE.match(query, at)
        if match is not None:
            tests.append(_line_test(match[1], _text(match[2])))
            at = match.end()
            continue
        match = _LABEL.match(query, at)
        if match is None:
            raise Unsupported(f"the stand-in understands selectors, line filters and label filters only; stopped at "
                              f"{query[at:]!r}")
        tests.append(_label_test(match[1], _compare(match[2], _text(match[3])), stream_only=False))
        at = match.end()
    return lambda entry: all(test(entry) for test in tests)


def _label_test(name: str, compare: Callable[[str], bool], stream_only: bool) -> Test:
    if stream_only:
        return lambda entry: compare(entry.labels.get(name, ""))
    return lambda entry: compare(entry.metadata.get(name, entry.labels.get(name, "")))


def _line_test(operator: str, wanted: str) -> Test:
    if operator == "|=":
        return lambda entry: wanted in entry.line
    if operator == "!=":
        return lambda entry: wanted not in entry.line
    pattern = re.compile(wanted)
    if operator == "|~":
        return lambda entry: pattern.search(entry.line) is not None
    return lambda entry: pattern.search(entry.line) is None


def query_range(entries: List[Entry], parameters: str, categorize: bool) -> dict:
    """The JSON answer of /loki/api/v1/query_range for log queries."""
    given = {name: values[0] for name, values in parse_qs(parameters).items()}
    now = time.time_ns()
    start = _ns(given.get("start"), now - 3600 * 10**9)
    end = _ns(given.get("end"), now + 10**9)
    limit = int(given.get("limit", "100"))
    backward = given.get("direction", "backward") != "forward"
    test = compile_query(given.get("query", ""))
    found = [entry for entry in list(entries) if start <= entry.ns < end and test(entry)]
    found.sort(key=lambda entry: entry.ns, reverse=backward)
    series: Dict[Tuple, dict] = {}
    for entry in found[:limit]:
        shown = entry.labels if categorize else {**entry.labels, **entry.metadata}
        key = tuple(sorted(shown.items()))
        one = series.setdefault(key, {"stream": shown, "values": []})
        value: list = [str(entry.ns), entry.line]
        if categorize:
            value.append({"structuredMetadata": entry.metadata} if entry.metadata else {})
        one["values"].append(value)
    data = {"resultType": "streams", "result": list(series.values()), "stats": {}}
    if categorize:
        data["encodingFlags"] = ["categorize-labels"]
    return {"status": "success", "data": data}


def _ns(text, default: int) -> int:
    """Unix seconds (whole or with a fraction), nanoseconds, or RFC 3339 are what clients send."""
    if not text:
        return default
    if re.fullmatch(r"[0-9]+", text):
        return int(text) * (10**9 if len(text) <= 10 else 1)
    if re.fullmatch(r"[0-9]+\.[0-9]+", text):
        return int(float(text) * 10**9)
    from datetime import datetime
    return int(datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() * 10**9)


def label_values(entries: List[Entry]) -> Dict[str, List[str]]:
    values: Dict[str, set] = {}
    for labels in {id(entry.labels): entry.labels for entry in list(entries)}.values():
        for name, value in labels.items():
            values.setdefault(name, set()).add(value)
    return {name: sorted(found) for name, found in sorted(values.items())}
