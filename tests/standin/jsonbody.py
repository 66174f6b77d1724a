"""The JSON push body, read as strictly as Loki reads it, and refused in Loki's words.

Loki's words quote the surroundings of the place where its parser stood; only their shape is kept here.
"""

from __future__ import annotations

import json
import re
from typing import Dict, List, Tuple

from .refusal import Refusal

_DECODER = json.JSONDecoder()
_INTEGER = re.compile(r"-?[0-9]+\Z")
_NUMBER = "unmarshalerDecoder: Value looks like Number/Boolean/None, but can't find its end: ',' or '}' symbol"
_STRING = "unmarshalerDecoder: Value is string, but can't find closing '\"' symbol"
_OBJECT = "unmarshalerDecoder: Value looks like object, but can't find closing '}' symbol"
BEGINNING = "loghttp.PushRequest.Streams: []loghttp.LogProtoStream: "
YEAR_ONE_NS = -62135596800 * 10**9  # the time of an entry that has none


class _Bad(Exception):
    pass


def parse(text: str, escapes: bool) -> List[Tuple[Dict[str, str], list]]:
    """[(labels, entries)], or Refusal.  `escapes`: there are \\ud... escapes, which may be halves of a pair."""
    if text == "":
        raise Refusal(400, "EOF")
    stripped = text.lstrip()
    if stripped[:1] not in ("{", "n"):
        found = stripped[:1] or "\0"
        raise Refusal(400, f"readObjectStart: expect {{ or n, but found {found}, error found in "
                           f"#{1 if stripped else 0} byte of ...|{text[:10]}|..., bigger context ...|{text[:50]}|...")
    try:
        return _streams(stripped, escapes)
    except _Bad as bad:
        raise Refusal(400, f"{BEGINNING}{bad}, error found in #10 byte of ...|{text[-10:]}|..., bigger context "
                           f"...|{text[-50:]}|...") from None


def _streams(text: str, escapes: bool) -> List[Tuple[Dict[str, str], list]]:
    try:
        request, _ = _DECODER.raw_decode(text)
    except json.JSONDecodeError as error:
        raise _Bad(_complaint(text, error)) from None
    if request is None:
        return []
    if escapes:
        try:
            json.dumps(request, ensure_ascii=False).encode("utf-8")
        except UnicodeEncodeError:
            raise _Bad(_NUMBER) from None
    streams = request.get("streams")
    if streams is None:
        return []
    if not isinstance(streams, list):
        raise _Bad("decode slice: expect [ or n, but found " + json.dumps(streams)[:1])
    return [_stream(stream) for stream in streams]


def _complaint(text: str, error: json.JSONDecodeError) -> str:
    if error.msg.startswith("Invalid control character"):
        return f"trySkipString: invalid control character found: {ord(text[error.pos])}"
    if error.msg.startswith("Invalid \\escape"):
        return "readEscapedChar: invalid escape char after \\"
    if error.msg.startswith("Invalid \\u"):
        return "readU4: expects 0~9 or a~f, but found g"
    if error.msg.startswith("Unterminated string"):
        return "readStringSlowPath: unexpected end of input"
    return "ReadObjectCB: object not ended with }"


def _stream(stream: object) -> Tuple[Dict[str, str], list]:
    if not isinstance(stream, dict):
        raise _Bad(_OBJECT)
    given = stream.get("stream", {})
    if not isinstance(given, dict):
        raise _Bad(_OBJECT)
    labels = {name: value if isinstance(value, str) else json.dumps(value) for name, value in given.items()}
    values = stream.get("values") or []
    if not isinstance(values, list):
        raise _Bad(_NUMBER)
    return labels, [_entry(value) for value in values]


def _entry(value: object) -> Tuple[int, str, Dict[str, str]]:
    if not isinstance(value, list):
        raise _Bad(_NUMBER)
    ns, line = YEAR_ONE_NS, ""
    metadata: Dict[str, str] = {}
    if value:
        if not isinstance(value[0], str) or not _INTEGER.match(value[0]):
            raise _Bad(_NUMBER)
        ns = int(value[0])
    if len(value) > 1:
        if not isinstance(value[1], str):
            raise _Bad(_STRING)
        line = value[1]
    if len(value) > 2:
        if not isinstance(value[2], dict):
            raise _Bad(_OBJECT)
        for item in value[2].values():
            if not isinstance(item, str):
                raise _Bad(_STRING)
        metadata = value[2]
    return ns, line, metadata
